"""Each rule of layers is found by its planted bug in each situation that a layer can be in."""

import numpy as np
import pytest

from minidl import (
    Buffer,
    Chain,
    Concat,
    Layer,
    Linear,
    Ones,
    Parameter,
    Random,
    ReLU,
    Residual,
    Tanh,
    Zeros,
)
from minidl.gradcheck.contract.layer_rules import LAYER_RULES
from minidl.testing import check_layer

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((3, 2))
SEQUENCES = RNG.standard_normal((2, 3, 2))
IMAGES = RNG.standard_normal((3, 2, 1, 2))
TOKENS = RNG.integers(0, 3, (3, 2))


# Layers that are right. `weight` is what they learn, `kept` what backward needs from forward.


class Gain(Layer):
    """A factor for each feature, on the last axis of an input of any rank."""

    def __init__(self):
        self.weight = Parameter((2,), init=Ones())

    def forward(self, x, *, training=False):
        self.kept = x
        return x * self.weight.value

    def backward(self, dy):
        self.weight.grad[...] = (dy * self.kept).sum(axis=tuple(range(dy.ndim - 1)))
        return dy * self.weight.value


class Lookup(Layer):
    """A vector of 2 numbers for each integer below 3."""

    takes_integers = True

    def __init__(self):
        self.weight = Parameter((3, 2), init=Random(1.0))

    def forward(self, x, *, training=False):
        self.kept = x
        return self.weight.value[x]

    def backward(self, dy):
        self.weight.grad[...] = 0
        np.add.at(self.weight.grad, self.kept, dy)


class Normalization(Layer):
    """Batch normalization."""

    couples_examples = True

    def __init__(self):
        self.weight = Parameter((2,), init=Ones())
        self.mean = Buffer((2,), init=Zeros())
        self.variance = Buffer((2,), init=Ones())

    def forward(self, x, *, training=False):
        self.trains = training
        mean, variance = self.mean.value, self.variance.value
        if training:
            mean, variance = x.mean(axis=0), ((x - x.mean(axis=0)) ** 2).mean(axis=0)
            self.mean.value += 0.1 * (mean - self.mean.value)
            self.variance.value += 0.1 * (variance - self.variance.value)
        deviation = np.sqrt(variance + 1e-3)
        self.kept = np.stack([(x - mean) / deviation, np.broadcast_to(deviation, x.shape)])
        return self.weight.value * self.kept[0]

    def backward(self, dy):
        unit, deviation = self.kept
        self.weight.grad[...] = (dy * unit).sum(axis=0)
        dx = dy * self.weight.value
        if self.trains:
            dx = dx - dx.mean(axis=0) - unit * (dx * unit).mean(axis=0)
        return dx / deviation


# One bug for each rule, as a mixin of any of these layers.


class ReturnsFloat32:
    def forward(self, x, *, training=False):
        y = super().forward(x, training=training)
        return y.astype(np.float32) if y.dtype == np.float64 else y


class DrawsAtInference:
    stochastic = True

    def forward(self, x, *, training=False):
        self.rng.random()
        return super().forward(x, training=training)


class WritesIntoGradient:
    def backward(self, dy):
        dx = super().backward(dy)
        dy *= 2
        return dx


class Trains:
    def backward(self, dy):
        dx = super().backward(dy)
        self.weight.value[...] = self.weight.value - 0.1 * self.weight.grad
        return dx


class Forgets:
    def backward(self, dy):
        before = self.weight.grad.copy()
        dx = super().backward(dy)
        self.weight.grad[...] = before
        return dx


class Accumulates:
    def backward(self, dy):
        before = np.nan_to_num(self.weight.grad)
        dx = super().backward(dy)
        self.weight.grad[...] = before + self.weight.grad
        return dx


class KeepsTheFirst:
    def forward(self, x, *, training=False):
        y = super().forward(x, training=training)
        first = vars(self).setdefault("first", self.kept)
        if (first.shape, first.dtype) == (self.kept.shape, self.kept.dtype):
            self.kept = first
        return y


class GivesItsWeights:
    """Its output is the memory of its weight."""

    def forward(self, x, *, training=False):
        self.x = x
        self.y_shape = super().forward(x, training=training).shape
        return np.broadcast_to(self.weight.value.reshape(-1, 2)[0], self.y_shape)

    def backward(self, dy):
        self.weight.grad[...] = 0
        self.weight.grad.reshape(-1, 2)[0] = dy.reshape(-1, 2).sum(axis=0)
        return None if self.takes_integers else np.zeros(self.x.shape)


FOREIGN = Parameter((2,), init=Ones())


class ReadsForeign:
    def forward(self, x, *, training=False):
        return super().forward(x, training=training) + FOREIGN.value


class AddsConstant:
    def backward(self, dy):
        dx = super().backward(dy)
        self.weight.grad += 1
        return dx


class MakesAnew:
    def forward(self, x, *, training=False):
        self.noted = [Buffer((1,), init=Zeros())]
        return super().forward(x, training=training)


