"""check_layer: right layers pass, each mistake is found, and the layer is restored."""

import copy

import numpy as np
import pytest
from helpers import Gain, Residual, classifier

from minidl import (
    ArgumentError,
    Dropout,
    DtypeError,
    Flatten,
    Layer,
    LeakyReLU,
    Linear,
    MeanSquaredError,
    NonFiniteError,
    ReLU,
    Sequential,
    ShapeError,
    Sigmoid,
    Softmax,
    Tanh,
)
from minidl.testing import check_layer

X = np.random.default_rng(0).standard_normal((5, 3))


def failed(report):
    return {check.parameter for check in report.failures}


@pytest.mark.parametrize(
    "layer",
    [
        Linear(3, 4),
        Linear(3, 2, bias=False),
        ReLU(),
        LeakyReLU(0.1),
        Sigmoid(),
        Tanh(),
        Softmax(),
        Dropout(0.6),
        Flatten(),
        Gain(3),
        Residual(3),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "at", [X, np.zeros((1, 3)), np.float32(X), 30 * X], ids=["generic", "zero", "float32", "large"]
)
def test_right_layers_pass(layer, at):
    report = check_layer(copy.deepcopy(layer), at)
    assert report.ok, report
    assert report.difference < 1e-12
    assert {check.term for check in report.checks} == {"protocol", "layer"}


def test_a_stochastic_layer_is_checked_on_and_off():
    report = check_layer(Dropout(0.5), X)
    assert {check.training for check in report.checks if check.parameter == "input"} == {
        False,
        True,
    }
    assert {check.training for check in check_layer(Tanh(), X).checks} == {False}


class Broken(Gain):
    """A Gain that does one thing wrongly."""

    def __init__(self, fault):
        super().__init__(3)
        self.fault = fault

    def forward(self, x, *, training=False):
        if self.fault == "writes x":
            x *= 1.0
        if self.fault == "trains otherwise" and training:
            self.twice = True
            return super().forward(2 * x)
        self.twice = False
        return super().forward(x)

    def backward(self, dy):
        if self.fault == "writes dy":
            dy *= 1.0
        before = self.gain.grad.copy()
        dx = super().backward(dy)
        grad = self.gain.grad
        if self.fault == "accumulates":
            grad += before
        elif self.fault == "never fills":
            grad[...] = before
        elif self.fault == "mean":
            grad /= len(dy)
        elif self.fault == "sign":
            grad *= -1
        elif self.fault == "one element":
            grad[1] *= 1.0001
        elif self.fault == "wrong dx":
            return dx * 1.5
        elif self.fault == "none":
            return None
        elif self.fault == "constant dx":
            return 0 * dx + self.gain.value
        elif self.fault == "float32 dx":
            return dx.astype(np.float32)
        return dx


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("writes x", "arguments untouched"),
        ("writes dy", "arguments untouched"),
        ("accumulates", "gradients overwritten"),
        ("never fills", "gradients overwritten"),
        ("mean", "additive over the batch"),
        ("mean", "gain"),
        ("sign", "gain"),
        ("one element", "gain"),
        ("wrong dx", "input"),
        ("none", "input"),
        ("constant dx", "zero gives zero"),
        ("float32 dx", "shapes and dtypes"),
        ("trains otherwise", "input"),
    ],
)
def test_each_fault_of_a_layer_is_found(fault, rule):
    report = check_layer(Broken(fault), X)
    assert rule in failed(report), report
    check = next(check for check in report.failures if check.parameter == rule)
    assert check.diagnosis
    assert check.training == (fault == "trains otherwise")


def state(layer):
    return {
        name: (value.value.tobytes(), value.grad.tobytes())
        if hasattr(value, "grad")
        else value.bit_generator.state
        if name == "rng"
        else id(value)
        for name, value in vars(layer).items()
        if name != "workspace"
    }


class Raises(Linear):
    def backward(self, dy):
        raise RuntimeError("in the middle")


def test_the_layer_comes_back_as_it_was_also_after_an_error():
    linear = Linear(3, 2)
    y = linear.forward(X.astype(np.float32)).copy()
    linear.backward(np.ones_like(y))
    before = state(linear)
    check_layer(linear, X)
    assert state(linear) == before
    assert linear.weight.value.dtype == np.float32
    raises = Raises(3, 2)
    raises.weight.value[...] = 3
    before = state(raises)
    with pytest.raises(RuntimeError, match="in the middle"):
        check_layer(raises, X)
    assert state(raises) == before


def test_random_streams_come_back_as_they_were():
    dropout = Dropout(0.5)
    dropout.rng = np.random.default_rng(3)
    expected = np.random.default_rng(3).random(4)
    check_layer(dropout, X)
    np.testing.assert_array_equal(dropout.rng.random(4), expected)
    alone = Dropout(0.5)
    check_layer(alone, X)
    assert alone.rng is None


def test_a_check_does_not_draw_the_weights_of_a_new_layer():
    checked, fresh = Linear(3, 2), Linear(3, 2)
    check_layer(checked, X)
    assert not checked.weight.has_value
    models = [Sequential([layer], loss=MeanSquaredError(), seed=7) for layer in (checked, fresh)]
    np.testing.assert_array_equal(models[0].parameters.theta, models[1].parameters.theta)


def test_a_layer_of_a_model_can_be_checked():
    model = classifier()
    theta = model.parameters.theta.copy()
    assert check_layer(model.layers[0], X).ok
    np.testing.assert_array_equal(model.parameters.theta, theta)
    assert np.shares_memory(model.layers[0].weight.value, model.parameters.theta)


class Root(Layer):
    """Defined for x > 0 alone."""

    def forward(self, x, *, training=False):
        self.y = np.sqrt(x)
        return self.y

    def backward(self, dy):
        return dy / (2 * self.y)


def test_a_layer_with_a_domain():
    assert check_layer(Root(), np.abs(X) + 0.1).ok
    with pytest.raises(NonFiniteError, match="domain"):
        check_layer(Root(), X - 10)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((Linear, X), ArgumentError, "Layer"),
        ((Tanh(), [["a"]]), DtypeError, "X"),
        ((Linear(4, 2), X), ShapeError, "4"),
    ],
)
def test_what_is_no_layer_or_no_input_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        check_layer(*arguments)
