"""The gradient under test, and its rounding error."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np

from ...utils.typing import Array
from ..constants import NOISY_RUNS, ROUGHNESS_POINTS, ROUGHNESS_STEPS, SIXTH_DIFFERENCE_VARIANCE
from ..rounding.noise import ulp_noise
from .constants import JITTER_SAFETY, REPEATS
from .cost_function import CostFunction
from .repeatability import compare_calls


class AnalyticGradient:
    """The gradient of a cost, as a function of the parameters or as ready-made arrays.

    Attributes
    ----------
    value : ndarray of shape (P,)
        The gradient at the point.
    leaves : list of Leaf
        The arrays.
    precisions : list of float
        The relative precision of each array.
    noisy : list of ndarray
        The gradient under noise on all that flows; empty for ready-made arrays.
    is_callable : bool
        Whether the gradient can be computed again.
    calls_forward : bool
        Whether it needs no call of the cost before it, as its attribute of that name says.
    repeatability : Repeatability
        Whether further calls at the same point return the same.
    jitter : ndarray of shape (P,)
        How far chance changes each element; zero for a gradient that is no random number.
    is_stuck : ndarray of bool
        Which elements do not change at all along the line of `roughness`.
    moved : set of str
        The names of the arrays of its argument that a call has changed.
    """

    def __init__(self, gradients: Any, cost: CostFunction, rng: np.random.Generator) -> None:
        self._gradients, self._cost, self._rng = gradients, cost, rng
        self.is_callable = callable(gradients)
        self.calls_forward = bool(getattr(gradients, "calls_forward", False))
        theta = cost.theta
        self.leaves = cost.tree.leaves
        self.moved: set[str] = set()
        self.value, self.precisions = self._evaluate(theta)
        repeats = [self.at(theta) for _ in range(REPEATS if self.is_callable else 0)]
        self.noisy = [
            ulp_noise(self.at(ulp_noise(theta, rng)), rng)
            for _ in range(NOISY_RUNS if self.is_callable else 0)
        ]
        runs = [self.value, *repeats]
        self.repeatability = compare_calls(runs, self.noisy, self.leaves, self.precisions)
        self.jitter = np.zeros(theta.size)
        self.is_stuck = np.zeros(theta.size, bool)
        if self.repeatability.kind:
            self.noisy = []  # they show what is kept between calls, not rounding
        if self.repeatability.kind == "random":
            self.jitter = JITTER_SAFETY * np.ptp(runs, axis=0)

    def part(self, numbers: list[int]) -> AnalyticGradient:
        """Return the gradient of some arrays; all others keep their values."""
        places = np.concatenate([np.arange(*_ends(self._cost, number)) for number in numbers])
        part = copy(self)
        part._cost = self._cost.part(numbers)
        part.leaves = part._cost.tree.leaves
        part.value, part.jitter = self.value[places], self.jitter[places]
        part.precisions = [self.precisions[number] for number in numbers]
        part.noisy = [run[places] for run in self.noisy]
        return part

    def moved_to(self, theta: Array) -> AnalyticGradient:
        """Return the gradient at another point; its rounding is taken to be that of here."""
        moved = copy(self)
        moved._cost = self._cost.moved_to(theta)
        moved.value = moved.at(theta)
        moved.noisy = [run + (moved.value - self.value) for run in self.noisy]
        return moved

    def at(self, theta: Array) -> Array:
        """Return the gradient at the vector `theta`, after a call of the cost there.

        A gradient that goes back from the last forward pass needs that call.
        """
        return self._evaluate(theta)[0]

    def _evaluate(self, theta: Array) -> tuple[Array, list[float]]:
        tree = self._cost.tree
        if not self.is_callable:
            return tree.flatten(self._gradients)
        if not self.calls_forward:
            self._cost.at(theta)
        return self._call(theta)

    def alone(self) -> Array:
        """Return the gradient at the point, without a call of the cost before it."""
        return self._call(self._cost.theta)[0]

    def _call(self, theta: Array) -> tuple[Array, list[float]]:
        tree = self._cost.tree
        argument = tree.unflatten(theta)
        with np.errstate():  # what gradients sets holds for itself alone
            flat = tree.flatten(self._gradients(argument))
        self.moved |= set(tree.changed(argument, theta))
        return flat

    def roughness(self) -> Array:
        """Return the noise of each element, from sixth differences along a line.

        It shows rounding that a few ulps of noise leave hidden (Moré and Wild, 2011).
        """
        theta = self._cost.theta
        largest = np.zeros(theta.size)
        direction = theta * self._rng.uniform(-1, 1, theta.size)
        for length in ROUGHNESS_STEPS:
            gradients = np.array(
                [self.at(theta + length * k * direction) for k in range(ROUGHNESS_POINTS)]
            )
            squares = (np.diff(gradients, 6, axis=0) ** 2).mean(axis=0)
            largest = np.maximum(largest, squares / SIXTH_DIFFERENCE_VARIANCE)
        self.is_stuck = np.ptp(gradients, axis=0) == 0
        deviation: Array = np.sqrt(largest)
        return deviation


def _ends(cost: CostFunction, number: int) -> tuple[int, int]:
    part = cost.tree.leaves[number].part
    return part.start, part.stop
