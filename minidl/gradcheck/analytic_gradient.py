"""The gradient under test, and its rounding error."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..utils.typing import Array
from .constants import (
    NOISY_RUNS,
    ROUGHNESS_POINTS,
    ROUGHNESS_STEPS,
    SIXTH_DIFFERENCE_VARIANCE,
)
from .cost_function import CostFunction
from .rounding.noise import ulp_noise


class AnalyticGradient:
    """The gradient of a cost, as a function of the parameters or as ready-made arrays.

    Attributes
    ----------
    value : ndarray of shape (P,)
        The gradient at the point.
    precisions : list of float
        The relative precision of each array.
    noisy : list of ndarray
        The gradient under noise on all that flows; empty for ready-made arrays.
    is_callable : bool
        Whether the gradient can be computed again.
    """

    def __init__(self, gradients: Any, cost: CostFunction, rng: np.random.Generator) -> None:
        self._gradients, self._cost, self._rng = gradients, cost, rng
        self.is_callable = callable(gradients)
        theta = cost.theta
        self.value, self.precisions = self._at(theta)
        self.noisy = [
            ulp_noise(self._at(ulp_noise(theta, rng))[0], rng)
            for _ in range(NOISY_RUNS if self.is_callable else 0)
        ]

    def _at(self, theta: Array) -> tuple[Array, list[float]]:
        tree = self._cost.tree
        if not self.is_callable:
            return tree.flatten(self._gradients)
        self._cost.call_at(theta)
        return tree.flatten(self._gradients(tree.unflatten(theta)))

    def roughness(self) -> Array:
        """Return the noise of each element, from sixth differences along a line.

        It shows rounding that a few ulps of noise leave hidden (Moré and Wild, 2011).
        """
        theta = self._cost.theta
        largest = np.zeros(theta.size)
        direction = theta * self._rng.uniform(-1, 1, theta.size)
        for length in ROUGHNESS_STEPS:
            gradients = np.array(
                [self._at(theta + length * k * direction)[0] for k in range(ROUGHNESS_POINTS)]
            )
            squares = (np.diff(gradients, 6, axis=0) ** 2).mean(axis=0)
            largest = np.maximum(largest, squares / SIXTH_DIFFERENCE_VARIANCE)
        deviation: Array = np.sqrt(largest)
        return deviation
