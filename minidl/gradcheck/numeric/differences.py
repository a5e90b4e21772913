"""Numeric derivatives along a direction, each with an error bound."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import ArgumentError
from ...utils.typing import Array
from ..constants import EPS

Evaluate = Callable[[], Array]


def check_method(method: str, epsilon: float | None) -> None:
    """Raise `ArgumentError` for what is no method or step."""
    if method not in ("auto", "complex", "central"):
        raise ArgumentError(f"method must be one of 'auto', 'complex', 'central', got {method!r}")
    if epsilon is not None and not (np.isfinite(epsilon) and epsilon > 0):
        raise ArgumentError(
            f"epsilon must be finite and > 0, got {epsilon!r}: the course takes 1e-7"
        )


def over_the_threshold(difference: float, step: CentralDifference) -> str:
    """Return why a right gradient is over the course's threshold."""
    return (
        f"the difference {difference:.4g} is over the course's threshold of 1e-7, yet within the error bars of "
        f"epsilon={step.h:g}: it is the rounding of the difference quotients, not a bug; the complex step has none"
    )


class NotComplexSafe(Exception):
    """A function refuses complex numbers or loses their imaginary part."""


def values_at(
    f: Evaluate, array: Array, index: Any, direction: Any, *lengths: complex
) -> list[Array]:
    """Return f() for array[index] moved by each length along `direction`, and put it back."""
    kept = np.array(array[index])
    found = []
    try:
        for length in lengths:
            array[index] = kept + length * direction
            found.append(np.array(f()))  # a copy: it may be a view of what is put back below
    finally:
        array[index] = kept
    return found


class ComplexStep:
    """Im f(x + ihu) / h, exact to rounding (Squire, Trapp, 1998)."""

    name = "complex step"
    kind = "complex"
    h = 1e-60  # leaves room for deep nets of tiny weights

    def along(self, f: Evaluate, array: Array, index: Any, direction: Any) -> tuple[Array, Array]:
        """Return (slope, error bound), or raise `NotComplexSafe`."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                (y,) = values_at(f, array, index, direction, 1j * self.h)
        except (TypeError, np.exceptions.ComplexWarning) as error:
            raise NotComplexSafe(str(error)) from None
        if not np.iscomplexobj(y):
            raise NotComplexSafe("the result is real")
        # The imaginary part must be tiny, but not denormal: slopes over 1e50 have no bound.
        return y.imag / self.h, np.where(
            np.abs(y.imag) < 1e-10, float(np.finfo(np.float64).tiny) / self.h, np.inf
        )


class AffineDifference:
    """(f(x + hu) - f(x)) / h with a large h, where f is affine."""

    name = "affine difference"
    kind = "real"

    def __init__(self, f: Evaluate) -> None:
        self._base = np.array(f())
        scale = float(np.abs(self._base).max(initial=1.0))
        self.h = 2.0 ** (14 + np.ceil(np.log2(scale))) if scale < 1e300 else np.inf

    def along(self, f: Evaluate, array: Array, index: Any, direction: Any) -> tuple[Array, Array]:
        """Return (slope, error bound)."""
        (y,) = values_at(f, array, index, direction, self.h)
        # 32: sums inside f pass through larger numbers.
        return (y - self._base) / self.h, (np.abs(y) + np.abs(self._base)) * (32 * EPS / self.h)


class RichardsonDifference:
    """Richardson's extrapolation of central differences with steps h, h / 2 and h / 4.

    `unit` is the size of the numbers inside f, where larger than f: log(1 + 1e-9) is known to within eps of 1.
    """

    name = "central differences (Richardson)"
    kind = "real"
    relative_h = 2.0**-12

    def __init__(self, unit: float = 0.0) -> None:
        self.unit = unit

    def along(self, f: Evaluate, array: Array, index: Any, direction: Any) -> tuple[Array, Array]:
        """Return (slope, error bound), of several h the best; at a kink the bound covers both one-sided slopes."""
        size = float(np.abs(array[index]).max(initial=0.0))
        first = self.relative_h / (float(np.abs(direction).max(initial=0.0)) or 1.0)
        longer = int(np.log2(size) // 8) + 1 if size > 16 else 0
        (base,) = values_at(f, array, index, direction, 0.0)
        slope, error = np.zeros(base.shape), np.full(base.shape, np.inf)
        for power in (0, *range(8, 8 * longer + 1, 8), -6, -12, -18):
            h = first * 2.0**power
            try:
                values = values_at(f, array, index, direction, h, -h, h / 2, -h / 2, h / 4, -h / 4)
            except (ValueError, ArithmeticError):  # outside of the domain
                continue
            found, bound = self._richardson(values, base, size, h)
            # All may have saturated within a longer step: it must agree with the shorter ones.
            better = (bound < error) & (
                (power < 0) | ~np.isfinite(error) | (np.abs(found - slope) <= error + bound)
            )
            slope, error = np.where(better, found, slope), np.where(better, bound, error)
            if bool(np.all(error <= 1e-5 * np.abs(slope) + 1e-9 * np.abs(slope).max(initial=0.0))):
                break
        return slope, error

    def _richardson(
        self, values: list[Array], base: Array, size: float, h: float
    ) -> tuple[Array, Array]:
        far, far_back, mid, mid_back, near, near_back = values
        coarse, fine, finest = (
            (far - far_back) / (2 * h),
            (mid - mid_back) / h,
            (near - near_back) / (h / 2),
        )
        slope = (4 * finest - fine) / 3
        rounding = (
            np.abs(base) + np.abs(far) + np.abs(far_back) + np.abs(slope) * size + self.unit
        ) * (16 * EPS / h)
        # The gap between the one-sided slopes halves with h, but at a kink.
        gap_mid, gap_near = (
            np.abs(mid + mid_back - 2 * base) / (h / 2),
            np.abs(near + near_back - 2 * base) / (h / 4),
        )
        kink = np.where(gap_near > 0.55 * gap_mid + 4 * rounding, gap_near, 0.0)
        # One difference alone may be small by accident, near a kink.
        rough = np.abs(finest - fine) + 0.25 * np.abs(fine - coarse) + kink
        # Far from convergence such bounds are guesses themselves.
        rough = rough * np.where(
            rough <= 1e-3 * np.abs(slope), 4.0, np.where(rough <= 0.05 * np.abs(slope), 10.0, 100.0)
        )
        bound = rough + rounding
        return slope, np.where(np.isfinite(bound), bound, np.inf)


class CentralDifference:
    """(f(x + hu) - f(x - hu)) / 2h with a given h, as courses teach it."""

    kind = "real"

    def __init__(self, h: float) -> None:
        self.h = h
        self.name = f"central differences, epsilon = {h:g}"

    def along(self, f: Evaluate, array: Array, index: Any, direction: Any) -> tuple[Array, Array]:
        """Return (slope, error bound)."""
        h = self.h
        plus, minus, farther, before, base = values_at(
            f, array, index, direction, h, -h, 2 * h, -2 * h, 0.0
        )
        slope = (plus - minus) / (2 * h)
        rounding = (np.abs(plus) + np.abs(minus)) * (8 * EPS / h)
        kink = np.abs(plus + minus - 2 * base) / h
        return slope, np.abs((farther - before) / (4 * h) - slope) + rounding + kink


Step = ComplexStep | AffineDifference | RichardsonDifference | CentralDifference
