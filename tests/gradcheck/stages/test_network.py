"""The whole model: the data loss and the total, by elements and by probes."""

import numpy as np
import pytest
from custom_parts import Abs, Expit, Noise, Residual, Slope, UnitRows
from helpers import classifier, rows
from own_layers import WeightNorm
from stage_context import all_checks, context_of, layers_of, network_of

from minidl import (
    L1,
    L2,
    BinaryCrossEntropy,
    Chain,
    Dropout,
    Flatten,
    GradientChecker,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from minidl.gradcheck.numeric.differences import ComplexStep, RichardsonDifference
from minidl.gradcheck.numeric.numeric_gradient import NumericGradient
from minidl.gradcheck.stages.network import (
    add_numeric,
    choose_network_scheme,
    data_gradient,
    noisy_data_gradients,
    overall_relative_error,
    total_gradient,
)
from minidl.gradcheck.stages.penalties import penalty_gradients


def net(*middle, penalties=()):
    layers = [Linear(3, 4), *middle, Linear(4, 1), Sigmoid()]
    return Sequential(
        layers, loss=BinaryCrossEntropy(), penalties=penalties, dtype=np.float64, seed=2
    )


MIDDLES = {
    "built in": lambda: (Tanh(), Softmax(), Flatten(), Linear(4, 4), Dropout(0.5)),
    "own": lambda: (Residual(4), UnitRows(), Slope(), Noise()),
    "not complex-safe": lambda: (Abs(), Expit()),
}


@pytest.mark.parametrize("synthetic", [False, True])
@pytest.mark.parametrize("middle", MIDDLES)
def test_right_layers_pass(middle, synthetic):
    model = net(*MIDDLES[middle](), penalties=[L2(0.1), L1(0.2)])
    with context_of(model, *rows()) as context:
        checks = all_checks(context, synthetic=synthetic)
    assert {check.verdict for check in checks} == {"pass"}
    assert {check.term for check in checks} == {
        "protocol",
        "layer",
        "L2(0.1)",
        "L1(0.2)",
        "total",
        "data",
    }


def test_the_numeric_gradient_of_the_net_is_carried_back_layer_by_layer():
    model = net(Tanh(), Residual(4), UnitRows(), penalties=[L2(0.1), L1(0.2)])
    with context_of(model, *rows()) as context:
        _, layers, _, network = network_of(context)
        assert set(layers.numeric) == set(context.sandbox.parameters)
        for key, gradient in data_gradient(context).items():
            np.testing.assert_allclose(layers.numeric[key].value, gradient, rtol=1e-12, atol=1e-15)
    assert 0 < network.difference < 1e-14


def test_where_a_penalty_is_not_known_by_elements_the_total_is_not_either():
    class Lengths(L2):
        def value(self, weight, m):
            return self.strength * np.sqrt((weight * weight).sum())

        def gradient(self, weight, m, out):
            out[...] = self.strength * weight / np.sqrt((weight * weight).sum())

    with context_of(net(Tanh(), penalties=[Lengths(0.1)]), *rows()) as context:
        *_, penalties, network = network_of(context)
    assert network.difference is None
    total = [check for check in network.checks if check.term == "total" and check.layer is not None]
    elements = {(c.layer, c.parameter) for c in total if "probes" not in c.method}
    assert elements == {(0, "bias"), (2, "bias")}
    assert {check.verdict for check in penalties.checks + network.checks} == {"pass"}


def test_at_a_kink_the_whole_net_is_left_to_another_point():
    model = net(ReLU())
    model.parameters["0.weight"].value = np.zeros((4, 3))
    with context_of(model, *rows()) as context:
        loss, layers, _, network = network_of(context)
    assert layers.kinks > 0
    assert network == ([], None)
    assert "fail" not in {check.verdict for check in loss.checks + layers.checks}


def test_the_number_over_all_parameters_is_that_of_one_vector():
    analytic = {(0, "a"): np.array([[3.0], [0.0]]), (0, "b"): np.zeros(1)}
    numeric = {
        key: NumericGradient(value / 3, 0 * value, "s") for key, value in reversed(analytic.items())
    }
    assert overall_relative_error(analytic, numeric) == 0.5


def test_numeric_gradients_add_up():
    total = add_numeric(
        NumericGradient(np.ones(2), np.full(2, 0.1), "s"),
        NumericGradient(np.full(2, 3.0), np.full(2, 0.2), "s"),
    )
    np.testing.assert_array_equal(total.value, [4, 4])
    np.testing.assert_allclose(total.error, 0.3)


def test_the_analytic_gradient_is_that_of_training():
    X, Y = rows()
    model = classifier(penalties=[L2(0.3), L1(0.1)])
    expected = model.gradient(X, Y)
    with context_of(model, X, Y) as context:
        value, total = total_gradient(context)
        terms = [data_gradient(context)]
        terms += [penalty_gradients(context, index).analytic for index in (0, 1)]
    assert float(value) == pytest.approx(model.objective(X, Y)["total"], rel=1e-14)
    np.testing.assert_array_equal(np.concatenate([g.ravel() for g in total.values()]), expected)
    np.testing.assert_allclose(
        np.concatenate([sum(gradients[key] for gradients in terms).ravel() for key in total]),
        expected,
        rtol=1e-14,
    )


def test_noise_changes_the_gradient_a_little():
    with context_of(classifier(), *rows()) as context:
        gradient, noisy = data_gradient(context), noisy_data_gradients(context)
    assert len(noisy.runs) == 6
    assert noisy.loss_rounding_scale >= 1
    for run in noisy.runs:
        for key, value in gradient.items():
            gap = np.abs(run[key] - value).max()
            assert 0 < gap < 1e-11


@pytest.mark.parametrize(("middle", "kind"), [(Tanh, ComplexStep), (Abs, RichardsonDifference)])
def test_the_net_takes_complex_steps_if_every_part_does(middle, kind):
    model = Sequential(
        [Linear(3, 2), middle(), Linear(2, 1), Sigmoid()],
        loss=BinaryCrossEntropy(),
        dtype=np.float64,
    )
    with context_of(model, *rows()) as context:
        scheme = choose_network_scheme(context, *layers_of(context), 3.0)
    assert isinstance(scheme, kind)
    assert kind is ComplexStep or scheme.internal_scale == 3.0


@pytest.mark.parametrize("wrap", [lambda layer: layer, Chain])
def test_a_gradient_that_is_rounding_of_what_a_custom_layer_stores_does_not_fail(wrap):
    """Of one feature, the direction of a normalized weight is its sign: its gradient cancels."""
    for seed in range(10):
        model = net(wrap(WeightNorm(4, 1)), wrap(WeightNorm(1, 4)))
        x = np.random.default_rng(seed).standard_normal((5, 3))
        for _, parameter in model.parameters:
            parameter.value = np.random.default_rng(seed).standard_normal(parameter.shape)
        report = GradientChecker(model).check(x, [0, 1, 1, 0, 1])
        assert not report.failures, str(report)
