"""The whole network: each term of the objective against numeric gradients, by elements and by probes."""

import numpy as np
import pytest
from helpers import classifier, rows
from own_parts import Abs, Hinge, Huber

from minidl import L1, L2, BinaryCrossEntropy, Linear, MeanSquaredError, Sequential, Sigmoid, Tanh
from minidl.gradcheck.jacobian import Numeric
from minidl.gradcheck.layer_check import LayerBench
from minidl.gradcheck.network import Network, added
from minidl.gradcheck.steps import CentralStep, ComplexStep
from minidl.gradcheck.workbench import Workbench
from minidl.penalties import Penalty


class opened:
    """A model on the workbench as a Network."""

    def __init__(self, model, X, Y):
        self.model, (self.x, self.t) = model, model._pair(X, Y)
        self.bench = Workbench(model.layers, others=(model, model._head))

    def __enter__(self):
        self.bench.__enter__()
        lone = [LayerBench(self.bench, i, training=False) for i in range(len(self.model.layers))]
        return Network(self.bench, self.model, self.x.astype(float), self.t.astype(float), np.random.default_rng(0), lone)

    def __exit__(self, *error):
        self.bench.__exit__(*error)


def regression(loss, penalties=(), dtype=np.float64):
    return Sequential([Linear(3, 4), Tanh(), Linear(4, 2)], loss=loss, penalties=penalties, dtype=dtype)


def targets(k=2):
    return np.random.default_rng(3).standard_normal((10, k))


@pytest.mark.parametrize("limit", [100, 0], ids=["elements", "probes"])
@pytest.mark.parametrize("loss", [MeanSquaredError(), Huber(), Hinge()])
def test_a_right_loss_passes(loss, limit):
    with opened(regression(loss), rows()[0], targets()) as net:
        note = net.choose_loss_step()
        check, found = net.loss_gradient(limit)
    assert (check.verdict, check.parameter, check.elements) == ("pass", "prediction", 20)
    assert (found is None) == (limit == 0)
    assert ("Huber" in note) == isinstance(loss, Huber)  # written with abs
    assert isinstance(net.loss_step, CentralStep if note else ComplexStep)


@pytest.mark.parametrize("limit", [100, 0], ids=["elements", "probes"])
@pytest.mark.parametrize("loss", [MeanSquaredError, Huber])
def test_a_wrong_loss_fails(loss, limit):
    class Wrong(loss):
        def backward(self):
            gradient = super().backward().copy()
            gradient[3, 1] *= 1 + 1e-4
            return gradient

    with opened(regression(Wrong()), rows()[0], targets()) as net:
        net.choose_loss_step()
        check, _ = net.loss_gradient(limit)
    assert check.verdict == "fail"
    if limit:
        assert check.worst["index"] == [3, 1]


def test_a_loss_that_refuses_complex_numbers_is_not_complex_safe():
    class Real(MeanSquaredError):
        def forward(self, prediction, target):
            return float(super().forward(prediction, target))

    with opened(regression(Real()), rows()[0], targets()) as net:
        assert "not complex-safe" in net.choose_loss_step()


def test_the_analytic_gradient_is_that_of_training():
    X, Y = rows()
    model = classifier(penalties=[L2(0.3), L1(0.1)])
    expected = model.gradient(X, Y)
    with opened(model, X, Y) as net:
        total = net.total_gradient()
        parts = [net.data_gradient(), net.penalty_gradient(0), net.penalty_gradient(1)]
    np.testing.assert_array_equal(np.concatenate([g.ravel() for g in total.values()]), expected)
    np.testing.assert_allclose(np.concatenate([sum(part[key] for part in parts).ravel() for key in total]), expected, rtol=1e-14)


def test_noise_changes_the_gradient_a_little():
    with opened(classifier(), *rows()) as net:
        gradient, noisy = net.data_gradient(), net.noisy_gradients()
    assert len(noisy) == 6
    for run in noisy:
        for key, value in gradient.items():
            gap = np.abs(run[key] - value).max()
            assert 0 < gap < 1e-11


@pytest.mark.parametrize("penalty", [L2(0.3), L1(0.3), L2(0.3, layers=[2])])
def test_the_elements_of_a_penalty_are_asked_one_at_a_time(penalty):
    model = classifier(penalties=[penalty])
    with opened(model, *rows()) as net:
        assert isinstance(net.penalty_step(0), ComplexStep)
        analytic = net.penalty_gradient(0)
        found = {key: net.penalty_numeric(0, key, 100) for key in analytic}
        assert net.penalty_numeric(0, (2, "weight"), 3) is None  # too large
    penalized = {key for key, numeric in found.items() if numeric is not None}
    assert penalized == ({(2, "weight")} if penalty.layers else {(0, "weight"), (2, "weight")})
    for key in penalized:
        np.testing.assert_allclose(found[key].value, analytic[key], rtol=1e-14)


