"""An array of a gradient, and the probes that can be made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...utils.typing import Array
from ..rounding.probes import ProbeValues

MovedElement = tuple[float, float]
"""The slope of one element that is moved alone, and a bound of its error."""


@dataclass(frozen=True)
class ProbedArray:
    """An array of a gradient, whose numeric derivatives are known along chosen directions.

    Attributes
    ----------
    analytic : ndarray
        The gradient under test.
    values_along : callable
        ``values_along(direction)`` returns what a probe along a direction of that shape shows.
    element : callable
        ``element(i)`` returns (slope, error bound) of the element number i in row-major order.
    """

    analytic: Array
    values_along: Callable[[Array], ProbeValues]
    element: Callable[[int], MovedElement]

    def error_in_bars(self, direction: Array) -> float:
        """Return how wrong the gradient is along a direction: above 1 it is wrong."""
        return _in_bars(self.values_along(direction), 0.0)

    def agrees(self, numeric: Array, direction: Array) -> bool:
        """Return whether `numeric` has the slope of the function along a direction."""
        with np.errstate(all="ignore"):
            change = float(((numeric - self.analytic) * direction).sum())
        return _in_bars(self.values_along(direction), change) <= 1

    def elements(self, places: Array) -> tuple[Array, Array]:
        """Return the slopes and their error bounds at `places`, numbers of elements."""
        values = np.array([self.element(int(i)) for i in places], float).reshape(-1, 2)
        return values[:, 0], values[:, 1]


def _in_bars(values: ProbeValues, change: float) -> float:
    gap = abs(values.analytic + change - values.numeric)
    if gap == 0:
        return 0.0
    return gap / values.bar if np.isfinite(gap) and values.bar > 0 else float("inf")
