"""Probes of one array, or of all arrays together, by line integrals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
    NOISE_DOMINATES,
    NOISE_SHARE,
    RANDOM_DIRECTIONS,
    RANDOM_DIRECTIONS_OF_HALF,
    ROUNDING_SAFETY,
    ROUNDING_SAFETY_OF_HALF,
    SHORT_WINDOW,
    SMALL_ARRAY,
    USUAL_CALLS,
)
from .directions import Direction, random_direction, uphill
from .line_integral import Line, LineIntegral, MeanSlope
from .line_search import LineSearch
from .measure import Precision
from .resolution import resolution
from .scale import parameter_scale


@dataclass(frozen=True)
class Probe:
    """A direction and the mean slopes along it."""

    direction: Direction
    slope: MeanSlope


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
        moves = [self._within(region, self._scale)]
        probes: list[Probe] = []
        for number, move in enumerate(moves):
            search = LineSearch(self._integral, is_frugal=self._is_frugal)
            for direction in self._directions(move, self._count // (number + 1)):
                found = search.along(self._line(direction.vector, size))
                probes.append(Probe(direction, found))
                if found.is_wrong:
                    return probes
                if len(probes) == 1 and found.window < SHORT_WINDOW:
                    # Wide windows leave the domain: elements move in proportion to themselves, too.
                    moves.append(self._within(region, np.abs(self._cost.theta)))
        return probes

    def _line(self, direction: Array, size: float) -> Line:
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

    def _directions(self, move: Array, count: int) -> Iterator[Direction]:
        if not move.any():
            return
        yield uphill(self._value, move, self._rng)
        for _ in range(count if np.count_nonzero(move) > 1 else 1):
            yield random_direction(move, self._rng)


def resolution_of(part: slice, gradient: Array, probes: list[Probe]) -> float:
    """Return the resolution of the array at `part` that these probes reach."""
    used = [probe for probe in probes if probe.direction.is_random]
    if part.stop - part.start == 1:
        used = probes
    return resolution(
        gradient[part],
        [probe.direction.vector[part] for probe in used],
        [probe.slope.bar for probe in used],
    )


def noise_dominates(probes: list[Probe]) -> bool:
    """Return whether the error bars come from the noise of the cost."""
    shares = [probe.slope.noise / probe.slope.bar for probe in probes if probe.slope.bar < np.inf]
    return bool(shares) and float(np.median(shares)) > NOISE_DOMINATES