class Lengths(Penalty):
    """The lengths of the rows: no sum over elements, and written with a norm, which knows no complex numbers."""

    def value(self, weight, m):
        return self.strength * np.linalg.norm(weight, axis=1).sum()

    def gradient(self, weight, m, out):
        out[...] = self.strength * weight / np.linalg.norm(weight, axis=1, keepdims=True)


class Ring(Penalty):
    """Products of neighbours: one element alone has itself for a neighbour."""

    def value(self, weight, m):
        flat = weight.ravel()
        return self.strength * (flat * np.roll(flat, 1)).sum()

    def gradient(self, weight, m, out):
        flat = weight.ravel()
        out[...] = self.strength * (np.roll(flat, 1) + np.roll(flat, -1)).reshape(weight.shape)


@pytest.mark.parametrize("penalty", [Lengths(0.3), Ring(0.3)])
def test_a_penalty_that_is_no_sum_over_elements_is_asked_as_a_whole(penalty):
    model = classifier(penalties=[penalty])
    with opened(model, *rows()) as net:
        assert net.penalty_numeric(0, (0, "weight"), 100) is None
        step = net.penalty_step(0)
        assert isinstance(step, CentralStep if isinstance(penalty, Lengths) else ComplexStep)
        checks = net.compare_term(str(penalty), net.penalty_value(0), net.penalty_gradient(0), [], {}, step=step)
    assert {check.verdict for check in checks} == {"pass"}


def test_a_penalty_that_refuses_complex_numbers_gets_central_differences():
    class Real(L2):
        def value(self, weight, m):
            return float(np.sum(weight**2)) * self.strength / (2 * m)

    with opened(classifier(penalties=[Real(0.3)]), *rows()) as net:
        assert isinstance(net.penalty_step(0), CentralStep)


def test_a_penalty_on_nothing_gets_central_differences():
    with opened(classifier(penalties=[L2(0.3, layers=[1])]), *rows()) as net:
        assert isinstance(net.penalty_step(0), CentralStep)


@pytest.mark.parametrize("known", [False, True], ids=["probes", "elements"])
@pytest.mark.parametrize("wrong", [False, True])
def test_a_term_is_compared_for_each_parameter(wrong, known):
    with opened(classifier(), *rows()) as net:
        gradient, noisy = net.data_gradient(), net.noisy_gradients()
        numeric = {key: Numeric(value.copy(), 1e-14 + 0 * value, "complex step") for key, value in gradient.items()} if known else {}
        if wrong:
            gradient[2, "weight"][0, 1] += 1e-6
        checks = net.compare_term("data", net.model.data_loss, gradient, noisy, numeric)
    assert {(c.layer, c.parameter): c.verdict for c in checks} == {
        (0, "weight"): "pass",
        (0, "bias"): "pass",
        (2, "weight"): "fail" if wrong else "pass",
        (2, "bias"): "pass",
    }
    assert all(("probes" in check.method) != known for check in checks)


def test_probes_catch_what_the_elements_were_told_wrongly():
    with opened(classifier(), *rows()) as net:
        gradient = {key: value + 1.0 for key, value in net.data_gradient().items()}
        numeric = {key: Numeric(value.copy(), 0 * value, "complex step") for key, value in gradient.items()}
        checks = net.compare_term("data", net.model.data_loss, gradient, [], numeric)
    assert {check.verdict for check in checks} == {"fail"}
    assert "the objective as a whole does not" in checks[0].diagnosis


@pytest.mark.parametrize(("middle", "step"), [(Tanh, ComplexStep), (Abs, CentralStep)])
def test_the_net_takes_complex_steps_if_every_part_does(middle, step):
    model = Sequential([Linear(3, 2), middle(), Linear(2, 1), Sigmoid()], loss=BinaryCrossEntropy(), dtype=np.float64)
    with opened(model, *rows()) as net:
        for lone, x in zip(net.alone, net.inputs(), strict=False):
            lone.choose_step(x, net.rng)
        net.choose_step()
        assert isinstance(net.step, step)


def test_the_inputs_are_copies():
    with opened(classifier(), *rows()) as net:
        inputs = net.inputs()
        assert [z.shape for z in inputs] == [(10, 3), (10, 4), (10, 4), (10, 1)]
        inputs[0][...] = 7
        assert not (net.x == 7).any()


def test_numeric_gradients_add_up_where_both_are_known():
    one = {"a": Numeric(np.ones(2), np.full(2, 0.1), "s"), "b": Numeric(np.ones(2), np.ones(2), "s")}
    both = added(one, {"a": Numeric(np.full(2, 3.0), np.full(2, 0.2), "s")})
    assert list(both) == ["a"]
    np.testing.assert_array_equal(both["a"].value, [4, 4])
    np.testing.assert_allclose(both["a"].error, 0.3)