class KeepsAMean:
    drift = 0.0

    def forward(self, x, *, training=False):
        y = super().forward(x, training=training) + self.drift
        if training:
            self.drift = self.drift + 0.1 * float((y.real**2).mean())
        return y


class SignOfGradient:
    def backward(self, dy):
        return super().backward(np.sign(dy))


class MeanOverBatch:
    def backward(self, dy):
        dx = super().backward(dy)
        self.weight.grad /= len(dy)
        return dx


class Centred:
    """The mean over the batch taken away, in both modes, with right derivatives."""

    def forward(self, x, *, training=False):
        y = super().forward(x, training=training)
        return y - y.mean(axis=0)

    def backward(self, dy):
        return super().backward(dy - dy.mean(axis=0))


class WrongInFloat32:
    def backward(self, dy):
        dx = super().backward(dy)
        if dy.dtype == np.float32:
            self.weight.grad *= 2
        return dx


BUGS = {
    "shapes_and_dtypes": ReturnsFloat32,
    "no_randomness_at_inference": DrawsAtInference,
    "arguments_untouched": WritesIntoGradient,
    "parameters_untouched": Trains,
    "gradients_overwritten": Forgets,
    "does_not_accumulate": Accumulates,
    "no_stale_cache": KeepsTheFirst,
    "results_are_its_own": GivesItsWeights,
    "members_kept": MakesAnew,
    "only_its_members_read": ReadsForeign,
    "no_state_but_buffers": KeepsAMean,
    "zero_gives_zero": AddsConstant,
    "linear_in_dy": SignOfGradient,
    "additive_over_batch": MeanOverBatch,
    "rows_independent": Centred,
    "float32_as_float64": WrongInFloat32,
}


class Listed(Layer):
    """A custom layer that keeps its steps in a list of a dictionary."""

    def __init__(self, *steps):
        self.parts = {"steps": list(steps)}

    def forward(self, x, *, training=False):
        for step in self.parts["steps"]:
            x = step.forward(x, training=training)
        return x

    def backward(self, dy):
        for step in reversed(self.parts["steps"]):
            dy = step.backward(dy)
        return dy


# Where a layer can be: the right layer, what is around it, its path there, and the input.
SITUATIONS = {
    "Chain": (Gain, lambda layer: Chain(Linear(2, 2), layer, Tanh()), "0.1", ROWS),
    "Residual body": (Gain, Residual, "0.body.0", ROWS),
    "Residual shortcut": (
        Gain,
        lambda layer: Residual(Linear(2, 2), shortcut=layer),
        "0.shortcut",
        ROWS,
    ),
    "Concat branch": (Gain, lambda layer: Concat(ReLU(), [layer, Tanh()]), "0.1.0", ROWS),
    "three deep": (
        Gain,
        lambda layer: Residual(Concat([Chain(layer), Linear(2, 1)], Linear(2, 1))),
        "0.body.0.0.0.0",
        ROWS,
    ),
    "list in a custom layer": (Gain, lambda layer: Listed(layer), "0.parts.steps.0", ROWS),
    "integers": (Lookup, lambda layer: layer, "0", TOKENS),
    "integers in Chain": (Lookup, lambda layer: Chain(layer, Tanh()), "0.0", TOKENS),
    "after integers": (Gain, lambda layer: Chain(Lookup(), layer), "0.1", TOKENS),
    "coupled rows": (Normalization, lambda layer: layer, "0", ROWS),
    "coupled rows in Residual": (Normalization, Residual, "0.body.0", ROWS),
    "rank 3": (Gain, lambda layer: layer, "0", SEQUENCES),
    "rank 3 in Concat": (Gain, lambda layer: Concat(layer, ReLU(), axis=1), "0.0", SEQUENCES),
    "rank 4 in Residual": (Gain, Residual, "0.body.0", IMAGES),
}


def exempt(rule, situation, *, training):
    """Return whether a rule is not tested."""
    if rule in ("no_randomness_at_inference", "no_state_but_buffers", "additive_over_batch"):
        return training
    return rule == "rows_independent" and training and situation.startswith("coupled rows")


def test_each_rule_has_a_bug():
    assert list(BUGS) == list(LAYER_RULES)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_without_a_bug_all_pass(situation):
    right, wrap, _, x = SITUATIONS[situation]
    report = check_layer(wrap(right()), x)
    assert report.ok, str(report)


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("rule", BUGS)
def test_a_planted_bug_is_found_by_its_rule_at_its_place(rule, situation):
    right, wrap, path, x = SITUATIONS[situation]
    wrong = type("Wrong", (BUGS[rule], right), {})()
    report = check_layer(wrap(wrong), x)
    title = LAYER_RULES[rule].title
    modes = {
        check.training
        for check in report.failures
        if (check.term, check.parameter, check.path) == ("protocol", title, path)
    }
    tested_modes = {check.training for check in report.checks if check.path == path}
    assert modes == {
        training for training in tested_modes if not exempt(rule, situation, training=training)
    }, str(report)
    assert False in modes
