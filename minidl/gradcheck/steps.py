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

EPS = float(np.finfo(np.float64).eps)

Function = Callable[[], Array]


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
        return slope, np.zeros_like(slope)


class AffineStep:
    """(f(x + hu) - f(x)) / h for a function that is affine in x: the larger h, the smaller the rounding error."""

    name = "affine difference"
    kind = "real"

    def __init__(self, f: Function) -> None:
        self._base = np.array(f())
        scale = float(np.abs(self._base).max(initial=0.0))
        self.h = 2.0 ** (14 + max(0, int(np.ceil(np.log2(scale))) if scale > 0 else 0))

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
    """Richardson's extrapolation of central differences with steps h and h / 2; its error is estimated, kinks included."""

    name = "central differences (Richardson)"
    kind = "real"
    relative_h = 2.0**-12

    def along(self, f: Function, array: Array, index: Any, direction: Any) -> tuple[Array, Array]:
        """Return the extrapolated slope; the error bound grows to the gap between the one-sided slopes at a kink.

        A step that leaves the domain of f (it raises, or is no longer finite) is made shorter, and given up with an infinite bound.
        """
        kept = np.array(array[index])
        longest = float(np.abs(direction).max(initial=0.0)) or 1.0
        h = self.relative_h * max(1.0, float(np.abs(kept).max(initial=0.0))) / longest

        def at(t: float) -> Array:
            array[index] = kept + t * direction
            return np.array(f())

        try:
            base = at(0.0)
            for _ in range(4):
                try:
                    far, near = (at(h), at(-h)), (at(h / 2), at(-h / 2))
                except (ValueError, ArithmeticError):
                    h *= 2.0**-8
                    continue
                if np.isfinite(far).all() or not np.isfinite(base).all():
                    break
                h *= 2.0**-8
            else:
                return np.zeros(base.shape), np.full(base.shape, np.inf)
        finally:
            array[index] = kept
        coarse, fine = (far[0] - far[1]) / (2 * h), (near[0] - near[1]) / h
        size = np.abs(base) + np.abs(far[0]) + np.abs(far[1])
        rounding = size * (8 * EPS / h)
        # Of a smooth function the gap between the one-sided slopes halves with h; at a kink it stays.
        gap_far, gap_near = np.abs(far[0] + far[1] - 2 * base) / h, np.abs(near[0] + near[1] - 2 * base) / (h / 2)
        kink = np.where(gap_near > 0.7 * gap_far + 4 * rounding, gap_near, 0.0)
        return (4 * fine - coarse) / 3, np.abs(fine - coarse) + rounding + kink


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
