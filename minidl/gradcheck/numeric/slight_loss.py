"""Slight parts of a derivative that the complex step loses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ...utils.typing import Array
from ..constants import PROBE_CONTRADICTION
from .constants import LONG_STEPS, LOSS_FACTORS, SLIGHTEST_LOSS, TURNING_STEPS
from .differences import ComplexStep, NotComplexSafe, RombergDifference
from .function import Function


class Gap(NamedTuple):
    """How far a difference is from the complex step.

    Attributes
    ----------
    exact : ndarray
        The slopes by the complex step.
    size : ndarray
        The slopes by differences over long steps, minus those.
    bound : ndarray
        The bound of its error, infinite where nothing is known.
    """

    exact: Array
    size: Array
    bound: Array

    @property
    def is_clear(self) -> Array:
        """Where the gap is larger than its error may be."""
        is_clear: Array = np.abs(self.size) > PROBE_CONTRADICTION * self.bound
        return is_clear

    def agrees(self, other: Gap) -> Array:
        """Return where another gap has the same size, within both bounds."""
        agrees: Array = np.abs(other.size - self.size) <= self.bound + other.bound
        return agrees


_UNKNOWN = Gap(np.zeros(()), np.zeros(()), np.asarray(np.inf))


@dataclass(frozen=True)
class OutwardLine:
    """A line on which no element passes zero, where many functions have a kink.

    Of x + 1e-6 np.abs(x) a complex number loses the second part of the derivative. On such a line
    it shows in differences over long steps, which are precise.

    Attributes
    ----------
    function : Function
        The function.
    direction : ndarray
        How array[index] moves: proportional to itself, or nearly so.
    index : object, default ...
        The elements that move.
    internal_scale : float, default 0.0
        The size of the numbers inside of the function, where larger than its values.
    least : float, default 0.0
        The part of the largest slope that is looked for. Less may be rounded inside of the
        function, where terms cancel.
    """

    function: Function
    direction: Array
    index: Any = ...
    internal_scale: float = 0.0
    least: float = 0.0

    def gap(self, exponents: range = LONG_STEPS, factor: float = 1.0) -> Gap:
        """Return the gap between the complex step and differences.

        Parameters
        ----------
        exponents : range
            The exponents of the steps of the differences.
        factor : float, default 1.0
            By which the steps are longer.

        Returns
        -------
        Gap
            In units of the direction, whatever the factor.
        """
        scheme = RombergDifference(self.internal_scale, exponents)
        slope_along, moved = self.function.directional_derivative, factor * self.direction
        try:
            exact, _ = slope_along(ComplexStep(), self.direction, self.index)
            with np.errstate(all="ignore"):
                slope, bound = slope_along(scheme, moved, self.index)
                size, bound = slope / factor - exact, bound / factor
        except (NotComplexSafe, ValueError, ArithmeticError):  # its domain ends there
            return _UNKNOWN
        is_known = np.isfinite(size + bound)
        return Gap(exact, np.where(is_known, size, 0.0), np.where(is_known, bound, np.inf))

    def is_lost(self, found: Gap, exponents: range = LONG_STEPS) -> bool:
        """Return whether a gap is a part of the derivative that the complex step loses.

        It is the same over other steps, while rounding is another, and over the shortest, while a
        function that turns within the longer ones has its own slope there.

        Parameters
        ----------
        found : Gap
            What `gap` has returned.
        exponents : range
            The exponents of the other steps.
        """
        least = self.least * np.abs(found.exact).max(initial=0.0)
        lost = found.is_clear & (np.abs(found.size) > least)
        for factor in LOSS_FACTORS:
            if not lost.any():
                return False
            other = self.gap(exponents, factor)
            lost = lost & other.is_clear & found.agrees(other)
        function, steps = self.function, TURNING_STEPS
        return bool(
            (
                lost
                & ~function.confirms(found.exact, found.size, self.direction, steps, self.index)
            ).any()
        )


def loses_slightly(function: Function, internal_scale: float) -> bool:
    """Return whether the complex step loses a part of the derivative, however small.

    A gradient may have forgotten the same part.

    Parameters
    ----------
    function : Function
        The function.
    internal_scale : float
        The size of the numbers inside of the function, where larger than its values.
    """
    x = function.arrays["real"]
    if x.dtype.kind in "iu" or not x.any():
        return False
    outward = x * np.random.default_rng([0, 5]).uniform(0.5, 1.5, x.shape)
    line = OutwardLine(function, outward, ..., internal_scale, SLIGHTEST_LOSS)
    return line.is_lost(line.gap())
