"""Means, norms and sums whose own dependence on the input is left out of the gradient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ....utils.typing import Array
from ...constants import CLOSE
from ..evidence import Evidence, max_abs
from ..limits import INVARIANCE_AGREEMENT, MIN_SPARE_ELEMENTS, NOT_INVARIANT
from .pattern import pattern

Axes = tuple[int, ...]

_NORM = "a norm"
_DECAY = ", or a penalty (weight decay) is not in the cost"
"""The error of one number times x in a function that is unchanged if x is scaled."""


@dataclass(frozen=True)
class Lines:
    """What is known on the lines along some axes.

    `is_shift` and `is_scale` say whether the function is unchanged if the elements of a line are
    all shifted, or scaled.
    """

    x: Array
    axes: Axes
    is_shift: bool
    is_scale: bool

    @property
    def count(self) -> int:
        """How many lines there are."""
        lengths = [self.x.shape[axis] for axis in self.axes]
        return self.x.size // int(np.prod(lengths))

    @property
    def name(self) -> str:
        """The axes, in words."""
        if self.count == 1:
            return "all elements"
        axes = ", ".join(map(str, self.axes))
        return f"axis {axes}" if len(self.axes) == 1 else f"axes {axes}"

    @property
    def centred(self) -> Array:
        """The elements less their mean on each line."""
        centred: Array = self.x - self.x.mean(axis=self.axes, keepdims=True)
        return centred

    @property
    def softmax(self) -> Array:
        """The softmax of each line."""
        y: Array = np.exp(self.x - self.x.max(axis=self.axes, keepdims=True))
        y /= y.sum(axis=self.axes, keepdims=True)
        return y


@pattern("held fixed", names_cause=False)
def held_fixed(e: Evidence) -> str | None:
    """Match an error that has the direction of a mean, a norm or a sum on each line."""
    x, a, n = e.own_value, e.analytic, e.numeric
    if x is None or x.dtype.kind != "f" or not e.lines.is_whole:
        return None
    for axes in _sets_of_axes(n):
        lines = Lines(x, axes, sums_to_zero(n, axes), sums_to_zero(n * x, axes))
        for what, directions, is_sure in _directions(lines):
            if _is_in_span(a - n, directions, axes):
                error = f"analytic - numeric along {lines.name}"
                if not is_sure:
                    return (
                        f"{error} is proportional on each line to the gradient of {what}: a "
                        "term is missing or wrong, as if that were held fixed"
                    )
                decay = _DECAY if lines.count == 1 and what == _NORM else ""
                return (
                    f"{error} has the direction of the gradient of {what}: it is held fixed, or "
                    f"its own gradient is wrong (such as its sign){decay}"
                )
        y = lines.softmax
        if lines.is_shift and _is_in_span(a - (1 - y) * n, [y * (1 - y)], axes):
            return (
                "numeric sums to zero and analytic does not: only the diagonal of a softmax's "
                f"derivative along {lines.name}, its sum is held fixed"
            )
    return None


def _directions(lines: Lines) -> Iterator[tuple[str, list[Array], bool]]:
    """Yield what may be held fixed, the directions of the error on each line, and if it is sure.

    An invariance shows it. Without one, one number for all lines may be anything.
    """
    x, several, shift, scale = lines.x, lines.count > 1, lines.is_shift, lines.is_scale
    one, centred = np.ones_like(x), lines.centred
    if shift or scale or several:
        yield "a mean or a sum", [one], shift or scale
    if shift or several:
        yield "a sum of exponentials (as of a softmax)", [lines.softmax], shift
        yield "a variance or a standard deviation", [centred], shift
    if scale or several:
        yield _NORM, [x], scale
        yield "a sum of absolute values", [np.sign(x)], scale
    if shift or several:
        yield "a mean and a variance", [one, centred], shift


def _sets_of_axes(n: Array) -> Iterator[Axes]:
    """Yield the sets of axes along which lines are long enough to have a direction."""
    for count in range(1, n.ndim + 1):
        for axes in combinations(range(n.ndim), count):
            if np.prod([n.shape[axis] for axis in axes]) >= 3:
                yield axes


def sums_to_zero(array: Array, axes: Axes) -> bool:
    """Return whether each line sums to zero, though its elements are not zero."""
    sums, sizes = np.abs(array.sum(axis=axes)), np.abs(array).sum(axis=axes)
    return bool(sizes.max() > 0 and (sums <= INVARIANCE_AGREEMENT * sizes.max()).all())


def _is_in_span(gap: Array, directions: list[Array], axes: Axes) -> bool:
    """Return whether each line is a combination of the `directions`, not the same for all."""
    rest, spare = gap.copy(), gap.size
    for direction in directions:  # orthogonal to each other
        square = (direction * direction).sum(axis=axes, keepdims=True)
        product = (gap * direction).sum(axis=axes, keepdims=True)
        factor = np.divide(product, square, out=np.zeros_like(product), where=square > 0)
        if factor.size > 1 and np.allclose(factor, factor.flat[0], rtol=CLOSE, atol=0):
            return False
        if not np.count_nonzero(factor):
            return False
        spare -= factor.size
        rest -= factor * direction
    return spare >= MIN_SPARE_ELEMENTS and max_abs(rest) <= CLOSE * max_abs(gap)


@pattern("invariance", names_cause=False)
def broken_invariance(e: Evidence) -> str | None:
    """Match numeric lines that sum to zero, as the function is invariant, where analytic's do not.

    It is not known what is held fixed, so the words leave open what it is.
    """
    a, n, x = e.analytic, e.numeric, e.own_value
    if e.later_error or n.size < MIN_SPARE_ELEMENTS or not e.lines.is_whole:
        return None
    cases = [("numeric", "shifted", a, n)]
    if x is not None and x.dtype.kind == "f":
        cases.append(("numeric * x", "scaled", a * x, n * x))
    for name, change, wrong, right in cases:
        for axes in _sets_of_axes(n):
            lines = Lines(n, axes, is_shift=False, is_scale=False)
            if sums_to_zero(right, axes) and _is_nowhere_zero(wrong.sum(axis=axes), wrong, axes):
                return (
                    f"{name} sums to zero along {lines.name}, as nothing changes where x "
                    f"is {change}; analytic does not sum to zero: consistent with a mean, a norm "
                    "or a sum held fixed, or another term missing or wrong"
                )
    return None


def _is_nowhere_zero(sums: Array, array: Array, axes: Axes) -> bool:
    sizes = np.abs(array).sum(axis=axes)
    return bool((np.abs(sums) > NOT_INVARIANT * sizes).all())
