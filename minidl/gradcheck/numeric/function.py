"""A function of one array, in real and in complex arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ...utils.typing import Array
from ..constants import (
    BOUND_SAFETY,
    COMPLEX_AGREEMENT,
    EPS,
    KINK_ESCAPE,
    MIN_SLOPE_NEARBY,
    ROUNDING_ULPS,
    SHARP_AGREEMENT,
    SHARP_STEPS,
    SHORT_STEP_AGREEMENT,
)
from .differences import (
    ComplexStep,
    NotComplexSafe,
    RichardsonDifference,
    Scheme,
    values_at,
)


def real_and_complex(x: Array) -> dict[str, Array]:
    """Return copies of `x` in "real" and in "complex" arithmetic; integers stay as they are."""
    if x.dtype.kind in "iu":
        return {"real": x.copy(), "complex": x.copy()}
    return {"real": x.copy(), "complex": x.astype(np.complex128)}


_LOST = "got lost"


class Function(NamedTuple):
    """A function of one array.

    `evaluate(arithmetic)` computes it from `arrays[arithmetic]`, "real" or "complex".
    """

    evaluate: Callable[[str], Array]
    arrays: dict[str, Array]

    def directional_derivative(
        self, scheme: Scheme, direction: Any, index: Any = ...
    ) -> tuple[Array, Array]:
        """Return (slope, error bound) for array[index] moving along `direction`."""
        f = partial(self.evaluate, scheme.arithmetic)
        return scheme.along(f, self.arrays[scheme.arithmetic], index, direction)

    def why_not_complex_safe(
        self, name: str, rng: np.random.Generator, central: RichardsonDifference
    ) -> str:
        """Return why the complex step cannot be used, or "" if it can."""
        direction = rng.standard_normal(self.arrays["real"].shape)
        reason = self._why_not_along(name, direction, central)
        if reason.endswith(_LOST) and self._is_safe_nearby(direction):
            return ""
        return reason

    def _is_safe_nearby(self, direction: Array) -> bool:
        """Return whether the complex step can be used at a random point nearby.

        At a kink the complex step takes one side for each element; no difference along a
        direction does. Away from the kinks both are the same.
        """
        real = self.arrays["real"]
        size = float(np.sqrt(np.mean(real**2))) or 1.0
        child = np.random.default_rng(0)
        offset = child.uniform(0.5, 1.0, real.shape) * child.choice([-1.0, 1.0], real.shape)
        before = {arithmetic: array.copy() for arithmetic, array in self.arrays.items()}
        here, _ = self.directional_derivative(ComplexStep(), direction)
        try:
            for array in self.arrays.values():
                array[...] += KINK_ESCAPE * size * offset
            nearby, _ = self.directional_derivative(ComplexStep(), direction)
            if np.abs(nearby).max() < MIN_SLOPE_NEARBY * np.abs(here).max():
                return False  # it saturates there, which shows nothing
            return self._short_steps_agree(direction, nearby, size)
        except Exception:  # of a function that refuses points around this one
            return False
        finally:
            for arithmetic, array in self.arrays.items():
                array[...] = before[arithmetic]

    def _short_steps_agree(self, direction: Array, slope: Array, size: float) -> bool:
        """Return whether a central difference over some short step has the same slopes."""
        longest = size / float(np.abs(direction).max())
        largest = np.abs(slope).max()
        f = partial(self.evaluate, "real")
        for step in SHARP_STEPS:
            h = step * longest
            right, left = values_at(f, self.arrays["real"], ..., direction, h, -h)
            if (np.abs((right - left) / (2 * h) - slope) <= SHORT_STEP_AGREEMENT * largest).all():
                return True
        return False

    def _why_not_along(self, name: str, direction: Array, central: RichardsonDifference) -> str:
        try:
            slope, _ = self.directional_derivative(ComplexStep(), direction)
        except NotComplexSafe as error:
            return str(error)
        expected, bound = self.directional_derivative(central, direction)
        with np.errstate(all="ignore"):
            largest = np.abs(expected).max(initial=0.0)
            tolerance = COMPLEX_AGREEMENT * largest + BOUND_SAFETY * bound
            differs = np.abs(slope - expected) > tolerance
        is_computable = np.isfinite(expected).all()
        if is_computable and slope.size and np.isnan(slope).all():
            return f"its derivative for {name} is NaN"
        lost = is_computable and differs.any()
        if lost and not self._is_sharp(direction, slope, expected, differs):
            return f"its derivative for {name} {_LOST}"
        return ""

    def _is_sharp(self, direction: Array, slope: Array, expected: Array, differs: Array) -> bool:
        """Return whether short steps confirm the slope of the complex step where others differ.

        A function that saturates within a long step has another slope there. An imaginary part
        that got lost is missing at each step.
        """
        largest = float(np.abs(self.arrays["real"]).max())
        longest = max(1.0, largest) / float(np.abs(direction).max())
        steps = [step * longest for step in SHARP_STEPS]
        confirmed = self.confirms(slope, np.abs(slope - expected), direction, steps)
        return not (differs & ~confirmed).any()

    def confirms(
        self, slope: Array, gap: Array, direction: Array, steps: Sequence[float], index: Any = ...
    ) -> Array:
        """Return which slopes a central difference over some short step confirms.

        Parameters
        ----------
        slope : ndarray
            The slopes along the direction, by the complex step.
        gap : ndarray
            How far they are from those over longer steps, from which they are to be told.
        direction : ndarray
            The direction in which array[index] moves.
        steps : sequence of float
            The short steps, in units of the direction.
        index : object, default ...
            The elements that move.

        Returns
        -------
        ndarray of bool
        """
        confirmed = np.zeros(np.shape(slope), bool)
        for h in steps:
            right, left = values_at(
                partial(self.evaluate, "real"), self.arrays["real"], index, direction, h, -h
            )
            rounding = (np.abs(right) + np.abs(left)) * (ROUNDING_ULPS * EPS / h)
            error = np.abs((right - left) / (2 * h) - slope) + rounding
            confirmed |= error <= SHARP_AGREEMENT * np.abs(gap)
        return confirmed
