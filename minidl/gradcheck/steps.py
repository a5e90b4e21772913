"""Numeric derivatives along a direction: the oracles that a hand-written backward is held against.

Each step asks a function f() of an array that it perturbs in place and puts back. It returns the derivative of f() and a bound of
its own error, element by element of f().

ComplexStep   Im f(x + ihu) / h. Exact to rounding, has no step to choose, cannot cross a kink (Squire, Trapp, 1998).
AffineStep    (f(x + hu) - f(x)) / h with a large h: exact to rounding where f is affine in x; real arithmetic, thus fast.
CentralStep   Richardson's extrapolation of (f(x + hu) - f(x - hu)) / 2h, with an error bar; for code that complex numbers break.
CourseStep    (f(x + hu) - f(x - hu)) / 2h with the h that is asked for, as courses teach it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from ..arrays import Array
from ..errors import ArgumentError

EPS = float(np.finfo(np.float64).eps)

METHODS = ("auto", "complex", "central")
COURSE_THRESHOLD = 1e-7

Function = Callable[[], Array]


def check_method(method: str, epsilon: float | None) -> None:
    """Raise `ArgumentError` unless `method` is one of `METHODS` and `epsilon` None or > 0."""
    if method not in METHODS:
        raise ArgumentError(f"method must be one of {', '.join(map(repr, METHODS))}, got {method!r}")
    if epsilon is not None and not (np.isfinite(epsilon) and epsilon > 0):
        raise ArgumentError(f"epsilon must be finite and > 0, got {epsilon!r}: the course takes 1e-7")


def over_the_threshold(difference: float, step: CourseStep) -> str:
    """Return why a right gradient is over the course's threshold."""
    return (
        f"the difference {difference:.4g} is over the course's threshold of 1e-7, yet within the error bars of "
        f"epsilon={step.h:g}: it is the rounding of the difference quotients, not a bug; the complex step has none"
    )


class NotComplexSafe(Exception):
    """A function refuses complex numbers or loses their imaginary part."""


class Step(Protocol):
    """What every step offers."""

    name: str
    kind: str  # the arithmetic that it wants: "complex" or "real"

    def along(self, f: Function, array: Array, index: Any, direction: Any) -> tuple[Array, Array]:
        """Return (derivative of f, error bound) for array[index] moving along `direction`."""
        ...


class ComplexStep:
    """Im f(x + ihu) / h."""

    name = "complex step"
    kind = "complex"
    h = 1e-60  # any h below about 1e-20 gives the same; this one leaves room for deep nets of tiny weights

    def along(self, f: Function, array: Array, index: Any, direction: Any) -> tuple[Array, Array]:
        """Return the imaginary part over h; raise `NotComplexSafe` where there is none."""
        kept = np.array(array[index])
        array[index] = kept + 1j * (self.h * direction)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                y = np.array(f())  # a copy: the result may be a view of what is put back below
        except (TypeError, np.exceptions.ComplexWarning) as error:
            raise NotComplexSafe(str(error)) from None
        finally:
            array[index] = kept
        if not np.iscomplexobj(y):
            raise NotComplexSafe("the result is real")
        slope = y.imag / self.h
        # The imaginary part must stay tiny, but not denormal: slopes of 1e50 and more, or 1e-248 and less, are beyond this method.
        return slope, np.where(np.abs(y.imag) < 1e-10, float(np.finfo(np.float64).tiny) / self.h, np.inf)


class AffineStep:
    """(f(x + hu) - f(x)) / h for a function that is affine in x: the larger h, the smaller the rounding error."""

    name = "affine difference"
    kind = "real"

    def __init__(self, f: Function) -> None:
        self._base = np.array(f())
        scale = float(np.abs(self._base).max(initial=0.0))
        self.h = 2.0**14 * (2.0 ** np.ceil(np.log2(scale)) if 1 < scale < 1e300 else 1.0 if scale <= 1 else np.inf)

    def along(self, f: Function, array: Array, index: Any, direction: Any) -> tuple[Array, Array]:
        """Return the difference quotient."""
        kept = np.array(array[index])
        array[index] = kept + self.h * direction
        try:
            y = f()
            slope = (y - self._base) / self.h
            # 32: the sums inside f pass through larger numbers than they end with.
            return slope, (np.abs(y) + np.abs(self._base)) * (32 * EPS / self.h)
        finally:
            array[index] = kept


