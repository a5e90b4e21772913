"""Numeric derivatives along a direction, each with an error bound."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ...utils.typing import Array
from ..constants import COMPLEX_STEP, EPS, ROUNDING_ULPS
from .constants import (
    AFFINE_MAX_SIZE,
    AFFINE_ROUNDING_ULPS,
    AFFINE_STEP_EXPONENT,
    CENTRAL_ROUNDING_ULPS,
    CENTRAL_SAFETY,
    COARSE_WEIGHT,
    ESTIMATE_SAFETY,
    EVEN_ORDERS,
    JUMP_ORDERS,
    MAX_IMAGINARY,
    ODD_ORDERS,
    PRECISE_WEIGHT,
    RICHARDSON_CONVERGED,
    RICHARDSON_LONG_FROM,
    RICHARDSON_LONGER,
    RICHARDSON_NEGLIGIBLE,
    RICHARDSON_PRECISE,
    RICHARDSON_ROUNDED,
    RICHARDSON_SHORTER,
    RICHARDSON_STEP,
    ROMBERG_EXPONENTS,
    ROMBERG_SAFETY,
    ROMBERG_STEPS,
)

Evaluate = Callable[[], Array]


class NotComplexSafe(Exception):
    """A function refuses complex numbers or loses their imaginary part."""


def values_at(
    f: Evaluate, array: Array, index: Any, direction: Any, *lengths: complex
) -> list[Array]:
    """Return f() with array[index] moved by each length along `direction`, then restore it."""
    original = np.array(array[index])
    values = []
    try:
        for length in lengths:
            array[index] = original + length * direction
            values.append(np.array(f()))  # a copy: it may be a view of what is restored below
    finally:
        array[index] = original
    return values


def place_of_loss(error: Exception) -> str:
    """Return where an imaginary part was lost, such as " in line 12 of model.py", or ""."""
    if not isinstance(error, np.exceptions.ComplexWarning):
        return ""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f" in line {frame.lineno} of {Path(frame.filename).name}"


class ComplexStep:
    """Im f(x + ihu) / h, exact to rounding (Squire and Trapp, 1998)."""

    name = "complex step"
    arithmetic = "complex"
    h = COMPLEX_STEP

    def __init__(self, h: float = COMPLEX_STEP) -> None:
        self.h = h

    def along(self, f: Evaluate, array: Array, index: Any, direction: Any) -> tuple[Array, Array]:
        """Return (slope, error bound), or raise `NotComplexSafe`."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                (y,) = values_at(f, array, index, direction, 1j * self.h)
        except (TypeError, np.exceptions.ComplexWarning) as error:
            raise NotComplexSafe(f"{error}{place_of_loss(error)}") from None
        if not np.iscomplexobj(y):
            raise NotComplexSafe("the result is real")
        smallest_slope = float(np.finfo(np.float64).tiny) / self.h  # below it numbers are denormal
        bound = np.where(np.abs(y.imag) < MAX_IMAGINARY, smallest_slope, np.inf)
        return y.imag / self.h, bound


class AffineDifference:
    """(f(x + hu) - f(x)) / h with a large h, for an affine f."""

    name = "affine difference"
    arithmetic = "real"

    def __init__(self, f: Evaluate) -> None:
        self._base = np.array(f())
        size = float(np.abs(self._base).max(initial=1.0))
        self.h = np.inf
        if size < AFFINE_MAX_SIZE:
            self.h = 2.0 ** (AFFINE_STEP_EXPONENT + np.ceil(np.log2(size)))

    def along(self, f: Evaluate, array: Array, index: Any, direction: Any) -> tuple[Array, Array]:
        """Return (slope, error bound)."""
        (y,) = values_at(f, array, index, direction, self.h)
        bound = (np.abs(y) + np.abs(self._base)) * (AFFINE_ROUNDING_ULPS * EPS / self.h)
        return (y - self._base) / self.h, bound


