"""The slopes of a cost at a point nearby, each in several ways."""

from __future__ import annotations

import numpy as np

from ...utils.typing import Array
from ..constants import EPS, ROUNDING_ULPS
from ..numeric.differences import ComplexStep, NotComplexSafe
from .constants import NEARBY_BOUNDS, NEARBY_SHORT_STEPS, NEARBY_STEPS
from .cost_function import CostFunction
from .precision.constants import FULL_BITS
from .precision.safe_calls import value_or_nan
from .precision.significant_bits import significant_bits


class NearbySlopes:
    """The slopes of a cost, while one of its arrays moves.

    Parameters
    ----------
    cost : CostFunction
        The cost, moved to the point.
    region : slice
        The place of the array in the vector of the parameters.
    exact : bool
        Whether the complex step can be used.
    """

    def __init__(self, cost: CostFunction, region: slice, *, exact: bool) -> None:
        self._cost, self._region, self._exact = cost, region, exact

    def along(self, direction: Array) -> tuple[float, float]:
        """Return the slope along a direction, and how far two ways differ.

        Differences over several steps show noise, kinks, and an imaginary part that gets lost.
        """
        quotients, values = [], list[float]()
        for step in NEARBY_STEPS:
            right, left = self._values(direction, step)
            quotients.append((right - left) / (2 * step))
            values += right, left
        finest, size = quotients[-1], max(map(abs, values))
        spread = max(abs(quotient - finest) for quotient in quotients)
        # The values of a cost in float32 may all be equal, where its slope is small.
        unit = 2.0 ** -(significant_bits(np.array(values)) or FULL_BITS)
        spread += max(ROUNDING_ULPS * EPS, unit) * size / NEARBY_STEPS[-1]
        if self._exact:
            try:
                slope, error = self._cost.slope(ComplexStep(), self._region, direction)
            except NotComplexSafe:
                return finest, spread
            if abs(slope - finest) <= NEARBY_BOUNDS * spread:
                return slope, error
        return finest, spread

    def complex_step_agrees(self, direction: Array, analytic: float, tolerance: float) -> bool:
        """Return whether the complex step has the slope of the gradient.

        Differences of a function that oscillates may agree with each other on another one.
        """
        try:
            slope, error = self._cost.slope(ComplexStep(), self._region, direction)
        except NotComplexSafe:
            return False
        return abs(slope - analytic) <= error + tolerance

    def short_steps_agree(self, direction: Array, analytic: float, tolerance: float) -> bool:
        """Return whether two short steps in a row have the slope of the gradient.

        A function that oscillates has no such slope over longer ones.
        """
        agrees = False
        for step in NEARBY_SHORT_STEPS:
            right, left = self._values(direction, step)
            before, agrees = agrees, abs((right - left) / (2 * step) - analytic) <= tolerance
            if before and agrees and right != left:
                return True
        return False

    def _values(self, direction: Array, step: float) -> tuple[float, float]:
        """Return the cost where the array has moved by a step forth, and back."""
        values = []
        for length in (step, -step):
            point = self._cost.theta.copy()
            point[self._region] += length * direction
            values.append(value_or_nan(self._cost, point))
        return values[0], values[1]
