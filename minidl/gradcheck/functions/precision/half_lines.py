"""Lines along which a gradient in half precision is compared with a reference."""

from __future__ import annotations

from copy import copy

import numpy as np

from ....utils.typing import Array
from ..analytic_gradient import AnalyticGradient
from ..cost_function import CostFunction
from .constants import (
    CLEAR_UNITS,
    COARSEST_UNIT,
    FIRST_WINDOW,
    MAX_WINDOWS,
    NARROWEST_UNITS,
    PERSISTENCE_DISTANCES,
    PILOT_LINES,
    REFERENCE_PAIRS,
    SHORT_WINDOW,
    WINDOW_SHRINKS,
    WORTH_NARROWING,
)
from .directions import Direction, random_direction, uphill
from .line_integral import Line, LineIntegral
from .measure import Precision
from .relative_gaps import RelativeGap
from .scale import parameter_scale


class HalfLines:
    """Measures relative gaps along lines within one array.

    All lines are as long as suits the first of them: in long ones rounding differs from node to
    node, and averages; short ones cross few kinks.

    Attributes
    ----------
    value : ndarray of shape (n,)
        The gradient of the array.
    """

    def __init__(
        self,
        part: slice,
        cost: CostFunction,
        gradient: AnalyticGradient,
        precision: Precision,
        rng: np.random.Generator,
    ) -> None:
        self._part, self._cost, self._rng = part, cost, rng
        self.value: Array = gradient.value[part]
        self._integral = LineIntegral(cost, gradient, precision, rng)
        # A unit above that of bfloat16 is the noise of kinks between neighbours.
        self._unit = min(max(precision.gradient.units), COARSEST_UNIT)
        self._scale = parameter_scale(cost.tree)[part]
        self._distance = PERSISTENCE_DISTANCES[0] if self.value.size == 1 else 0.0
        self._window = 0.0
        self._first = self._choose_window()

    def uphill(self, count: int, effort: int = 1) -> list[RelativeGap]:
        """Return the gaps along directions in which the terms of the slope add up."""
        directions = [uphill(self.value, self._scale, self._rng) for _ in range(count)]
        return self._along(directions, effort)

    def random(self, count: int, effort: int = 1) -> list[RelativeGap]:
        """Return the gaps along random directions; of one element, through random points."""
        directions = self._random(count - len(self._first))
        return self._first + self._along(directions, effort)

    def elsewhere(self) -> HalfLines:
        """Return lines each of which goes through another point: kinks near this one are far."""
        lines = copy(self)
        lines._distance = PERSISTENCE_DISTANCES[0]
        lines._first = lines._choose_window()
        return lines

    def again(self, gap: RelativeGap, distance: float) -> RelativeGap | None:
        """Return the gap along the same direction at another point."""
        return self._gap(gap.vector, gap.size, 1, distance)

    def _choose_window(self) -> list[RelativeGap]:
        """Take the window with the smallest error bars; return what was measured there."""
        best, least, first = 0.0, np.inf, list[RelativeGap]()
        for number in range(MAX_WINDOWS):
            self._window = FIRST_WINDOW / WINDOW_SHRINKS**number
            if first and self._window < NARROWEST_UNITS * self._unit:
                break
            gaps = self._along(self._random(PILOT_LINES))
            bar = float(np.median([gap.bar for gap in gaps])) if gaps else np.inf
            if bar < WORTH_NARROWING * least:
                best, least, first = self._window, bar, gaps
            if least <= CLEAR_UNITS * self._unit:
                break
        self._window = best
        return first

    def _random(self, count: int) -> list[Direction]:
        if self.value.size == 1:
            return [uphill(self.value, self._scale, self._rng) for _ in range(count)]
        # Where wide windows leave the domain, elements move in proportion to themselves, too.
        moves = [self._scale]
        near = np.abs(self._cost.theta[self._part])
        if self._window < SHORT_WINDOW and near.any():
            moves.append(near)
        return [random_direction(moves[n % len(moves)], self._rng) for n in range(count)]

    def _along(self, directions: list[Direction], effort: int = 1) -> list[RelativeGap]:
        gaps = []
        for vector, is_random in directions:
            terms = self.value * vector
            size = float(np.linalg.norm(terms)) if is_random else float(np.abs(terms).sum())
            gap = self._gap(vector, size, effort, self._distance) if size > 0 else None
            if gap is not None:
                gaps.append(gap)
        return gaps

    def _gap(self, vector: Array, size: float, effort: int, distance: float) -> RelativeGap | None:
        integral = self._integral.moved(distance) if distance else self._integral
        slope = integral.over_window(self._line(vector), self._window, REFERENCE_PAIRS, effort)
        return RelativeGap(vector, slope, size) if np.isfinite(slope.bar) else None

    def _line(self, vector: Array) -> Line:
        direction = np.zeros(self._cost.theta.size)
        direction[self._part] = vector
        size = float(np.linalg.norm(self.value * vector))
        return Line(direction, size, self._unit * size)
