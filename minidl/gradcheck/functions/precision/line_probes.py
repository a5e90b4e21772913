"""Probes of one array, or of all arrays together, by line integrals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, cycle, islice

import numpy as np

from ....utils.typing import Array
from ..analytic_gradient import AnalyticGradient
from ..cost_function import CostFunction
from .constants import (
    BAR_DEVIATIONS,
    CALLS_OF_LINE,
    FEW_ELEMENTS,
    LEAST_DIRECTIONS,
    LOW_PRECISION,
    MAX_LINE_PAIRS,
    MOST_AVERAGED,
    NEAR_LINES,
    NOISE_DOMINATES,
    NOISE_SHARE,
    RANDOM_DIRECTIONS,
    RANDOM_DIRECTIONS_OF_HALF,
    RESOLUTION_GOAL,
    ROUNDING_SAFETY,
    ROUNDING_SAFETY_OF_HALF,
    SHORT_WINDOW,
    SMALL_ARRAY,
    SMALL_ELEMENT,
    USUAL_CALLS,
    WIDE_WINDOW,
    WITHIN_REACH,
)
from .line_integral import Line, LineIntegral, MeanSlope
from .line_search import LineSearch
from .lines import Lines, Probe
from .measure import Precision
from .resolution import resolution
from .scale import parameter_scale


class LineProbes:
    """Probes the gradient of one cost."""

    def __init__(
        self,
        cost: CostFunction,
        gradient: AnalyticGradient,
        precision: Precision,
        rng: np.random.Generator,
        budget: int = USUAL_CALLS,
    ) -> None:
        self._cost, self._gradient, self._precision = cost, gradient, precision
        self._rng = rng
        usual = RANDOM_DIRECTIONS_OF_HALF if precision.is_half else RANDOM_DIRECTIONS
        self._count = int(np.clip(budget // CALLS_OF_LINE, LEAST_DIRECTIONS, usual))
        self._is_frugal = self._count < usual
        self._integral = LineIntegral(cost, gradient, precision, rng)
        self._scale = parameter_scale(cost.tree)
        self._value = np.where(np.isfinite(gradient.value), gradient.value, 0.0)

    def along(self, region: slice, size: float = 0.0) -> list[Probe]:
        """Return probes of `region`; the last of them is wrong if any is.

        `size` is the size of the slopes, where that of the gradient says nothing.
        """
        probes = self._probes(region, size)
        inside = max((probe.slope.inside for probe in probes), default=0.0)
        return [replace(probe, slope=self._as_later(probe.slope, inside)) for probe in probes]

    def _as_later(self, slope: MeanSlope, inside: float) -> MeanSlope:
        """Return a slope with the bar that it has by what later lines showed.

        These are stairs, or rounding inside, of which a line with a small gap happens to show
        little: a mistake might hide in as much of it.
        """
        if not np.isfinite(slope.bar):
            return slope
        bar = slope.bar if slope.is_wrong else max(slope.bar, 2 * inside)
        if self._integral.has_stairs:
            bar = max(bar, self._integral.shared_noise(slope.window))
        return replace(slope, bar=bar)

    def _probes(self, region: slice, size: float) -> list[Probe]:
        main = self._lines(self._within(region, self._scale), size)
        probes = list(main.take(1))
        others: list[Lines] = []
        if not probes or probes[0].slope.is_wrong:
            return probes
        if probes[0].slope.window < SHORT_WINDOW:
            # Wide windows leave the domain: elements move in proportion to themselves, too.
            others = [self._lines(self._within(region, np.abs(self._cost.theta)), size)]
            probes += others[0].take(1)
            if main.relative_bar(probes[-1]) < main.relative_bar(probes[0]):
                main, others = others[0], [main]
        if probes[-1].slope.is_wrong:
            return probes
        usual = chain(main.take(self._count), *(each.take(self._count // 2) for each in others))
        lines = chain(usual, self._until_fine([main, *others], probes, region))
        for probe in chain(lines, () if others else self._near(region, size)):
            probes.append(probe)
            if probe.slope.is_wrong:
                break
        return probes

    def _near(self, region: slice, size: float) -> Iterator[Probe]:
        """Yield probes with elements that move in proportion to themselves, if some are small.

        As a wide window goes over the pole of 1 / x, what is wrong near a small x averages out.
        """
        theta = np.abs(self._cost.theta)
        small = theta < SMALL_ELEMENT * self._scale
        if (small & (theta > 0))[region].any():
            yield from self._lines(self._within(region, theta), size).take(NEAR_LINES)

    def _lines(self, move: Array, size: float) -> Lines:
        search = LineSearch(self._integral, is_frugal=self._is_frugal)
        return Lines(self._value, move, partial(self._line, size=size), search, self._rng)

    def _until_fine(
        self, kinds: list[Lines], probes: list[Probe], region: slice
    ) -> Iterator[Probe]:
        """Yield twice as many probes, at most, while an array is close to the resolution aimed at.

        `probes` are all that were made, these included.
        """
        parts = [leaf.part for leaf in self._cost.tree.leaves]
        within = [part for part in parts if region.start <= part.start and part.stop <= region.stop]
        if self._is_frugal or (len(within) > 1 and not noise_dominates(probes)):
            return
        for lines in islice(cycle(kinds), 2 * self._count):
            reached = [resolution_of(part, self._value, probes) for part in within]
            if not any(
                RESOLUTION_GOAL < each <= WITHIN_REACH * RESOLUTION_GOAL for each in reached
            ):
                return
            lines.search.pairs = 2 * MAX_LINE_PAIRS
            yield from lines.take(1)

    def _line(self, direction: Array, size: float = 0.0) -> Line:
        """Return the line along `direction`, with the rounding of the analytic slope."""
        terms = self._value * direction
        squares, bias, sizes = 0.0, 0.0, []
        noise = self._precision.gradient
        for leaf, unit in zip(self._cost.tree.leaves, noise.units, strict=True):
            of_array = terms[leaf.part]
            sizes.append(float(np.linalg.norm(of_array)))
            few = max(1.0, FEW_ELEMENTS / of_array.size**0.5)
            is_half = unit > LOW_PRECISION
            safety = ROUNDING_SAFETY_OF_HALF if is_half else ROUNDING_SAFETY
            rounding = safety * few * unit * sizes[-1]
            if unit > NOISE_SHARE:  # the gradient is nothing but rounding
                moved = noise.deviation[leaf.part] * direction[leaf.part]
                rounding = BAR_DEVIATIONS * float(np.linalg.norm(moved))
                rounding += float(np.abs(of_array).sum())
            squares += rounding**2
            bias += min(unit, 1.0) * abs(float(of_array.sum())) / 2
        total = float(np.linalg.norm(sizes))
        least = min((part for part in sizes if part > SMALL_ARRAY * total), default=total)
        return Line(direction, size or least, float(np.sqrt(squares)) + bias)

    def _within(self, region: slice, move: Array) -> Array:
        within = np.zeros(move.size)
        within[region] = move[region]
        return within


def resolution_of(part: slice, gradient: Array, probes: list[Probe]) -> float:
    """Return the resolution of the array at `part` that these probes reach."""
    used = [probe for probe in probes if probe.direction.is_random]
    if part.stop - part.start == 1:
        used = probes
    reached = resolution(
        gradient[part],
        [probe.direction.vector[part] for probe in used],
        [probe.slope.bar for probe in used],
    )
    return reached / _averaged(gradient, used)


def _averaged(gradient: Array, probes: list[Probe]) -> float:
    """Return which part of the slopes at the point is left of those that are averaged over lines.

    Where the gradient turns within a line, so does an error that is a part of it.
    """
    used = [probe for probe in probes if 0 < probe.slope.bar < np.inf]
    at_point = [np.linalg.norm(gradient * p.direction.vector) / p.slope.bar for p in used]
    averaged = [probe.slope.analytic / probe.slope.bar for probe in used]
    part = float(np.linalg.norm(averaged)) / (float(np.linalg.norm(at_point)) or 1.0)
    return part if 0 < part < MOST_AVERAGED else 1.0


def noise_dominates(probes: list[Probe]) -> bool:
    """Return whether the error bars come from the noise of the cost, in wide windows.

    Lines along fewer arrays would have the same.
    """
    slopes = [probe.slope for probe in probes if probe.slope.bar < np.inf]
    if not slopes:
        return False
    share = float(np.median([slope.noise / slope.bar for slope in slopes]))
    return share > NOISE_DOMINATES and max(slope.window for slope in slopes) >= WIDE_WINDOW
