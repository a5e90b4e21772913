"""Probes of one array of a gradient along directions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...utils.typing import Array
from ..constants import COST_ULPS, EPS, ROUGHNESS_SAFETY, ROUNDING_PER_NOISE, SUMMATION_ULPS
from ..numeric.differences import ComplexStep, RombergDifference, Scheme
from ..rounding.probes import MIN_FLAT_STEP, ProbeValues, directional_check, flat_direction
from .analytic_gradient import AnalyticGradient
from .cost_function import CostFunction
from .slope_noise import slope_noise


@dataclass(frozen=True)
class ArrayProbes:
    """One array of a gradient, beside slopes of the cost.

    Attributes
    ----------
    cost, gradient, scheme
        The cost as a function of this array, its gradient, and how slopes are computed.
    """

    cost: CostFunction
    gradient: AnalyticGradient
    scheme: Scheme

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.cost.tree.leaves[0].shape

    @property
    def value(self) -> Array:
        """The array itself, as a vector."""
        return self.cost.theta

    @property
    def analytic(self) -> Array:
        """The gradient under test, as a vector."""
        return self.gradient.value

    def slope(self, direction: Array) -> tuple[float, float]:
        """Return the slope of the cost along a direction, and a bound of its error."""
        return self.cost.slope(self.scheme, ..., direction)

    def element(self, place: int, sign: float = 1.0) -> tuple[float, float]:
        """Return the slope of the cost for one element, moved to one side, and its bound."""
        slope, error = self.cost.slope(self.scheme, place, sign)
        return slope, error + SUMMATION_ULPS * EPS * abs(slope)

    def along(self, direction: Array) -> ProbeValues:
        """Return both slopes along a direction, and the bar of their difference."""
        values = directional_check(self.analytic, [], direction, *self.slope(direction))
        with np.errstate(all="ignore"):
            spread = float(np.abs(self._noise @ direction).max(initial=0.0))
        moved = max(int(np.count_nonzero(direction)), 1)
        floor = SUMMATION_ULPS * self.gradient.precisions[0] * values.terms / moved**0.5
        # Steps of Romberg's extrapolation are in units of the direction.
        is_relative = isinstance(self.scheme, RombergDifference)
        reach = 1.0 if is_relative else float(np.abs(direction).max())
        cost_rounding = COST_ULPS * EPS * abs(self.cost.base) * reach
        noise = spread * ROUNDING_PER_NOISE
        jitter = float(np.linalg.norm(self.gradient.jitter * direction))
        bar = values.bar + floor + jitter + (noise if np.isfinite(noise) else 0.0)
        gap = abs(values.analytic - values.numeric)
        if not isinstance(self.scheme, ComplexStep) or not self.gradient.is_callable:
            bar += cost_rounding
        elif bar < gap <= bar + cost_rounding:
            # Rounding at the size of the cost is allowed where it is seen.
            seen = slope_noise(self.cost, ..., direction, np.random.default_rng(0)).deviation
            bar += min(cost_rounding, ROUGHNESS_SAFETY * seen)
        return values._replace(bar=bar)

    @cached_property
    def _noise(self) -> Array:
        """How much noise of some ulps changes the array, one row for each run."""
        runs = [run - self.analytic for run in self.gradient.noisy]
        noise: Array = np.array(runs).reshape(len(runs), self.analytic.size)
        return noise

    def resolution(self, flat_probes: list[ProbeValues]) -> float:
        """Return the error of one element that is seen along directions of equal steps.

        It is relative to the norm of the array.
        """
        largest = float(np.abs(self.analytic).max(initial=0.0))
        if not 0 < largest < np.inf:
            return np.inf
        norm = float(np.linalg.norm(self.analytic / largest))  # squares overflow or vanish
        return max(probe.bar for probe in flat_probes) / largest / (MIN_FLAT_STEP * norm)

    def nearby(self, step: float, rng: np.random.Generator) -> ArrayProbes:
        """Return the probes at a point nearby, at which other elements keep their values."""
        size = float(np.abs(self.value).max(initial=0.0)) or 1.0
        theta = self.value + step * size * flat_direction(self.value, rng)
        return replace(self, cost=self.cost.moved_to(theta), gradient=self.gradient.moved_to(theta))