@dataclass(frozen=True)
class RichardsonDifference:
    """Richardson's extrapolation of central differences with the steps h, h / 2 and h / 4.

    `internal_scale` is the size of the numbers inside f, where larger than f itself: log(1 + 1e-9)
    is only known to within EPS of 1. If `is_precise`, all steps are tried, and the best is taken;
    otherwise the first that is good enough.
    """

    internal_scale: float = 0.0
    is_precise: bool = False
    name: ClassVar[str] = "central differences (Richardson)"
    arithmetic: ClassVar[str] = "real"

    def along(self, f: Evaluate, array: Array, index: Any, direction: Any) -> tuple[Array, Array]:
        """Return (slope, error bound) of the best of several h.

        At a kink the bound covers both one-sided slopes.
        """
        size = float(np.abs(array[index]).max(initial=0.0))
        first_h = RICHARDSON_STEP / (float(np.abs(direction).max(initial=0.0)) or 1.0)
        (base,) = values_at(f, array, index, direction, 0.0)
        slope, bound = np.zeros(base.shape), np.full(base.shape, np.inf)
        exponents = _step_exponents(size)
        if self.is_precise:
            exponents = tuple(sorted((*exponents, *RICHARDSON_PRECISE)))
        noise, is_rounded = np.full(base.shape, np.inf), np.full(base.shape, True)
        for exponent in exponents:
            h = first_h * 2.0**exponent
            try:
                values = values_at(f, array, index, direction, h, -h, h / 2, -h / 2, h / 4, -h / 4)
            except (ValueError, ArithmeticError):  # outside of the domain of f
                continue
            new_slope, new_bound = self._extrapolate(_SymmetricValues(*values), base, size, h)
            # f may have saturated over the whole of a longer step: it must agree with a shorter.
            consistent = np.abs(new_slope - slope) <= bound + new_bound
            if self.is_precise:  # from the shortest step: rounding falls with h, all else grows
                consistent &= is_rounded
                noise = np.minimum(noise, new_bound * h)
                is_rounded = is_rounded & (new_bound * h <= RICHARDSON_ROUNDED * noise)
            elif exponent < 0:
                consistent = np.full(base.shape, True)
            better = (new_bound < bound) & (~np.isfinite(bound) | consistent)
            slope, bound = np.where(better, new_slope, slope), np.where(better, new_bound, bound)
            if not self.is_precise and bool(np.all(bound <= _converged_bound(slope))):
                break
        return slope, bound

    def _extrapolate(
        self, values: _SymmetricValues, base: Array, size: float, h: float
    ) -> tuple[Array, Array]:
        coarse = (values.far_right - values.far_left) / (2 * h)
        fine = (values.mid_right - values.mid_left) / h
        finest = (values.near_right - values.near_left) / (h / 2)
        slope = (4 * finest - fine) / 3
        rounding = (
            np.abs(base)
            + np.abs(values.far_right)
            + np.abs(values.far_left)
            + np.abs(slope) * size
            + self.internal_scale
        ) * (ROUNDING_ULPS * EPS / h)
        # The gap between the one-sided slopes vanishes with h, except at a kink.
        far_gap = (values.far_right + values.far_left - 2 * base) / h
        mid_gap = (values.mid_right + values.mid_left - 2 * base) / (h / 2)
        near_gap = (values.near_right + values.near_left - 2 * base) / (h / 4)
        kink = np.abs(_extrapolated([far_gap, mid_gap, near_gap], ODD_ORDERS[:2])[0])
        truncation = np.abs(finest - fine) + COARSE_WEIGHT * np.abs(fine - coarse)
        if self.is_precise:
            coarser_slope = (4 * fine - coarse) / 3
            truncation = PRECISE_WEIGHT * truncation + np.abs(slope - coarser_slope)
        truncation = truncation + kink
        bound = truncation * _estimate_safety(truncation, slope) + rounding
        return slope, np.where(np.isfinite(bound), bound, np.inf)


class _SymmetricValues(NamedTuple):
    """Values of f at distances h (far), h / 2 (mid) and h / 4 (near) on both sides."""

    far_right: Array
    far_left: Array
    mid_right: Array
    mid_left: Array
    near_right: Array
    near_left: Array


