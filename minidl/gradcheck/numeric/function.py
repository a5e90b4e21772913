"""A function of one array, in real and in complex arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ...utils.typing import Array
from ..constants import (
    BOUND_SAFETY,
    COMPLEX_AGREEMENT,
    EPS,
    KINK_ESCAPE,
    LONG_STEPS,
    LOSS_FACTORS,
    MIN_SLOPE_NEARBY,
    PROBE_CONTRADICTION,
    ROUNDING_ULPS,
    SHARP_AGREEMENT,
    SHARP_STEPS,
    SHORT_STEP_AGREEMENT,
    SLIGHTEST_LOSS,
)
from .differences import (
    ComplexStep,
    NotComplexSafe,
    RichardsonDifference,
    RombergDifference,
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

    def loses_slightly(self, internal_scale: float) -> bool:
        """Return whether the complex step loses a part of the derivative, however small.

        Of x + 1e-6 np.abs(x) a complex number loses the second part of the derivative, which the
        gradient may have forgotten, too. It shows along a line on which no element passes zero,
        where many functions have a kink: there differences over long steps are precise.

        Parameters
        ----------
        internal_scale : float
            The size of the numbers inside of the function, where larger than its values.
        """
        real = self.arrays["real"]
        if real.dtype.kind in "iu" or not real.any():
            return False
        direction = real * np.random.default_rng([0, 5]).uniform(0.5, 1.5, real.shape)
        scheme = RombergDifference(internal_scale, LONG_STEPS)
        try:
            exact, gap, bound = self._gap(scheme, direction, 1.0)
            # Less than the least may be rounded inside, where terms cancel.
            least = SLIGHTEST_LOSS * np.abs(exact).max()
            is_clear = np.abs(gap) > np.maximum(PROBE_CONTRADICTION * bound, least)
            for factor in LOSS_FACTORS if is_clear.any() else ():  # rounding would be another
                _, other_gap, other_bound = self._gap(scheme, direction, factor)
                is_clear &= np.abs(other_gap) > PROBE_CONTRADICTION * other_bound
                is_clear &= np.abs(other_gap - gap) <= bound + other_bound
        except (NotComplexSafe, ValueError, ArithmeticError):  # its domain ends there
            return False
        lost = bool(is_clear.any())
        return lost and not self._is_sharp(direction, exact, exact + gap, is_clear)

    def _gap(
        self, scheme: RombergDifference, direction: Array, factor: float
    ) -> tuple[Array, Array, Array]:
        """Return the slope by the complex step, how far a difference is from it, and its bound."""
        exact, _ = self.directional_derivative(ComplexStep(), direction)
        with np.errstate(all="ignore"):
            slope, bound = self.directional_derivative(scheme, factor * direction)
            return exact, slope / factor - exact, bound / factor

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
        array = self.arrays["real"]
        longest = max(1.0, float(np.abs(array).max())) / float(np.abs(direction).max())
        unconfirmed, gap = differs, np.abs(slope - expected)
        for step in SHARP_STEPS:
            h = step * longest
            right, left = values_at(partial(self.evaluate, "real"), array, ..., direction, h, -h)
            rounding = (np.abs(right) + np.abs(left)) * (ROUNDING_ULPS * EPS / h)
            error = np.abs((right - left) / (2 * h) - slope) + rounding
            unconfirmed = unconfirmed & ~(error <= SHARP_AGREEMENT * gap)
        return not unconfirmed.any()
