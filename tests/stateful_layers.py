"""Layers that keep state where it is never saved, by the kind of the attribute; and harmless ones.

Each adds something to its input, so that what it keeps decides what it gives.
"""

import itertools
from collections import deque
from types import SimpleNamespace
from typing import ClassVar

import numpy as np

from minidl import Buffer, Layer, Linear, Parameter, Zeros


def mean_of(x):
    """Return the mean of each feature."""
    return x.real.reshape(-1, x.shape[-1]).mean(axis=0)


class Adds(Layer):
    """y = x + what `offset` returns."""

    couples_examples = True  # while training, some use the batch's mean

    def forward(self, x, *, training=False):
        if training:
            self.observe(x)
        return x + np.asarray(self.offset(x), x.real.dtype)

    def backward(self, dy):
        return dy

    def output_shape(self, shape):
        return shape

    def observe(self, x):
        pass

    def offset(self, x):
        return 0.0


class ReplacedArray(Adds):
    def __init__(self):
        self.mean = np.zeros(2)

    def observe(self, x):
        self.mean = 0.9 * self.mean + 0.1 * mean_of(x)

    def offset(self, x):
        return self.mean


class ArrayInPlace(ReplacedArray):
    def observe(self, x):
        self.mean += 0.1 * mean_of(x)


class ArrayAddedLater(Adds):
    def observe(self, x):
        self.mean = mean_of(x)

    def offset(self, x):
        return getattr(self, "mean", 0.0)


class NoneBefore(ArrayAddedLater):
    def __init__(self):
        self.mean = None

    def offset(self, x):
        return 0.0 if self.mean is None else self.mean


class Number(Adds):
    def __init__(self):
        self.count = 0

    def observe(self, x):
        self.count += 1

    def offset(self, x):
        return self.count


class Flag(Adds):
    def __init__(self):
        self.is_trained = False

    def observe(self, x):
        self.is_trained = True

    def offset(self, x):
        return 1.0 if self.is_trained else 0.0


class InAList(Adds):
    def __init__(self):
        self.seen = [0.0]

    def observe(self, x):
        self.seen.append(float(x.real.mean()))

    def offset(self, x):
        return self.seen[-1]


class InADict(Adds):
    def __init__(self):
        self.statistics = {"mean": 0.0}

    def observe(self, x):
        self.statistics["mean"] += float(x.real.mean())

    def offset(self, x):
        return self.statistics["mean"]


class InADeque(InAList):
    def __init__(self):
        self.seen = deque([0.0], maxlen=3)


class Nested(Adds):
    def __init__(self):
        self.tracks = {"running": [np.zeros(2), {"other": np.zeros(2)}]}

    def observe(self, x):
        self.tracks["running"][1]["other"] += mean_of(x)

    def offset(self, x):
        return self.tracks["running"][1]["other"]


class InAnObject(Adds):
    def __init__(self):
        self.tracker = SimpleNamespace(mean=np.zeros(2))

    def observe(self, x):
        self.tracker.mean = mean_of(x)

    def offset(self, x):
        return self.tracker.mean


class InTheWorkspace(Adds):
    def observe(self, x):
        self.workspace["mean"] = mean_of(x)

    def offset(self, x):
        return self.workspace.get("mean", 0.0)


class MeanAndCount(Adds):
    """Two attributes, of which none alone gives the output back."""

    def __init__(self):
        self.total, self.count = np.zeros(2), 0

    def observe(self, x):
        self.total = self.total + x.real.sum(axis=0)
        self.count += len(x)

    def offset(self, x):
        return self.total / max(self.count, 1)


class EitherOfTwo(Adds):
    """Two attributes, of which one is enough."""

    def __init__(self):
        self.first = self.second = False

    def observe(self, x):
        self.first = self.second = True

    def offset(self, x):
        return float(self.first or self.second)


class ArrayOfTheClass(Adds):
    """Updates in place an array that all instances share."""

    mean = np.zeros(2)

    def observe(self, x):
        self.mean += 0.1 * mean_of(x)

    def offset(self, x):
        return self.mean


class NumberOfTheClass(Adds):
    count = 0

    def observe(self, x):
        type(self).count += 1

    def offset(self, x):
        return self.count


class InheritedFromAClass(NumberOfTheClass):
    def observe(self, x):
        NumberOfTheClass.count += 1


class TwoOfThree(Adds):
    """Three attributes: to change or to give back one of them changes nothing."""

    def __init__(self):
        self.first = self.second = self.third = 0

    def observe(self, x):
        self.first = self.second = self.third = 1

    def offset(self, x):
        return float(self.first + self.second + self.third >= 2)


class FailsBefore(Adds):
    """Cannot be asked before it is trained."""

    def observe(self, x):
        self.mean = mean_of(x)

    def offset(self, x):
        return self.mean


class CountAndMean(Adds):
    """Does not read the mean before the first step."""

    def __init__(self):
        self.mean, self.count = None, 0

    def observe(self, x):
        self.mean = mean_of(x)
        self.count += 1

    def offset(self, x):
        return 0.0 + self.mean if self.count else 0.0


class TableBesideMean(Adds):
    """Builds a constant in two steps, which is no state, and keeps a mean, which is one."""

    def __init__(self):
        self.is_built, self.mean = False, 0.0

    def observe(self, x):
        self.mean = mean_of(x)

    def offset(self, x):
        if not self.is_built:
            self.table, self.is_built = np.arange(2.0), True
        return self.table + self.mean


