"""Whether a gradient follows its argument: it is compared with the cost at other points."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from ...utils.typing import Array
from ..constants import ROUNDING_PER_NOISE
from .analytic_gradient import AnalyticGradient
from .constants import (
    NEARBY_AGREEMENT,
    NEARBY_AGREEMENT_COARSE,
    NEARBY_BOUNDS,
    NEARBY_DISTANCES,
    SAME_GRADIENT,
)
from .cost_function import CostFunction
from .distant_points import distant_points
from .nearby_points import OTHER_MOVES, disturbed, each_alone, moved, random_steps
from .nearby_slopes import NearbySlopes
from .precision.constants import FULL_BITS
from .precision.significant_bits import significant_bits

_ALL = -1
"""For the number of an array: all of them together."""


class NearbyGradient(NamedTuple):
    """A point nearby, how far it is away relative to the parameters, and the gradient there."""

    theta: Array
    distance: float
    gradient: Array


class SecondPoint:
    """The check of a gradient at other points than the given one.

    Parameters
    ----------
    cost : CostFunction
        The cost, at the given point.
    gradient : AnalyticGradient
        The gradient, a callable.
    exact : bool
        Whether the complex step can be used for this cost.
    rng : numpy.random.Generator
        Draws the points and the directions.

    Attributes
    ----------
    nearby : NearbyGradient or None
        The first of these points; None if the functions are not defined around the given one.
    place : str
        Where the gradient was found to be wrong, or would have been.
    """

    def __init__(
        self,
        cost: CostFunction,
        gradient: AnalyticGradient,
        rng: np.random.Generator,
        *,
        exact: bool,
    ) -> None:
        self._cost, self._gradient, self._rng = cost, gradient, rng
        self._exact = exact
        self._origin = cost.theta.copy()
        self.nearby = self._first_nearby()
        self.place = f"at a second point {self.nearby.distance:.0%} away" if self.nearby else ""
        nearby = self.nearby.gradient if self.nearby else gradient.value
        # Zeros tell no format: then the gradient nearby does.
        self._bits = significant_bits(gradient.value) or significant_bits(nearby) or FULL_BITS

    def _first_nearby(self) -> NearbyGradient | None:
        """Return the farthest point at which the cost and its gradient are finite."""
        leaves = self._cost.tree.leaves
        steps = random_steps(self._origin, leaves, self._rng)
        for distance in NEARBY_DISTANCES:
            theta = moved(self._origin, leaves, distance * steps, each_alone)
            gradient = self._gradient_at(theta)
            if gradient is not None:
                return NearbyGradient(theta, distance, gradient)
        return None

    def _gradient_at(self, theta: Array) -> Array | None:
        try:
            if not np.isfinite(self._cost.at(theta)):
                return None
            gradient = self._gradient.at(theta)
        except Exception:  # outside of the domain of either function
            return None
        return gradient if np.isfinite(gradient).all() else None

    def wrong_arrays(self, resolutions: dict[int, float]) -> list[int]:
        """Return those arrays whose gradient is wrong at every point nearby, or far away.

        Parameters
        ----------
        resolutions : dict of int to float
            By the numbers of the arrays, the relative error that was seen at the given point: no
            smaller one is looked for.
        """
        if self.nearby is None:
            return []
        wrong = self._wrong_nearby(self.nearby, resolutions)
        if not wrong:
            wrong = self._wrong_at_a_distance(self.nearby.distance, resolutions)
            self.place = "at a point with its numbers in other places"
        return wrong

    def _wrong_nearby(self, nearby: NearbyGradient, resolutions: dict[int, float]) -> list[int]:
        wrong = self._wrong_at(nearby, list(resolutions), resolutions)
        leaves = self._cost.tree.leaves
        for move in OTHER_MOVES if wrong else ():
            # A formula may hold for symmetric matrices or for unit vectors alone.
            steps = nearby.distance * random_steps(self._origin, leaves, self._rng)
            theta = moved(self._origin, leaves, steps, move)
            gradient = self._gradient_at(theta)
            if gradient is not None:
                point = NearbyGradient(theta, nearby.distance, gradient)
                wrong = self._wrong_at(point, wrong, resolutions)
        return wrong

    def _wrong_at_a_distance(self, moving: float, resolutions: dict[int, float]) -> list[int]:
        """Return those arrays whose gradient is wrong at every point far away."""
        wrong, is_decided = list(resolutions), False
        leaves = self._cost.tree.leaves
        for theta, is_decisive in distant_points(self._origin, leaves, moving, self._rng):
            gradient = self._gradient_at(theta)
            if gradient is None:
                continue
            point = NearbyGradient(theta, moving, gradient)
            if not is_decided and not self._is_wrong_as_a_whole(point, resolutions):
                return []
            is_decided = is_decided or is_decisive
            wrong = self._wrong_at(point, wrong, resolutions)
            if not wrong:
                return []
        return wrong if is_decided else []

    def _is_wrong_as_a_whole(self, point: NearbyGradient, resolutions: dict[int, float]) -> bool:
        """Return whether gradient and cost disagree along one line that moves all arrays."""
        tolerance = self._tolerance(max(resolutions.values(), default=0.0))
        with _at_another_point(self._cost, point.theta):
            return self._is_wrong(point, _ALL, tolerance)

    def has_not_moved(self, number: int) -> bool:
        """Return whether the gradient of an array is that of the given point."""
        if self.nearby is None:
            return False
        part = self._cost.tree.leaves[number].part
        before, after = self._gradient.value[part], self.nearby.gradient[part]
        tolerance = SAME_GRADIENT * float(np.abs(before).max(initial=0.0))
        return bool((np.abs(after - before) <= tolerance).all())

    def unused_arrays(self, zero: list[int]) -> list[int]:
        """Return those of the arrays with a gradient of zero that move the cost nowhere."""
        if self.nearby is None:
            return []
        unused = []
        with _at_another_point(self._cost, self.nearby.theta):
            for number in zero:
                slope, error = self._slopes(number).along(self._direction(number))
                if abs(slope) <= error and not self._of(self.nearby.gradient, number).any():
                    unused.append(number)
        return unused

    def _wrong_at(
        self, point: NearbyGradient, numbers: list[int], resolutions: dict[int, float]
    ) -> list[int]:
        wrong = []
        with _at_another_point(self._cost, point.theta):
            for number in numbers:
                tolerance = self._tolerance(resolutions[number])
                if self._is_wrong_along_most(point, number, tolerance):
                    wrong.append(number)
        return wrong

    def _tolerance(self, resolution: float) -> float:
        agreement = NEARBY_AGREEMENT if self._exact else NEARBY_AGREEMENT_COARSE
        return max(agreement, NEARBY_BOUNDS * max(2.0**-self._bits, resolution))

    def _is_wrong_along_most(self, point: NearbyGradient, number: int, tolerance: float) -> bool:
        """Return whether two of three directions disagree: one may happen to show nothing."""
        first, second = (self._is_wrong(point, number, tolerance) for _ in range(2))
        return (first and second) or (
            (first or second) and self._is_wrong(point, number, tolerance)
        )

    def _is_wrong(self, point: NearbyGradient, number: int, tolerance: float) -> bool:
        """Return whether gradient and cost disagree along a random direction."""
        slopes, direction = self._slopes(number), self._direction(number)
        terms = self._of(point.gradient, number) * direction
        with np.errstate(all="ignore"):
            analytic, size = float(terms.sum()), float(np.sqrt((terms**2).sum()))
            numeric, error = slopes.along(direction)
            gap = abs(analytic - numeric)
            allowed = NEARBY_BOUNDS * error + tolerance * max(size, abs(numeric))
            if not (np.isfinite(gap) and gap > allowed):
                return False
        if self._exact and slopes.complex_step_agrees(direction, analytic, tolerance * size):
            return False
        if gap <= allowed + NEARBY_BOUNDS * self._noise(point, number, direction):
            return False
        return not slopes.short_steps_agree(direction, analytic, tolerance * size)

    def _noise(self, point: NearbyGradient, number: int, direction: Array) -> float:
        """Return the rounding of the analytic slope, revealed by noise on the point."""
        gradients = []
        for theta in (
            point.theta,
            *(disturbed(point.theta, self._bits, self._rng) for _ in range(2)),
        ):
            self._gradient_at(theta)  # a gradient of the call before is none of this point
            gradients.append(self._gradient_at(theta))
        base, *others = gradients
        changes = [0.0]
        for other in others:
            if other is not None and base is not None:
                change = self._of(other - base, number)
                changes.append(abs(float((change * direction).sum())))
        return max(changes) * (ROUNDING_PER_NOISE if self._bits == FULL_BITS else 1)

    def _direction(self, number: int) -> Array:
        steps = random_steps(self._cost.theta, self._cost.tree.leaves, self._rng)
        return self._of(steps, number)

    def _slopes(self, number: int) -> NearbySlopes:
        return NearbySlopes(self._cost, self._region(number), exact=self._exact)

    def _of(self, vector: Array, number: int) -> Array:
        part: Array = vector[self._region(number)]
        return part

    def _region(self, number: int) -> slice:
        if number == _ALL:
            return slice(0, self._origin.size)
        return self._cost.tree.leaves[number].part


@contextmanager
def _at_another_point(cost: CostFunction, theta: Array) -> Iterator[None]:
    arrays = cost.arrays
    originals = {name: array.copy() for name, array in arrays.items()}
    try:
        for array in arrays.values():
            array[:] = theta
        yield
    finally:
        for name, array in arrays.items():
            array[:] = originals[name]
