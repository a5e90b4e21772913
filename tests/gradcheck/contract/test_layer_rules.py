"""The rules of layers: for each a layer that breaks it alone, and layers that keep them all."""

import re

import numpy as np
import pytest
from custom_parts import (
    Abs,
    Both,
    Clip,
    Expit,
    Gain,
    MaxPair,
    Noise,
    Residual,
    Slope,
    SoftSign,
    Tied,
    UnitRows,
)
from rule_violations import Broken, broken

from minidl import (
    AvgPool2D,
    Conv2D,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    GradientChecker,
    Layer,
    LeakyReLU,
    Linear,
    MaxPool2D,
    MeanSquaredError,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    Upsample2D,
)
from minidl.errors import ArgumentError

RIGHT = {
    "Linear": lambda: Linear(4, 3),
    "ReLU": ReLU,
    "LeakyReLU": LeakyReLU,
    "Sigmoid": Sigmoid,
    "Tanh": Tanh,
    "Softmax": Softmax,
    "Flatten": Flatten,
    "Dropout": lambda: Dropout(0.5),
    "Gain": lambda: Gain(4),
    "Slope": Slope,
    "Residual": lambda: Residual(4),
    "Tied": lambda: Tied(4, 2),
    "UnitRows": UnitRows,
    "MaxPair": MaxPair,
    "Both": Both,
    "Noise": Noise,
    "Abs": Abs,
    "Expit": Expit,
    "SoftSign": SoftSign,
    "Clip": Clip,
}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    "x", [None, np.ones((1, 4)), np.zeros((3, 4))], ids=["batch", "one example", "zeros"]
)
@pytest.mark.parametrize("name", RIGHT)
def test_a_right_layer_keeps_all_rules(name, x, training):
    assert broken(RIGHT[name](), x, training) == {}


@pytest.mark.parametrize(
    "layer",
    [
        Flatten(),
        Conv2D(2, 3, 2, stride=2, padding="same"),
        MaxPool2D(2, stride=1),
        AvgPool2D(2, padding=1),
        GlobalAvgPool2D(),
        Upsample2D(2),
        Reshape((4, -1)),
    ],
    ids=str,
)
def test_images_keep_all_rules(layer):
    assert broken(layer, np.random.default_rng(0).standard_normal((3, 2, 2, 2))) == {}


# For each rule a layer that breaks it: Gain(4), whose forward or backward is replaced.


class OneRowTooMany(Broken):
    def forward(self, x, *, training=False):
        return np.vstack([super().forward(x), np.zeros((1, 4))])

    def backward(self, dy):
        return super().backward(dy[:-1])


class Float32Output(Broken):
    def forward(self, x, *, training=False):
        return super().forward(x).astype(np.float32)


class Float32Gradient(Broken):
    def backward(self, dy):
        return super().backward(dy).astype(np.float32)


class NoInputGradient(Broken):
    def backward(self, dy):
        super().backward(dy)


class Narrow(Broken):
    def backward(self, dy):
        return super().backward(dy)[:, :2]


class WritesIntoInput(Broken):
    def forward(self, x, *, training=False):
        y = super().forward(x.copy())
        x *= 2
        return y


class WritesIntoGradient(Broken):
    def backward(self, dy):
        dx = super().backward(dy)
        np.maximum(dy, 0, out=dy)
        return dx


class WritesQuietly(Broken):
    """Unlocks the array first."""

    def backward(self, dy):
        dx = super().backward(dy)
        dy.flags.writeable = True
        dy += 1
        return dx


class Trains(Broken):
    def backward(self, dy):
        dx = super().backward(dy)
        self.gain.value[...] = self.gain.value - 0.1 * self.gain.grad
        return dx


class Forgets(Broken):
    def backward(self, dy):
        return dy * self.gain.value


class ForgetsOne(Broken):
    def backward(self, dy):
        self.gain.grad[1:] = (dy * self.x).sum(axis=0)[1:]
        return dy * self.gain.value


class Accumulates(Broken):
    def backward(self, dy):
        grad = (dy * self.x).sum(axis=0)
        self.gain.grad[...] = np.where(np.isnan(self.gain.grad), grad, self.gain.grad + grad)
        return dy * self.gain.value


class Stale(Broken):
    def forward(self, x, *, training=False):
        y = super().forward(x)
        self.first = (
            getattr(self, "first", x.copy())
            if len(getattr(self, "first", x)) == len(x)
            else x.copy()
        )
        self.x = self.first
        return y


class GivesItsWeights(Layer):
    """Its output is the very memory of its parameter, as a learned table would give it."""

    def __init__(self):
        self.gain = Broken().gain

    def forward(self, x, *, training=False):
        return np.broadcast_to(self.gain.value, x.shape)

    def backward(self, dy):
        self.gain.grad[...] = dy.sum(axis=0)
        return np.zeros(dy.shape)


class IgnoresGradient(Broken):
    def backward(self, dy):
        return super().backward(np.ones_like(dy))


class AddsConstant(Broken):
    def backward(self, dy):
        dx = super().backward(dy)
        self.gain.grad += 1
        return dx


class SignOfGradient(Broken):
    def backward(self, dy):
        return super().backward(np.sign(dy))


