"""Ties: elements on kinks whose gradients are right one by one, and wrong together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from ...utils.typing import Array
from ..constants import EPS, MIN_JUMP, ONE_SIDED_STEP, ROUNDING_ULPS
from ..numeric.differences import ComplexStep, values_at
from ..numeric.numeric_gradient import NumericGradient
from .constants import TIE_ANGLES, TIE_SCALES, TIED_ELEMENTS
from .cost_function import CostFunction


class NoSubgradient(NamedTuple):
    """Two elements whose gradients are no subgradient, and the closest one in their plane."""

    elements: tuple[int, int]
    closest: Array
    tolerance: float


class Subgradients:
    """Tests the gradients of elements that share a kink, in their common plane.

    At the tie of max(a, b) each slope between 0 and 1 is right for a alone and for b alone; but
    only gradients with a sum of 1 are subgradients. In the plane of two elements the gradients next
    to the point are known from its sides: their convex hull is what is right (Clarke, 1983).
    """

    def __init__(self, cost: CostFunction, *, exact: bool) -> None:
        self._cost, self._exact = cost, exact
        self._steps = ONE_SIDED_STEP * np.maximum(1.0, np.abs(cost.theta))

    def violations(
        self, numeric: NumericGradient, analytic: Array, rng: np.random.Generator
    ) -> list[NoSubgradient]:
        """Return pairs of elements on kinks that are wrong together.

        Parameters
        ----------
        numeric : NumericGradient
            Has the elements on kinks.
        analytic : ndarray of shape (P,)
            The gradient.
        rng : numpy.random.Generator
            Draws the elements that are tested, if there are many.
        """
        if numeric.lower is None or numeric.upper is None:
            return []
        kinks = np.flatnonzero(numeric.lower != numeric.upper)
        found = []
        for first in map(int, rng.permutation(kinks)[:TIED_ELEMENTS]):
            if self._depends_on(first, kinks[:0], 1.0, numeric):
                continue  # close to a kink, not on it
            second = self._partner(first, kinks, numeric)
            if second is None:
                continue
            tests = [self._test(first, second, analytic, scale) for scale in TIE_SCALES]
            if all(tests) and tests[0] is not None:
                found.append(tests[0])
        return found

    def _partner(self, element: int, kinks: Array, numeric: NumericGradient) -> int | None:
        """Return another element that decides on which side of its kink this one is."""
        others = kinks[kinks != element]
        for sign in (1.0, -1.0):
            if not self._depends_on(element, others, sign, numeric):
                continue
            group = others
            while len(group) > 1:
                half, rest = np.array_split(group, 2)
                group = half if self._depends_on(element, half, sign, numeric) else rest
            if self._depends_on(element, group, sign, numeric):
                return int(group[0])
        return None

    def _depends_on(
        self, element: int, others: Array, sign: float, numeric: NumericGradient
    ) -> bool:
        """Return whether the slopes of an element are others once others have moved."""
        if numeric.lower is None or numeric.upper is None:
            return False
        with self._moved(others, sign * self._steps[others]):
            slopes = [self._slope(element, 1.0), self._slope(element, -1.0)]
        before = sorted([float(numeric.lower[element]), float(numeric.upper[element])])
        gap = float(np.abs(np.sort(slopes) - before).max())
        return gap > MIN_JUMP * max(map(abs, [*before, *slopes])) + self._rounding(element)

    def _test(self, first: int, second: int, analytic: Array, scale: float) -> NoSubgradient | None:
        pair = np.array([first, second])
        sides = []
        for angle in (np.arange(TIE_ANGLES) + 0.5) * (2 * np.pi / TIE_ANGLES):
            moves = scale * self._steps[pair] * [np.cos(angle), np.sin(angle)]
            with self._moved(pair, moves):
                sides.append([self._slope(index, scale) for index in (first, second)])
        corners = np.array(sides)
        if not np.isfinite(corners).all():
            return None
        size = float(np.abs(corners).max())
        tolerance = MIN_JUMP * size + (self._rounding(first) + self._rounding(second)) / scale
        closest = _closest_in_hull(analytic[pair], corners)
        if float(np.linalg.norm(closest - analytic[pair])) <= tolerance:
            return None
        return NoSubgradient((first, second), closest, tolerance)

    @contextmanager
    def _moved(self, places: Array, moves: Array) -> Iterator[None]:
        arrays = self._cost.arrays
        originals = {name: array[places] for name, array in arrays.items()}
        try:
            for array in arrays.values():
                array[places] += moves
            yield
        finally:
            for name, array in arrays.items():
                array[places] = originals[name]

    def _slope(self, index: int, scale: float) -> float:
        """Return the slope of an element to the side of `scale`, within the step of the moves."""
        if self._exact:
            sign = float(np.sign(scale))
            return sign * self._cost.slope(ComplexStep(), index, sign)[0]
        h = scale * self._steps[index] / TIE_ANGLES
        values = values_at(self._cost.value, self._cost.theta, index, 1.0, 0.0, h)
        return float((values[1].real - values[0].real) / h)

    def _rounding(self, index: int) -> float:
        if self._exact:
            return 0.0
        return ROUNDING_ULPS * EPS * abs(self._cost.base) * TIE_ANGLES / float(self._steps[index])


def _closest_in_hull(point: Array, corners: Array) -> Array:
    """Return the point of the convex hull of corners in the plane that is closest to `point`."""
    if _is_inside(point, corners):
        return point.copy()
    best, closest = np.inf, corners[0]
    for start in corners:
        for end in corners:
            edge = end - start
            length = float(edge @ edge)
            part = float(np.clip((point - start) @ edge / length, 0, 1)) if length > 0 else 0.0
            candidate = start + part * edge
            distance = float(np.linalg.norm(candidate - point))
            if distance < best:
                best, closest = distance, candidate
    return np.array(closest)


def _is_inside(point: Array, corners: Array) -> bool:
    """Return whether no line separates a point from the corners."""
    angles = np.sort(np.arctan2(*(corners - point).T[::-1]))
    gaps = np.diff(np.append(angles, angles[0] + 2 * np.pi))
    return bool(gaps.max() < np.pi)