class CentralStep:
    """Richardson's extrapolation of central differences with steps h, h / 2 and h / 4; its error is estimated, kinks included.

    Parameters
    ----------
    unit : float, default 0
        The size of the numbers inside f, where it is larger than f itself: log(1 + 1e-9) is known to within eps of 1, not of 1e-9.
    """

    name = "central differences (Richardson)"
    kind = "real"
    relative_h = 2.0**-12

    def __init__(self, unit: float = 0.0) -> None:
        self.unit = unit

    def along(self, f: Function, array: Array, index: Any, direction: Any) -> tuple[Array, Array]:
        """Return the extrapolated slope; the error bound grows to the gap between the one-sided slopes at a kink.

        Where rounding hides the slope longer steps are tried, and where f is not smooth within the step, or not defined, shorter ones:
        each element of f() takes the estimate with the smallest bound.
        """
        kept = np.array(array[index])
        size = float(np.abs(kept).max(initial=0.0))
        first = self.relative_h / (float(np.abs(direction).max(initial=0.0)) or 1.0)
        longer = int(np.log2(size) // 8) + 1 if size > 16 else 0
        ladder = [0, *range(8, 8 * longer + 1, 8), -6, -12, -18]

        def at(t: float) -> Array:
            array[index] = kept + t * direction
            return np.array(f())

        try:
            base = at(0.0)
            slope, error = np.zeros(base.shape), np.full(base.shape, np.inf)
            for power in ladder:
                try:
                    found, bound = self._richardson(at, base, size, first * 2.0**power)
                except (ValueError, ArithmeticError):  # outside of the domain
                    continue
                # A longer step must agree with the shorter ones: all may have saturated within it.
                better = (bound < error) & ((power < 0) | ~np.isfinite(error) | (np.abs(found - slope) <= error + bound))
                slope, error = np.where(better, found, slope), np.where(better, bound, error)
                if bool(np.all(error <= 1e-5 * np.abs(slope) + 1e-9 * np.abs(slope).max(initial=0.0))):
                    break
        finally:
            array[index] = kept
        return slope, error

    def _richardson(self, at: Callable[[float], Array], base: Array, size: float, h: float) -> tuple[Array, Array]:
        far, mid, near = (at(h), at(-h)), (at(h / 2), at(-h / 2)), (at(h / 4), at(-h / 4))
        coarse, fine, finest = (far[0] - far[1]) / (2 * h), (mid[0] - mid[1]) / h, (near[0] - near[1]) / (h / 2)
        slope = (4 * finest - fine) / 3
        # Both f and the step itself are rounded.
        rounding = (np.abs(base) + np.abs(far[0]) + np.abs(far[1]) + np.abs(slope) * size + self.unit) * (16 * EPS / h)
        # Of a smooth function the gap between the one-sided slopes halves with h; at a kink it does not.
        gap_mid, gap_near = np.abs(mid[0] + mid[1] - 2 * base) / (h / 2), np.abs(near[0] + near[1] - 2 * base) / (h / 4)
        kink = np.where(gap_near > 0.55 * gap_mid + 4 * rounding, gap_near, 0.0)
        # Two differences: one alone may be small by accident where a kink of f or of its slope lies just within the step.
        rough = np.abs(finest - fine) + 0.25 * np.abs(fine - coarse) + kink
        # Far from convergence such bounds are guesses themselves: many kinks within one step.
        rough = rough * np.where(rough <= 1e-3 * np.abs(slope), 4.0, np.where(rough <= 0.05 * np.abs(slope), 10.0, 100.0))
        bound = rough + rounding
        return slope, np.where(np.isfinite(bound), bound, np.inf)


class CourseStep:
    """(f(x + hu) - f(x - hu)) / 2h with a given h: what the course teaches, its truncation and rounding included."""

    kind = "real"

    def __init__(self, h: float) -> None:
        self.h = h
        self.name = f"central differences, epsilon = {h:g}"

    def along(self, f: Function, array: Array, index: Any, direction: Any) -> tuple[Array, Array]:
        """Return the difference quotient; its error bound is estimated from a second one with twice the step."""
        kept = np.array(array[index])

        def at(t: float) -> Array:
            array[index] = kept + t * direction
            return np.array(f())

        try:
            plus, minus, farther, before, base = at(self.h), at(-self.h), at(2 * self.h), at(-2 * self.h), at(0.0)
        finally:
            array[index] = kept
        slope = (plus - minus) / (2 * self.h)
        rounding = (np.abs(plus) + np.abs(minus)) * (8 * EPS / self.h)
        gap = np.abs(plus + minus - 2 * base) / self.h
        return slope, np.abs((farther - before) / (4 * self.h) - slope) + rounding + gap
