"""A layer that computes with a parameter which nobody trains fails, wherever it is kept."""

import types

import numpy as np
import pytest

from minidl import (
    Buffer,
    Chain,
    Dropout,
    GradientChecker,
    Layer,
    Linear,
    MeanSquaredError,
    Ones,
    Parameter,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Zeros,
)
from minidl.gradcheck import GradientError
from minidl.testing import assert_gradients, check_layer

X = np.random.default_rng(0).standard_normal((5, 3))
Y = np.random.default_rng(1).standard_normal((5, 3))
RULE = "only its own parameters read"


def factor():
    return Parameter((3,), init=Ones())


class Scale(Layer):
    """Scales each feature; where the factor is kept is a matter of subclasses."""

    def find_factor(self):
        raise NotImplementedError

    def forward(self, x, *, training=False):
        self.x = x
        return x * self.find_factor().value

    def backward(self, dy):
        self.find_factor().grad[...] = (dy * self.x).sum(axis=0)
        return dy * self.find_factor().value


class Found(Scale):
    def __init__(self):
        self.kept = [{"factor": factor()}]

    def find_factor(self):
        return self.kept[0]["factor"]


GLOBAL_FACTOR = factor()


class InModule(Scale):
    def find_factor(self):
        return GLOBAL_FACTOR


class InClass(Scale):
    shared = factor()

    def find_factor(self):
        return self.shared


class MadeAnew(Scale):
    """Always with equal values, but never the same one."""

    def find_factor(self):
        return factor()


class InProperty(Scale):
    @property
    def hidden(self):
        return GLOBAL_FACTOR

    def find_factor(self):
        return self.hidden


class Slots:
    __slots__ = ("factor",)


class InSlots(Scale):
    def __init__(self):
        self.helper = Slots()
        self.helper.factor = factor()

    def find_factor(self):
        return self.helper.factor


class InHelper(Scale):
    def __init__(self):
        self.helper = types.SimpleNamespace(factor=factor())

    def find_factor(self):
        return self.helper.factor


class InClosure(Scale):
    def __init__(self):
        kept = factor()
        self.find = lambda: kept

    def find_factor(self):
        return self.find()


class InGenerator(Scale):
    def __init__(self):
        def forever():
            kept = factor()
            while True:
                yield kept

        self.factors = forever()

    def find_factor(self):
        return next(self.factors)


REGISTRY = {}


class InRegistry(Scale):
    """In a dictionary of another object, by a key of its own."""

    def __init__(self):
        REGISTRY["scale"] = factor()

    def find_factor(self):
        return REGISTRY["scale"]


class OnlyInForward(Scale):
    """Its backward is that of another layer: the gradient of the factor is never computed."""

    def find_factor(self):
        return GLOBAL_FACTOR

    def backward(self, dy):
        return dy * self.find_factor().value


class OnlyGradient(Scale):
    """Writes a gradient that no optimizer reads."""

    def __init__(self):
        self.factor = factor()

    def find_factor(self):
        return self.factor

    def backward(self, dy):
        GLOBAL_FACTOR.grad = (dy * self.x).sum(axis=0)
        return super().backward(dy)


GLOBAL_LAYER = Linear(3, 3)


class InLayerOfModule(Layer):
    """Uses a whole layer that it does not contain."""

    def forward(self, x, *, training=False):
        return GLOBAL_LAYER.forward(x, training=training)

    def backward(self, dy):
        return GLOBAL_LAYER.backward(dy)


GLOBAL_SHIFT = Buffer((3,), init=Zeros())


class ReadsBuffer(Layer):
    def forward(self, x, *, training=False):
        return x + GLOBAL_SHIFT.value

    def backward(self, dy):
        return dy.copy()


OTHER_MODEL = Sequential([Linear(3, 3)], loss=MeanSquaredError())


class OfOtherModel(Scale):
    def find_factor(self):
        return OTHER_MODEL.layers[0].bias


HIDDEN = [
    InModule,
    InClass,
    MadeAnew,
    InProperty,
    InSlots,
    InClosure,
    InGenerator,
    InRegistry,
    OnlyInForward,
    OnlyGradient,
    InLayerOfModule,
    ReadsBuffer,
    OfOtherModel,
]


