"""The loss alone: its gradient with respect to the prediction, and the scheme for it."""

from dataclasses import replace

import numpy as np
import pytest
from custom_parts import Hinge, Huber
from helpers import rows
from stage_context import context_of, network_of

from minidl import (
    BinaryCrossEntropy,
    GradientChecker,
    Linear,
    MeanSquaredError,
    Sequential,
    Sigmoid,
    Tanh,
)
from minidl.gradcheck.numeric.differences import ComplexStep, RichardsonDifference
from minidl.gradcheck.stages.loss import check_loss, choose_loss_scheme


def regression(loss):
    return Sequential([Linear(3, 4), Tanh(), Linear(4, 2)], loss=loss, dtype=np.float64)


def targets(k=2):
    return np.random.default_rng(3).standard_normal((10, k))


@pytest.mark.parametrize("loss", [Huber(), Hinge()])
def test_own_losses_pass(loss):
    layers = [Linear(3, 4), Tanh(), Linear(4, 1), Tanh()]
    model = Sequential(layers, loss=loss, dtype=np.float64, seed=2)
    with context_of(model, *rows()) as context:
        stages = network_of(context)
    assert {check.verdict for stage in stages for check in stage.checks} == {"pass"}
    assert any("Huber" in note for note in stages[0].notes) == isinstance(loss, Huber)


@pytest.mark.parametrize("limit", [100, 0], ids=["elements", "probes"])
@pytest.mark.parametrize("loss", [MeanSquaredError(), Huber(), Hinge()])
def test_a_right_loss_passes(loss, limit, monkeypatch):
    monkeypatch.setattr("minidl.gradcheck.stages.loss.LOSS_CALLS", limit)
    with context_of(regression(loss), rows()[0], targets()) as context:
        result = check_loss(context)
    (check,) = result.checks
    assert (check.verdict, check.parameter, check.elements) == ("pass", "prediction", 20)
    assert (result.numeric is None) == (limit == 0)
    is_huber = isinstance(loss, Huber)  # written with abs
    assert any("Huber" in note for note in result.notes) == is_huber
    assert isinstance(result.scheme, RichardsonDifference if is_huber else ComplexStep)


@pytest.mark.parametrize("limit", [100, 0], ids=["elements", "probes"])
@pytest.mark.parametrize("loss", [MeanSquaredError, Huber])
def test_a_wrong_loss_fails(loss, limit, monkeypatch):
    class Wrong(loss):
        def backward(self):
            gradient = super().backward().copy()
            gradient[3, 1] *= 1 + 1e-4
            return gradient

    monkeypatch.setattr("minidl.gradcheck.stages.loss.LOSS_CALLS", limit)
    with context_of(regression(Wrong()), rows()[0], targets()) as context:
        (check,) = check_loss(context).checks
    assert check.verdict == "fail"
    if limit:
        assert check.worst["index"] == [3, 1]


def test_a_loss_that_refuses_complex_numbers_is_not_complex_safe():
    class Real(MeanSquaredError):
        def forward(self, prediction, target):
            return float(super().forward(prediction, target))

    with context_of(regression(Real()), rows()[0], targets()) as context:
        result = choose_loss_scheme(context)
    assert "not complex-safe" in result.notes[0]
    assert result.checks == []


def test_a_gradient_of_another_shape_fails():
    class Flat(MeanSquaredError):
        def backward(self):
            return super().backward().ravel()

    with context_of(regression(Flat()), rows()[0], targets()) as context:
        (check,) = check_loss(context).checks
    assert check.diagnosis == "its gradient has shape (20,), the output (10, 2)"


def test_the_prediction_of_a_fused_loss_is_the_logits():
    layers = [Linear(3, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64, seed=2)
    X, Y = rows()
    with context_of(model, X, Y) as context:
        logits = layers[0].forward(X)
        np.testing.assert_array_equal(check_loss(context).checks[0].context["prediction"], logits)


def test_the_weights_of_examples_are_part_of_the_loss():
    with context_of(regression(MeanSquaredError()), rows()[0], targets()) as context:
        weight = np.linspace(0.5, 1.5, 10)
        weighted = replace(context, batch=context.batch._replace(sample_weight=weight))
        check, plain = check_loss(weighted).checks[0], check_loss(context).checks[0]
    assert check.verdict == "pass"
    np.testing.assert_array_equal(check.context["sample_weight"], weight)
    np.testing.assert_allclose(check.numeric, plain.numeric * weight[:, np.newaxis], rtol=1e-12)


class ForgetfulHinge(Hinge):
    """A hinge loss without a gradient."""

    def backward(self):
        return 0 * super().backward()


def test_a_gradient_of_zero_is_on_no_kink():
    """Noise makes it jump by more than its own size."""
    model = regression(ForgetfulHinge())
    report = GradientChecker(model).check(rows()[0], np.sign(targets()))
    assert {"data", "total"} <= {check.term for check in report.failures if check.layer == 0}


def test_a_perfect_fit_is_on_no_kink():
    model = regression(MeanSquaredError())
    X = rows()[0]
    with context_of(model, X, model.predict(X)) as context:
        assert check_loss(context).kinks == 0


class SteepHinge(Hinge):
    """A hinge loss whose gradient is 10 % too large."""

    def backward(self):
        return 1.1 * super().backward()


@pytest.mark.parametrize("loss", [Hinge(), SteepHinge()])
def test_a_prediction_on_a_kink_of_the_loss_is_decided_at_a_point_nearby(loss):
    """At a weight of 0 and a bias of 1, the margin of all examples of one class is exactly 0."""
    model = Sequential([Linear(2, 3), Linear(3, 2)], loss=loss, dtype=np.float64)
    model.parameters["1.weight"].value = np.zeros((2, 3))
    model.parameters["1.bias"].value = [1.0, -1.0]
    X, Y = rows(6, 2)
    report = GradientChecker(model).check(X, np.concatenate([2 * Y - 1, 2 * Y - 1], axis=1))
    assert report.ok is (type(loss) is Hinge), report
    assert not report.ok or 0 < report.difference < 1e-9
    assert any("at a point nearby" in note for note in report.notes)
