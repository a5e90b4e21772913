"""Lines along which a gradient in half precision is compared with a reference."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace

import numpy as np

from ....utils.typing import Array
from ..analytic_gradient import AnalyticGradient
from ..cost_function import CostFunction
from .constants import (
    CLEAR_UNITS,
    COARSEST_UNIT,
    FIRST_WINDOW,
    HALF_MISTAKE,
    LEAST_LINES,
    MAX_WINDOWS,
    NARROWEST_UNITS,
    PERSISTENCE_DISTANCES,
    PILOT_LINES,
    REFERENCE_PAIRS,
    SAME_GRADIENT,
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
        self._first = self._choose_window(self._random_gaps)

    def uphill(self, count: int, effort: int = 1) -> list[RelativeGap]:
        """Return the gaps along directions in which the terms of the slope add up."""
        gaps = []
        for _ in range(count):
            integral = self._through(self._distance)
            value = integral.value[self._part]
            if not np.isfinite(value).all():
                continue
            vector = uphill(value, self._scale, self._rng).vector
            gaps.append(self._gap(integral, vector, float(np.abs(value * vector).sum()), effort))
        return [gap for gap in gaps if gap is not None]

    def random(self, count: int, effort: int = 1) -> list[RelativeGap]:
        """Return the gaps along random directions; of one element, through random points."""
        directions = self._random(count - len(self._first))
        return self._first + self._along(directions, effort)

    def agree(self) -> bool:
        """Return whether the two sides are about the same, and not noise and zero."""
        slopes = [gap.slope for gap in self.random(LEAST_LINES)]
        gaps = np.array([slope.analytic - slope.numeric for slope in slopes])
        sizes = np.array([max(abs(slope.analytic), abs(slope.numeric)) for slope in slopes])
        return float(np.linalg.norm(gaps)) < SAME_GRADIENT * float(np.linalg.norm(sizes))

    def elsewhere(self) -> HalfLines:
        """Return lines each of which goes through another point: kinks near this one are far."""
        lines = copy(self)
        lines._distance = PERSISTENCE_DISTANCES[0]
        lines._first = lines._choose_window(lines._random_gaps)
        return lines

    def uphill_elsewhere(self) -> HalfLines:
        """Return the same lines in windows that suit those along the gradient."""
        lines = copy(self)
        lines._distance = PERSISTENCE_DISTANCES[0]
        lines._choose_window(lines.uphill)
        lines._first = []
        return lines

    def again(self, gap: RelativeGap, distance: float) -> RelativeGap | None:
        """Return the gap along the same direction at another point."""
        return self._gap(self._through(distance), gap.vector, gap.size, 1, is_again=True)

    def _choose_window(self, measure: Callable[[int], list[RelativeGap]]) -> list[RelativeGap]:
        """Take the window with the smallest error bars; return what was measured there."""
        best, least, first = 0.0, np.inf, list[RelativeGap]()
        for number in range(MAX_WINDOWS):
            self._window = FIRST_WINDOW / WINDOW_SHRINKS**number
            if first and self._window < NARROWEST_UNITS * self._unit:
                break
            gaps = measure(PILOT_LINES)
            bar = float(np.median([gap.bar for gap in gaps])) if gaps else np.inf
            if bar < WORTH_NARROWING * least:
                best, least, first = self._window, bar, gaps
            if least <= CLEAR_UNITS * self._unit:
                break
        self._window = best
        return first

    def _random_gaps(self, count: int) -> list[RelativeGap]:
        return self._along(self._random(count))

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
            gaps.append(self._gap(self._through(self._distance), vector, size, effort))
        return [gap for gap in gaps if gap is not None]

    def _through(self, distance: float) -> LineIntegral:
        """Return the integral through the point, or through another one so far away."""
        return self._integral.moved(distance) if distance else self._integral

    def _gap(
        self,
        integral: LineIntegral,
        vector: Array,
        size: float,
        effort: int,
        *,
        is_again: bool = False,
    ) -> RelativeGap | None:
        line = self._line(vector)
        # A spike at the point, as of an element on a kink, is not there at other points.
        slope = integral.over_window(line, self._window, REFERENCE_PAIRS, effort, has_spikes=False)
        if not (size > 0 and np.isfinite(slope.bar)):
            return None
        gap = RelativeGap(vector, slope, size)
        if not (abs(gap.value) > HALF_MISTAKE + gap.bar and integral.jumps(line, slope.window)):
            return gap
        # No mistake persists at a jump.
        agreed = gap._replace(slope=replace(slope, numeric=slope.analytic))
        return agreed if is_again else None

    def _line(self, vector: Array) -> Line:
        direction = np.zeros(self._cost.theta.size)
        direction[self._part] = vector
        size = float(np.linalg.norm(self.value * vector))
        return Line(direction, size, self._unit * size)
