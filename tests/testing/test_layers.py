"""check_layer: right layers pass, each mistake is found, and the layer is restored."""

import copy

import numpy as np
import pytest
from helpers import Gain, Residual, classifier

from minidl import (
    ArgumentError,
    Chain,
    Dropout,
    DtypeError,
    Flatten,
    Layer,
    LeakyReLU,
    Linear,
    MeanSquaredError,
    NonFiniteError,
    Parameter,
    Random,
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
    one_outside = np.abs(X) + 0.1
    one_outside[-1, -1] = -1.0
    for outside in (X - 10, one_outside):
        with pytest.raises(NonFiniteError, match="domain"):
            check_layer(Root(), outside)


class TrainingOnly(Layer):
    """A mask that only a forward pass in training stores; wrong if `scale` is not 2."""

    def __init__(self, scale=2.0):
        super().__init__()
        self.rng, self.scale = np.random.default_rng(0), scale

    def forward(self, x, *, training=False):
        if not training:
            return x
        self.mask = 2.0 * (self.rng.random(x.shape) < 0.5)
        return x * self.mask

    def backward(self, dy):
        return dy * self.mask * (self.scale / 2)


def modes(report):
    return {check.training for check in report.checks}


def test_training_alone_can_be_checked():
    report = check_layer(TrainingOnly(), X, training=True)
    assert report.ok
    assert modes(report) == {True}
    assert not check_layer(TrainingOnly(1.0), X, training=True).ok
    assert modes(check_layer(Dropout(0.5), X, training=True)) == {True}
    assert modes(check_layer(Dropout(0.5), X, training=False)) == {False}
    assert modes(check_layer(Chain(Tanh(), Dropout(0.5)), X, training=True)) == {True}


def test_a_backward_that_exists_in_training_alone_fails_at_inference():
    report = check_layer(TrainingOnly(), X)
    assert [(check.parameter, check.training) for check in report.failures] == [("backward", False)]
    assert "AttributeError" in report.guilty.diagnosis
    assert (report.guilty.verdict, report.guilty.difference) == ("fail", 1.0)
    assert "training=True" in report.guilty.diagnosis


class Lookup(Layer):
    """An embedding; integers need not be declared."""

    def __init__(self, declared):
        super().__init__()
        self.takes_integers = declared
        self.table = Parameter((6, 3), init=Random(1.0))

    def forward(self, x, *, training=False):
        self.x = x
        return self.table.value[x]

    def backward(self, dy):
        self.table.grad[...] = 0
        np.add.at(self.table.grad, self.x, dy)


@pytest.mark.parametrize("declared", [False, True])
def test_integers_stay_integers_and_in_range(declared):
    layer = Lookup(declared)
    before = list(vars(layer))
    report = check_layer(layer, [[0, 2, 5], [1, 1, 3]])
    assert report.ok, str(report)
    assert any("takes_integers" in note for note in report.notes) != declared
    assert layer.takes_integers is declared
    assert set(vars(layer)) == set(before)
    if not declared:
        with pytest.raises(IndexError):
            check_layer(layer, [[0.0, 2.0]])
        with pytest.raises(IndexError):
            check_layer(layer, [[0, 7]])
    else:
        with pytest.raises(DtypeError, match=r"X must hold integers for Lookup\(.*float64"):
            check_layer(layer, [[0.0, 2.0]])


class LooksUpInTraining(Lookup):
    """At inference, any numbers will do."""

    def forward(self, x, *, training=False):
        return super().forward(x) if training else np.zeros((*x.shape, 3))


def test_the_mode_that_is_checked_tells_whether_floats_are_refused():
    report = check_layer(LooksUpInTraining(False), [[0, 2, 5], [1, 1, 3]], training=True)
    assert report.ok, str(report)
    assert any("takes_integers" in note for note in report.notes)


class Sine(Layer):
    """Elements of any number of axes, summed over all but the first if `reduced`."""

    def __init__(self, reduced):
        super().__init__()
        self.reduced = reduced

    def forward(self, x, *, training=False):
        self.x = x
        return np.sin(x).reshape(len(x), -1).sum(axis=1) if self.reduced else np.sin(x)

    def backward(self, dy):
        if self.reduced:
            dy = dy.reshape(-1, *(1,) * (self.x.ndim - 1))
        return dy * np.cos(self.x)


@pytest.mark.parametrize("reduced", [False, True])
@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 2, 1, 2), (1, 2, 3)])
def test_shapes_of_any_rank(shape, reduced):
    assert check_layer(Sine(reduced), np.random.default_rng(0).standard_normal(shape)).ok


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


def test_the_mode_is_a_bool():
    with pytest.raises(ArgumentError, match="training must be True, False or None"):
        check_layer(Tanh(), X, training="yes")


class WrongBelowZero(Layer):
    """The identity, whose gradient is wrong where the input is negative."""

    def forward(self, x, *, training=False):
        self.x = x
        return x.copy()

    def backward(self, dy):
        return np.where(self.x < 0, 2 * dy, dy)


def test_a_layer_is_checked_on_other_inputs_too():
    assert not check_layer(WrongBelowZero(), np.abs(X) + 0.1).ok