class FirstBatch(Adds):
    """Is fitted to the first batch that it gets, in whichever mode."""

    def offset(self, x):
        if not hasattr(self, "mean"):
            self.mean = mean_of(x)
        return self.mean


class LearnsInBackward(Adds):
    """Makes steps of its own, with an array that is no parameter."""

    def __init__(self):
        self.shift = np.zeros(2)

    def offset(self, x):
        return self.shift

    def backward(self, dy):
        self.shift = self.shift - 0.1 * dy.real.sum(axis=0)
        return dy


class WithAChild(Adds):
    """Has its state in a layer inside."""

    def __init__(self):
        self.steps = [Linear(2, 2), ReplacedArray()]

    def forward(self, x, *, training=False):
        for layer in self.steps:
            x = layer.forward(x, training=training)
        return x

    def backward(self, dy):
        for layer in reversed(self.steps):
            dy = layer.backward(dy)
        return dy


STATEFUL = {
    ReplacedArray: ["mean"],
    ArrayInPlace: ["mean"],
    ArrayAddedLater: ["mean"],
    NoneBefore: ["mean"],
    Number: ["count"],
    Flag: ["is_trained"],
    InAList: ["seen"],
    InADict: ["statistics"],
    InADeque: ["seen"],
    Nested: ["tracks"],
    InAnObject: ["tracker"],
    InTheWorkspace: ["workspace"],
    MeanAndCount: ["total", "count"],
    EitherOfTwo: ["first", "second"],
    ArrayOfTheClass: ["mean"],
    NumberOfTheClass: ["count"],
    InheritedFromAClass: ["count"],
    TwoOfThree: ["second"],
    FailsBefore: ["mean"],
    CountAndMean: ["mean", "count"],
    TableBesideMean: ["mean"],
    FirstBatch: ["mean"],
    LearnsInBackward: ["shift"],
}
"""The attributes that are to be named, for layers that keep them directly."""


class CachesX(Adds):
    def forward(self, x, *, training=False):
        self.x, self.last = x, [x, {"mean": x.mean(axis=0)}]
        return super().forward(x, training=training)


class LazyTable(Adds):
    """Builds a constant when it is first needed."""

    def __init__(self):
        self.table = None

    def offset(self, x):
        if self.table is None:
            self.table = np.cos(np.arange(2.0))
        return self.table


class TablesByLength(Adds):
    def __init__(self):
        self.tables = {}

    def offset(self, x):
        return self.tables.setdefault(len(x), np.cos(np.arange(2.0)))


class CountsCalls(Adds):
    """Remembers what no output depends on."""

    def __init__(self):
        self.calls, self.shapes = 0, []

    def offset(self, x):
        self.calls += 1
        self.shapes.append(x.shape)
        return 0.0


class KeepsABuffer(Adds):
    def __init__(self):
        self.mean = Buffer((2,), init=Zeros())

    def observe(self, x):
        self.mean.value = 0.9 * self.mean.value + 0.1 * mean_of(x)

    def offset(self, x):
        return self.mean.value


class Drops(Adds):
    """Drops units while training, by the model's generator, and keeps the mask."""

    stochastic = True

    def forward(self, x, *, training=False):
        self.mask = self.rng.random(x.shape) < 0.5 if training else np.ones(x.shape)
        return x * self.mask.astype(x.dtype)

    def backward(self, dy):
        return dy * self.mask


class DropsAlways(Adds):
    """Draws random numbers at inference, too, from a generator of its own."""

    def __init__(self):
        self.noise = np.random.default_rng(0)

    def offset(self, x):
        return self.noise.standard_normal(x.shape)


class DrawsGlobally(Adds):
    """Draws from NumPy's global generator."""

    def offset(self, x):
        return np.random.standard_normal(x.shape)  # noqa: NPY002


class NeverTwiceTheSame(Adds):
    """Gives other numbers in each call, out of nowhere."""

    def offset(self, x):
        return next(NUMBERS)


NUMBERS = itertools.count()


class CountsInstances(Adds):
    """Keeps in the class what no output depends on."""

    made: ClassVar = []

    def __init__(self):
        self.made.append(type(self).__name__)

    def observe(self, x):
        self.made.append("used")


class NotANumber(Adds):
    """Gives NaN at inference, the same in the same places."""

    def __init__(self):
        self.count = 0

    def forward(self, x, *, training=False):
        self.count += 1
        return x if training else np.where(x > 0, x, np.nan)


class Learns(Adds):
    """Has a parameter, and a list of what it was."""

    def __init__(self):
        self.shift = Parameter((2,), init=Zeros())
        self.history = []

    def observe(self, x):
        self.history.append(self.shift.value.copy())

    def offset(self, x):
        return self.shift.value

    def backward(self, dy):
        self.shift.grad[...] = dy.sum(axis=0)
        return dy


HARMLESS = [
    Adds,
    CachesX,
    LazyTable,
    TablesByLength,
    CountsCalls,
    KeepsABuffer,
    Drops,
    DropsAlways,
    DrawsGlobally,
    CountsInstances,
    NeverTwiceTheSame,
    NotANumber,
    Learns,
]
"""Layers that keep nothing that the output depends on, or nothing in attributes."""
