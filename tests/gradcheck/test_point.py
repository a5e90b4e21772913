"""All checks at one point: what is right passes, whatever the layers; what cannot be tried is left out, and said."""

import numpy as np
import pytest
from helpers import classifier, rows
from own_parts import Abs, Expit, Hinge, Huber, MaxPair, Noise, Residual, Ring, Slope, UnitRows

from minidl import (
    L1,
    L2,
    BinaryCrossEntropy,
    Dropout,
    Flatten,
    Layer,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from minidl.gradcheck.numeric.differences import ComplexStep, RichardsonDifference
from minidl.gradcheck.numeric.numeric_gradient import NumericGradient
from minidl.gradcheck.point import Point, over_all
from minidl.gradcheck.sandbox import ModelSandbox
from minidl.penalties import Penalty


class at:
    """A model on the workbench as a Point."""

    def __init__(self, model, X, Y, exhaustive=False):
        self.model, self.exhaustive = model, exhaustive
        self.x, self.t = (a.astype(float) for a in model._pair(X, Y))
        self.bench = ModelSandbox(model.layers, others=(model, model._head))

    def __enter__(self):
        self.bench.__enter__()
        return Point(
            self.bench,
            self.model,
            self.x,
            self.t,
            np.random.default_rng(0),
            least=10**9 * self.exhaustive,
        )

    def __exit__(self, *error):
        self.bench.__exit__(*error)


def net(*middle, loss=None, last=Sigmoid, penalties=(), width=4):
    layers = [Linear(3, 4), *middle, Linear(width, 1), last()]
    return Sequential(
        layers, loss=loss or BinaryCrossEntropy(), penalties=penalties, dtype=np.float64, seed=2
    )


MIDDLES = {
    "built in": lambda: (Tanh(), Softmax(), Flatten(), Linear(4, 4), Dropout(0.5)),
    "own": lambda: (Residual(4), UnitRows(), Slope(), Noise()),
    "not complex-safe": lambda: (Abs(), Expit()),
}


@pytest.mark.parametrize("synthetic", [False, True])
@pytest.mark.parametrize("middle", MIDDLES)
def test_right_layers_pass(middle, synthetic):
    with at(net(*MIDDLES[middle](), penalties=[L2(0.1), L1(0.2)]), *rows()) as point:
        checks = point.protocol() + point.layers(synthetic) + point.network()
    assert {check.verdict for check in checks} == {"pass"}
    assert {check.term for check in checks} == {
        "protocol",
        "layer",
        "L2(0.1)",
        "L1(0.2)",
        "total",
        "data",
    }


def test_the_layers_come_in_order_after_the_loss():
    with at(net(Tanh(), Dropout(0.5)), *rows()) as point:
        checks = point.layers()
    assert [(c.layer, c.parameter, c.training) for c in checks] == [
        (None, "prediction", False),
        (0, "weight", False),
        (0, "bias", False),
        (0, "input", False),
        (1, "input", False),
        (2, "input", False),
        (2, "input", True),
        (3, "weight", False),
        (3, "bias", False),
        (3, "input", False),
        (4, "input", False),
    ]


def test_every_layer_has_an_input_also_the_one_that_the_loss_takes_over():
    with at(net(Tanh()), *rows()) as point:
        inputs = point.inputs()
        assert [z.shape for z in inputs] == [(10, 3), (10, 4), (10, 4), (10, 1)]
        assert [lone.number for lone, _ in zip(point.lone, inputs, strict=True)] == [0, 1, 2, 3]


def test_a_penalty_is_shown_for_what_it_acts_on():
    with at(net(Tanh(), penalties=[L2(0.1, layers=[2])]), *rows()) as point:
        point.layers()
        checks = [c for c in point.network() if c.term.startswith("L2")]
    assert [(c.layer, c.parameter) for c in checks] == [(2, "weight")]


def test_the_numeric_gradient_of_the_net_is_carried_back_layer_by_layer():
    with at(net(Tanh(), Residual(4), UnitRows(), penalties=[L2(0.1), L1(0.2)]), *rows()) as point:
        point.layers()
        point.network()
        assert set(point.numeric) == set(point.bench.parameters)
        for key, gradient in point.gradient("data").items():
            np.testing.assert_allclose(point.numeric[key].value, gradient, rtol=1e-12, atol=1e-15)
        assert 0 < point.difference() < 1e-14


def test_where_a_penalty_is_not_known_by_elements_the_total_is_not_either():
    class Lengths(L2):
        def value(self, weight, m):
            return self.strength * np.sqrt((weight * weight).sum())

        def gradient(self, weight, m, out):
            out[...] = self.strength * weight / np.sqrt((weight * weight).sum())

    with at(net(Tanh(), penalties=[Lengths(0.1)]), *rows()) as point:
        point.layers()
        checks = point.network()
        assert point.difference() is None
        assert set(point.total_numeric()) == {(0, "bias"), (2, "bias")}
    assert {check.verdict for check in checks} == {"pass"}


class Log(Layer):
    """Defined for positive numbers alone."""

    def forward(self, x, *, training=False):
        self.x = x
        with np.errstate(all="ignore"):
            return np.log(x)

    def backward(self, dy):
        return dy / self.x


def test_a_layer_is_not_tried_outside_of_its_domain():
    model = Sequential([Log(), Linear(3, 1)], loss=MeanSquaredError(), dtype=np.float64)
    X = np.random.default_rng(0).uniform(1, 3, (5, 3))
    with at(model, X, np.ones((5, 1))) as point:
        given, synthetic = point.layers(), point.layers(synthetic=True)
    assert {check.layer for check in given} == {None, 0, 1}
    assert {check.layer for check in synthetic if check.term == "layer"} == {1}
    assert {check.verdict for check in given + synthetic} == {"pass"}


def test_at_a_kink_the_whole_net_is_left_to_another_point():
    model = net(ReLU())
    model.parameters["0.weight"].value = np.zeros((4, 3))
    with at(model, *rows()) as point:
        layers, network = point.layers(), point.network()
    assert point.kinks > 0
    assert network == []
    assert point.difference() is None
    assert "fail" not in {check.verdict for check in layers}


@pytest.mark.parametrize("loss", [Huber(), Hinge()])
def test_own_losses_pass(loss):
    with at(net(Tanh(), loss=loss, last=Tanh), *rows()) as point:
        checks = point.layers() + point.network()
    assert {check.verdict for check in checks} == {"pass"}
    assert ("Huber" in point.note) == isinstance(loss, Huber)


@pytest.mark.parametrize("exhaustive", [False, True])
def test_exhaustive_computes_every_parameter(exhaustive, monkeypatch):
    monkeypatch.setattr(Point, "limit", lambda self, i: 0)
    with at(net(Tanh()), *rows(), exhaustive=exhaustive) as point:
        point.layers()
        assert (len(point.numeric) == 4) == exhaustive


def test_larger_layers_may_spend_fewer_forward_calls():
    small, large = net(), Sequential([Linear(3, 3000), Linear(3000, 1)], loss=MeanSquaredError())
    with at(small, *rows()) as one, at(large, *rows()) as other:
        assert one.limit(0) > 2 * other.limit(0) > 0


def test_a_layer_that_differs_while_training_is_checked_as_it_is_then():
    class Hidden(Layer):
        """Drops units from a stream of its own, which it does not say."""

        def __init__(self):
            self.stream = np.random.RandomState(3)

        def forward(self, x, *, training=False):
            self.mask = self.stream.random(x.shape) < 0.5 if training else np.ones(x.shape)
            return x * self.mask

        def backward(self, dy):
            return dy * 1.0

    with at(net(Hidden()), *rows()) as point:
        point.protocol()
        wrong = [c for c in point.layers() if c.verdict == "fail"]
    assert [(c.layer, c.parameter, c.training) for c in wrong] == [(1, "input", True)]


def test_pairs_of_features_pass():
    with at(net(MaxPair(), width=2), *rows()) as point:
        assert {check.verdict for check in point.layers()} == {"pass"}


def test_the_number_over_all_parameters_is_that_of_one_vector():
    analytic = {(0, "a"): np.array([[3.0], [0.0]]), (0, "b"): np.zeros(1)}
    numeric = {
        key: NumericGradient(value / 3, 0 * value, "s") for key, value in reversed(analytic.items())
    }
    assert over_all(analytic, numeric) == 0.5


# The whole network: each term of the objective against numeric gradients, by elements and by probes.


def regression(loss, penalties=(), dtype=np.float64):
    return Sequential(
        [Linear(3, 4), Tanh(), Linear(4, 2)], loss=loss, penalties=penalties, dtype=dtype
    )


def targets(k=2):
    return np.random.default_rng(3).standard_normal((10, k))


@pytest.mark.parametrize("limit", [100, 0], ids=["elements", "probes"])
@pytest.mark.parametrize("loss", [MeanSquaredError(), Huber(), Hinge()])
def test_a_right_loss_passes(loss, limit):
    with at(regression(loss), rows()[0], targets()) as net:
        net.choose_loss_step()
        check, found = net.check_loss(limit)
    assert (check.verdict, check.parameter, check.elements) == ("pass", "prediction", 20)
    assert (found is None) == (limit == 0)
    assert ("Huber" in net.note) == isinstance(loss, Huber)  # written with abs
    assert isinstance(net.loss_step, RichardsonDifference if net.note else ComplexStep)


@pytest.mark.parametrize("limit", [100, 0], ids=["elements", "probes"])
@pytest.mark.parametrize("loss", [MeanSquaredError, Huber])
def test_a_wrong_loss_fails(loss, limit):
    class Wrong(loss):
        def backward(self):
            gradient = super().backward().copy()
            gradient[3, 1] *= 1 + 1e-4
            return gradient

    with at(regression(Wrong()), rows()[0], targets()) as net:
        net.choose_loss_step()
        check, _ = net.check_loss(limit)
    assert check.verdict == "fail"
    if limit:
        assert check.worst["index"] == [3, 1]


def test_a_loss_that_refuses_complex_numbers_is_not_complex_safe():
    class Real(MeanSquaredError):
        def forward(self, prediction, target):
            return float(super().forward(prediction, target))

    with at(regression(Real()), rows()[0], targets()) as net:
        net.choose_loss_step()
        assert "not complex-safe" in net.note


def test_the_analytic_gradient_is_that_of_training():
    X, Y = rows()
    model = classifier(penalties=[L2(0.3), L1(0.1)])
    expected = model.gradient(X, Y)
    with at(model, X, Y) as net:
        total = net.gradient("total")
        parts = [net.gradient("data"), net.gradient("L2(0.3)"), net.gradient("L1(0.1)")]
    np.testing.assert_array_equal(np.concatenate([g.ravel() for g in total.values()]), expected)
    np.testing.assert_allclose(
        np.concatenate([sum(part[key] for part in parts).ravel() for key in total]),
        expected,
        rtol=1e-14,
    )


def test_noise_changes_the_gradient_a_little():
    with at(classifier(), *rows()) as net:
        gradient, noisy = net.gradient("data"), net.noisy_gradients()
    assert len(noisy) == 6
    for run in noisy:
        for key, value in gradient.items():
            gap = np.abs(run[key] - value).max()
            assert 0 < gap < 1e-11


@pytest.mark.parametrize("penalty", [L2(0.3), L1(0.3), L2(0.3, layers=[2])])
def test_the_elements_of_a_penalty_are_asked_one_at_a_time(penalty):
    model = classifier(penalties=[penalty])
    with at(model, *rows()) as net:
        assert isinstance(net.penalty_step(str(penalty)), ComplexStep)
        analytic = net.gradient(str(penalty))
        found = net.penalty_numeric(str(penalty), 100)
        assert net.penalty_numeric(str(penalty), 3) == {}  # too large
    assert set(found) == ({(2, "weight")} if penalty.layers else {(0, "weight"), (2, "weight")})
    for key, numeric in found.items():
        np.testing.assert_allclose(numeric.value, analytic[key], rtol=1e-14)


class Lengths(Penalty):
    """The lengths of the rows: no sum over elements, and written with a norm, which knows no complex numbers."""

    def value(self, weight, m):
        return self.strength * np.linalg.norm(weight, axis=1).sum()

    def gradient(self, weight, m, out):
        out[...] = self.strength * weight / np.linalg.norm(weight, axis=1, keepdims=True)


@pytest.mark.parametrize("penalty", [Lengths(0.3), Ring(0.3)])
def test_a_penalty_that_is_no_sum_over_elements_is_asked_as_a_whole(penalty):
    model = classifier(penalties=[penalty])
    with at(model, *rows()) as net:
        assert net.penalty_numeric(str(penalty), 100) == {}
        step = net.penalty_step(str(penalty))
        assert isinstance(
            step, RichardsonDifference if isinstance(penalty, Lengths) else ComplexStep
        )
        checks = net.check_term(str(penalty), net.gradient(str(penalty)), [], {}, step=step)
    assert {check.verdict for check in checks.values()} == {"pass"}


def test_a_penalty_that_refuses_complex_numbers_gets_central_differences():
    class Real(L2):
        def value(self, weight, m):
            return float(np.sum(weight**2)) * self.strength / (2 * m)

    with at(classifier(penalties=[Real(0.3)]), *rows()) as net:
        assert isinstance(net.penalty_step("Real(0.3)"), RichardsonDifference)


def test_a_penalty_on_nothing_gets_central_differences():
    penalty = L2(0.3, layers=[1])
    with at(classifier(penalties=[penalty]), *rows()) as net:
        assert isinstance(net.penalty_step(str(penalty)), RichardsonDifference)


@pytest.mark.parametrize("known", [False, True], ids=["probes", "elements"])
@pytest.mark.parametrize("wrong", [False, True])
def test_a_term_is_compared_for_each_parameter(wrong, known):
    with at(classifier(), *rows()) as net:
        gradient, noisy = net.gradient("data"), net.noisy_gradients()
        numeric = (
            {
                key: NumericGradient(value.copy(), 1e-14 + 0 * value, "complex step")
                for key, value in gradient.items()
            }
            if known
            else {}
        )
        if wrong:
            gradient[2, "weight"][0, 1] += 1e-6
        checks = net.check_term("data", gradient, noisy, numeric)
    assert {key: check.verdict for key, check in checks.items()} == {
        (0, "weight"): "pass",
        (0, "bias"): "pass",
        (2, "weight"): "fail" if wrong else "pass",
        (2, "bias"): "pass",
    }
    assert all(("probes" in check.method) != known for check in checks.values())


def test_probes_catch_what_the_elements_were_told_wrongly():
    with at(classifier(), *rows()) as net:
        gradient = {key: value + 1.0 for key, value in net.gradient("data").items()}
        numeric = {
            key: NumericGradient(value.copy(), 0 * value, "complex step")
            for key, value in gradient.items()
        }
        checks = net.check_term("data", gradient, [], numeric)
    assert {check.verdict for check in checks.values()} == {"fail"}
    assert "the objective as a whole does not" in checks[0, "weight"].diagnosis


@pytest.mark.parametrize(("middle", "step"), [(Tanh, ComplexStep), (Abs, RichardsonDifference)])
def test_the_net_takes_complex_steps_if_every_part_does(middle, step):
    model = Sequential(
        [Linear(3, 2), middle(), Linear(2, 1), Sigmoid()],
        loss=BinaryCrossEntropy(),
        dtype=np.float64,
    )
    with at(model, *rows()) as net:
        for lone, x in zip(net.lone, net.inputs(), strict=False):
            lone.choose_step(x, net.rng)
        net.choose_step()
        assert isinstance(net.step, step)


def test_the_inputs_are_copies():
    with at(classifier(), *rows()) as net:
        inputs = net.inputs()
        assert [z.shape for z in inputs] == [(10, 3), (10, 4), (10, 4), (10, 1)]
        inputs[0][...] = 7
        assert not (net.x == 7).any()