def _step_exponents(size: float) -> tuple[int, ...]:
    """Return the exponents of the steps to try: the usual one, longer ones, shorter ones."""
    count = 0
    if size > RICHARDSON_LONG_FROM:
        count = int(np.log2(size) // RICHARDSON_LONGER) + 1
    longer = range(RICHARDSON_LONGER, RICHARDSON_LONGER * count + 1, RICHARDSON_LONGER)
    return (0, *longer, *RICHARDSON_SHORTER)


def _converged_bound(slope: Array) -> Array:
    size = np.abs(slope)
    bound: Array = RICHARDSON_CONVERGED * size + RICHARDSON_NEGLIGIBLE * size.max(initial=0.0)
    return bound


def _estimate_safety(truncation: Array, slope: Array) -> Array:
    (near, small), (middle, medium), (_, large) = ESTIMATE_SAFETY
    size = np.abs(slope)
    beyond = np.where(truncation <= middle * size, medium, large)
    return np.where(truncation <= near * size, small, beyond)


@dataclass(frozen=True)
class RombergDifference:
    """Extrapolation of central differences with four steps in a row, each half of the last.

    Quotients of all steps from 2**-24 to 1 / 2 are computed, from the short ones up to the first
    that contradict them: there is a kink, or a pole. The error is of the order h**8, so that long
    steps are precise, of which rounding takes little. For directions of the size of the array
    (Romberg, 1955). `internal_scale` is the size of the numbers inside f, where larger than f;
    `exponents` are those of the steps.
    """

    internal_scale: float = 0.0
    exponents: range = ROMBERG_EXPONENTS
    name: ClassVar[str] = "central differences (Romberg)"
    arithmetic: ClassVar[str] = "real"

    def along(self, f: Evaluate, array: Array, index: Any, direction: Any) -> tuple[Array, Array]:
        """Return (slope, error bound) of the best four steps."""
        slope, bound = np.asarray(0.0), np.asarray(np.inf)
        (base,) = values_at(f, array, index, direction, 0.0)
        quotients: list[Array] = []  # that of the longest step first
        gaps: list[Array] = []  # between the one-sided quotients, likewise
        for exponent in self.exponents:
            h = 2.0**exponent
            try:
                right, left = values_at(f, array, index, direction, h, -h)
            except (ValueError, ArithmeticError):  # outside of the domain of f
                break
            quotients = [(right - left) / (2 * h), *quotients[:ROMBERG_STEPS]]
            gaps = [(right + left - 2 * base) / h, *gaps[: ROMBERG_STEPS - 1]]
            if len(quotients) <= ROMBERG_STEPS:
                continue
            ulps = ROUNDING_ULPS * EPS * (np.abs(right) + np.abs(left) + self.internal_scale)
            rounding = ulps / (h * 2.0 ** (1 - ROMBERG_STEPS))
            new_slope, truncation = _extrapolated(quotients[:ROMBERG_STEPS], EVEN_ORDERS)
            # The gap vanishes with the step, except at a kink.
            kink = np.abs(_extrapolated(gaps, ODD_ORDERS)[0])
            # At 0, x * abs(x) has no kink, but an error of the order h.
            jump = np.abs(_extrapolated(quotients, JUMP_ORDERS)[0] - new_slope)
            new_bound = ROMBERG_SAFETY * truncation + np.maximum(rounding, jump) + kink
            if not np.all(np.abs(new_slope - slope) <= bound + new_bound):
                break
            better = new_bound < bound
            slope, bound = np.where(better, new_slope, slope), np.where(better, new_bound, bound)
        return slope, bound


def _extrapolated(quotients: list[Array], orders: tuple[int, ...]) -> tuple[Array, Array]:
    """Return what quotients of steps that halve tend to, and how far the last two orders differ.

    `orders` are those of the errors in h: one less than there are quotients.
    """
    row = quotients
    for order in orders:
        power, last = 2.0**order, row[-1]
        row = [(power * fine - coarse) / (power - 1) for coarse, fine in pairwise(row)]
    return row[0], np.abs(row[0] - last)


class CentralDifference:
    """(f(x + hu) - f(x - hu)) / 2h with a fixed h, as courses teach it."""

    arithmetic = "real"

    def __init__(self, h: float) -> None:
        self.h = h
        self.name = f"central differences, epsilon = {h:g}"

    def along(self, f: Evaluate, array: Array, index: Any, direction: Any) -> tuple[Array, Array]:
        """Return (slope, error bound)."""
        h = self.h
        right, left, far_right, far_left, base = values_at(
            f, array, index, direction, h, -h, 2 * h, -2 * h, 0.0
        )
        slope = (right - left) / (2 * h)
        rounding = (np.abs(right) + np.abs(left)) * (CENTRAL_ROUNDING_ULPS * EPS / h)
        # The gap between the one-sided slopes doubles with h, except at a kink.
        gap = (right + left - 2 * base) / h
        far_gap = (far_right + far_left - 2 * base) / (2 * h)
        kink = np.abs(2 * gap - far_gap)
        truncation = np.abs((far_right - far_left) / (4 * h) - slope)
        # A quotient that is far from convergence, as where f saturates within h, tells nothing.
        far_from, (_, safety) = ESTIMATE_SAFETY[1][0], ESTIMATE_SAFETY[2]
        is_far = truncation > far_from * np.abs(slope)
        bound = np.where(is_far, safety, CENTRAL_SAFETY) * truncation
        return slope, bound + rounding + kink


Scheme = (
    ComplexStep | AffineDifference | RichardsonDifference | RombergDifference | CentralDifference
)
"""A way to compute a derivative."""