class MeanOverBatch(Broken):
    def backward(self, dy):
        dx = super().backward(dy)
        self.gain.grad /= len(dy)
        return dx


class OnlyLast(Broken):
    def backward(self, dy):
        self.gain.grad[...] = dy[-1] * self.x[-1]
        return dy * self.gain.value


class Centred(Broken):
    """The mean over the batch taken away: right derivatives, but rows that see each other."""

    def forward(self, x, *, training=False):
        return super().forward(x - x.mean(axis=0))

    def backward(self, dy):
        dx = super().backward(dy)
        return dx - dx.mean(axis=0)


BREAKS = [
    (OneRowTooMany, {"shapes and dtypes"}, "expected one row"),
    (Float32Output, {"shapes and dtypes"}, "forward returns float32"),
    (NoInputGradient, {"shapes and dtypes"}, "backward returns None"),
    (Narrow, {"shapes and dtypes"}, r"backward returns \(5, 2\)"),
    (WritesIntoInput, {"arguments untouched"}, "writes into its input"),
    (WritesIntoGradient, {"arguments untouched"}, "writes into the incoming gradient"),
    (WritesQuietly, {"arguments untouched"}, "writes into the incoming gradient"),
    (Forgets, {"gradients overwritten"}, "never writes the gradient of gain"),
    (
        ForgetsOne,
        {"gradients overwritten"},
        "leaves 1 of 4 elements of the gradient of gain unwritten",
    ),
    (Accumulates, {"does not accumulate"}, "2 times the first one's gradient of gain"),
    (Stale, {"no stale cache"}, "gradient of gain depends on an earlier batch"),
    (GivesItsWeights, {"results are its own"}, "output shares memory with gain"),
    (SignOfGradient, {"linear in the incoming gradient"}, "does it use the sign"),
    (MeanOverBatch, {"additive over the batch"}, "is not that of the first example"),
    (OnlyLast, {"additive over the batch"}, "gradient of gain"),
]


@pytest.mark.parametrize(
    ("layer", "rules", "words"), BREAKS, ids=[layer.__name__ for layer, _, _ in BREAKS]
)
def test_a_layer_that_breaks_one_rule_is_caught_by_that_rule(layer, rules, words):
    violations = broken(layer())
    assert set(violations) == rules
    assert re.search(words, next(iter(violations.values())))


@pytest.mark.parametrize(
    ("layer", "rules"),
    [
        # Rounding to float32 is not linear, nor is a layer that ignores dy; a constant added
        # once per batch is not additive.
        (Float32Gradient, {"shapes and dtypes", "linear in the incoming gradient"}),
        (IgnoresGradient, {"zero gives zero", "linear in the incoming gradient"}),
        (
            AddsConstant,
            {"zero gives zero", "linear in the incoming gradient", "additive over the batch"},
        ),
        (Centred, {"rows independent", "additive over the batch"}),
    ],
)
def test_where_one_rule_implies_another_both_are_said(layer, rules):
    assert set(broken(layer())) == rules


def test_a_layer_that_raises_for_another_batch_size_breaks_a_rule():
    class FiveRows(Gain):
        def backward(self, dy):
            if len(dy) != 5:
                raise ValueError("five rows are due")
            return super().backward(dy)

    violations = broken(FiveRows(4))
    assert list(violations) == ["additive over the batch"]
    assert "raises ValueError" in violations["additive over the batch"]
    assert "five rows are due" in violations["additive over the batch"]


def test_a_layer_that_raises_for_its_own_batch_is_passed_on():
    class Fails(Gain):
        def backward(self, dy):
            raise KeyError("never")

    with pytest.raises(KeyError, match="never"):
        broken(Fails(4))


class Anew(Layer):
    """Draws from a stream made anew in each forward."""

    def forward(self, x, *, training=False):
        self.mask = np.random.default_rng().random(x.shape) < 0.5
        return x * self.mask

    def backward(self, dy):
        return dy * self.mask


class Global(Anew):
    """Draws from the global stream."""

    def forward(self, x, *, training=False):
        self.mask = np.random.random(x.shape) < 0.5  # noqa: NPY002
        return x * self.mask


@pytest.mark.parametrize("layer", [Anew, Global])
def test_randomness_that_cannot_be_frozen_is_refused(layer):
    with pytest.raises(
        ArgumentError,
        match=(
            rf"layer 0, {layer.__name__}\(\): two forward passes .* cannot be frozen: "
            "draw only from .*self.rng"
        ),
    ):
        broken(layer())


def test_a_bug_of_training_alone_is_caught():
    class Forgetful(Linear):
        def forward(self, x, *, training=False):
            self.trains = training
            return super().forward(x)

        def backward(self, dy):
            dx = super().backward(dy)
            if self.trains:
                self.weight.grad *= 2
            return dx

    model = Sequential([Forgetful(4, 3), Tanh(), Linear(3, 1)], loss=MeanSquaredError())
    guilty = (
        GradientChecker(model)
        .check(np.random.default_rng(0).standard_normal((5, 4)), np.arange(5.0))
        .guilty
    )
    assert (guilty.layer, guilty.parameter, guilty.training) == (0, "weight", True)