@pytest.mark.parametrize("hidden", [*HIDDEN, InHelper], ids=lambda kind: kind.__name__)
def test_a_layer_alone_fails_by_this_rule_and_no_other(hidden):
    failures = check_layer(hidden(), X).failures
    assert {(check.term, check.parameter) for check in failures} == {("protocol", RULE)}
    words = failures[0].diagnosis
    assert words.startswith("backward reads " if hidden is OnlyGradient else "forward reads ")
    if hidden is OfOtherModel:
        assert "belongs to another layer or model: give the layer a Parameter of its own" in words
    elif hidden is ReadsBuffer:
        assert "reads Buffer((3,), init=Zeros()), which is not found in the layer" in words
        assert "so it is never saved: create it in __init__" in words
    else:
        assert "is never trained: create it in __init__ and store it in an attribute" in words
        assert "(3, 3)" in words if hidden is InLayerOfModule else "(3,)" in words


@pytest.mark.parametrize("hidden", HIDDEN, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("wrap", [Chain, Residual, lambda layer: layer])
def test_a_model_with_such_a_layer_fails_at_its_place(hidden, wrap):
    model = Sequential([Linear(3, 3), wrap(hidden())], loss=MeanSquaredError())
    report = GradientChecker(model).check(X, Y)
    assert {check.parameter for check in report.failures} == {RULE}
    (failure,) = [check for check in report.failures if not check.caused_by]
    path = {Chain: "1.0", Residual: "1.body.0"}.get(wrap, "1")
    assert (failure.path, failure.component) == (path, f"{hidden.__name__}()")
    assert report.guilty is failure
    with pytest.raises(GradientError, match=RULE):
        assert_gradients(model, X, Y)
    central = GradientChecker(model, method="central").check(X, Y)
    assert [(check.layer, check.parameter) for check in central.failures] == [(1, RULE)]


def test_members_that_are_found_are_no_violation():
    model = Sequential([Linear(3, 3), Chain(Found(), Residual(Found()))], loss=MeanSquaredError())
    for method in ("auto", "central"):
        assert GradientChecker(model, method=method).check(X, Y).ok
    assert check_layer(Found(), X).ok
    assert check_layer(model.layers[1], X).ok  # although a model contains it


class ReadsItsNeighbour(Layer):
    """Multiplies by a factor that the layer of another place in the model learns.

    The gradient of the factor through this layer is left out on purpose, by a stop of the gradient:
    here it is 0.
    """

    def __init__(self, neighbour):
        self.neighbour = lambda: neighbour

    def forward(self, x, *, training=False):
        self.zero = 0 * self.neighbour().gain.value
        return x + self.zero

    def backward(self, dy):
        return dy * (1 + 0 * self.neighbour().gain.value)


class Gain(Layer):
    def __init__(self):
        self.gain = factor()

    def forward(self, x, *, training=False):
        self.x = x
        return x * self.gain.value

    def backward(self, dy):
        self.gain.grad[...] = (dy * self.x).sum(axis=0)
        return dy * self.gain.value


def test_a_layer_may_read_what_another_layer_of_the_model_trains():
    first = Gain()
    tied = ReadsItsNeighbour(first)
    model = Sequential([first, ReLU(), Chain(tied)], loss=MeanSquaredError())
    report = GradientChecker(model).check(X, Y)
    assert report.ok, str(report)
    (failure,) = check_layer(ReadsItsNeighbour(first), X).failures  # alone, it is not its own
    assert "belongs to another layer or model" in failure.diagnosis


class Unused(Layer):
    """Has a parameter whose gradient is 0, since nothing reads it."""

    def __init__(self):
        self.spare = factor()

    def forward(self, x, *, training=False):
        return x * 2

    def backward(self, dy):
        self.spare.grad[...] = 0
        return dy * 2


def test_a_parameter_that_nothing_reads_is_judged_as_before():
    report = check_layer(Unused(), X)
    assert report.ok, str(report)
    (check,) = [each for each in report.checks if each.parameter == "spare"]
    assert check.untested == 3


def test_layers_without_parameters_read_none():
    for layer in (ReLU(), Sigmoid(), Dropout(0.5), Chain(ReLU())):
        assert check_layer(layer, X).ok
