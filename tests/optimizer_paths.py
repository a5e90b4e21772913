"""Helpers of the tests of optimizers: all classes, gradients, and the path of theta."""

from dataclasses import dataclass

import numpy as np
import pytest

from minidl import (
    Cosine,
    Optimizer,
    Schedule,
    WarmUp,
    optimizers,
)
from minidl.optimizers.full_batch import FullBatchOptimizer
from minidl.utils.parts import exported_parts

KINDS = [
    kind
    for kind in exported_parts(optimizers, Optimizer)
    if not issubclass(kind, FullBatchOptimizer)
]
each = pytest.mark.parametrize("kind", KINDS)


GRADS = np.random.default_rng(0).standard_normal((30, 4))


SCHEDULE = WarmUp(5, Cosine(0.2, 20, 0.01))


@dataclass(frozen=True)
class Listed(Schedule):
    rates: tuple

    def __call__(self, step):
        return self.rates[step]


class Signs(Optimizer):
    """A custom optimizer without code for schedules and clipping."""

    state_names = ("seen",)

    def init_state(self, theta):
        self.seen = 0

    def update(self, theta, grad):
        self.seen += 1
        theta -= self.learning_rate * np.sign(grad) * np.abs(grad).max()


def walk(optimizer, grads=GRADS, theta=None):
    theta = np.ones(4) if theta is None else theta
    path = []
    for grad in grads:
        optimizer.step(theta, grad)
        path.append(theta.copy())
    return np.array(path)
