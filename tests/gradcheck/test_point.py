"""All checks at one point: what is right passes, whatever the layers; what cannot be tried is left out, and said."""

import numpy as np
import pytest
from helpers import rows
from own_parts import Abs, Expit, Hinge, Huber, MaxPair, Noise, Residual, Slope, UnitRows

from minidl import L1, L2, BinaryCrossEntropy, Dropout, Flatten, Layer, Linear, MeanSquaredError, ReLU, Sequential, Sigmoid, Softmax, Tanh
from minidl.gradcheck.point import Point, flat
from minidl.gradcheck.workbench import Workbench


class at:
    """A model on the workbench as a Point."""

    def __init__(self, model, X, Y, exhaustive=False):
        self.model, self.exhaustive = model, exhaustive
        self.x, self.t = (a.astype(float) for a in model._pair(X, Y))
        self.bench = Workbench(model.layers, others=(model, model._head))

    def __enter__(self):
        self.bench.__enter__()
        return Point(self.bench, self.model, self.x, self.t, np.random.default_rng(0), self.exhaustive)

    def __exit__(self, *error):
        self.bench.__exit__(*error)


def net(*middle, loss=None, last=Sigmoid, penalties=(), width=4):
    layers = [Linear(3, 4), *middle, Linear(width, 1), last()]
    return Sequential(layers, loss=loss or BinaryCrossEntropy(), penalties=penalties, dtype=np.float64, seed=2)


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
    assert {check.term for check in checks} == {"protocol", "layer", "L2(0.1)", "L1(0.2)", "total", "data"}


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
        assert len(inputs) == 4
        np.testing.assert_array_equal(inputs[3], point.net.logits())


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
        for key, gradient in point.data.items():
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


def test_gradients_as_one_vector():
    np.testing.assert_array_equal(flat({"a": np.ones((2, 1)), "b": np.zeros(1)}), [1, 1, 0])
    assert flat({}).shape == (0,)
