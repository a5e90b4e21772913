"""Whether an edit is right at other points, too: what is right at one may be so by accident."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...utils.typing import Array
from ..block import Block
from ..diagnosis.limits import EDIT_AGREEMENT
from ..result import Check

Values = Mapping[str, Array]

_FACTORS = (0.6, 1.7)
_STEP = 1e-3  # relative to the values
_CLEAR = 1e-6  # of the size of a slope: a difference above is no rounding
_SAFETY = 10.0  # times the difference of two steps, which shows noise, and the jump at a kink


class OtherPoint(NamedTuple):
    """A function that computes gradients, at another point.

    Attributes
    ----------
    values : mapping of str to ndarray
        The arrays there.
    cost : callable
        ``cost(values)`` returns the number whose gradients are computed.
    run : callable
        ``run(edited)`` returns the gradients there.
    known : mapping of str to ndarray
        What a right function may need.
    """

    values: Values
    cost: Callable[[Values], Any]
    run: Callable[[Callable[..., Any]], Values]
    known: Mapping[str, Array] = {}

    def refutes(self, gradients: Values, names: Iterable[str]) -> bool:
        """Return whether one of these gradients surely is wrong here."""
        return is_refuted(self, gradients, names)


class CheckedPoint(NamedTuple):
    """Another point, at which the gradients have been checked before.

    Attributes
    ----------
    checks : sequence of Check
        The checks there.
    run : callable
        ``run(edited)`` returns the gradients there.
    known : mapping of str to ndarray
        What a right function may need.
    """

    checks: Sequence[Check]
    run: Callable[[Callable[..., Any]], Values]
    known: Mapping[str, Array] = {}

    def refutes(self, gradients: Values, names: Iterable[str]) -> bool:
        """Return whether one of these gradients surely is wrong here."""
        certain = [c for c in self.checks if c.verdict in ("pass", "fail") and not c.kinks]
        compared = [c for c in certain if c.numeric is not None and c.parameter in [*names]]
        return not all(is_right(check, gradients) for check in compared)


def is_right(check: Check, gradients: Values) -> bool:
    """Return whether a gradient is equal to the numeric one of a check."""
    numeric, bar = check.numeric, check.bar
    if numeric is None or bar is None or check.parameter not in gradients:
        return False
    gradient = block_of(check, gradients)
    if gradient.shape != numeric.shape:
        return False
    size = float(np.abs(numeric).max(initial=0.0))
    return bool((np.abs(gradient - numeric) <= np.maximum(bar, EDIT_AGREEMENT * size)).all())


def block_of(check: Check, gradients: Values) -> Array:
    """Return the part of a gradient that a check compares."""
    gradient = np.asarray(gradients[check.parameter])
    block: Block | None = check.block
    return gradient if block is None else block.of(gradient)


def other_values(values: Values, rng: np.random.Generator) -> dict[str, Array]:
    """Return arrays with each element times a random factor.

    Elements keep their signs. Axes of one length have the same factors, so that a symmetric matrix
    stays symmetric, and one with positive eigenvalues keeps these.
    """
    lengths = sorted({n for value in values.values() for n in value.shape})
    factors = {n: rng.uniform(*_FACTORS, n) for n in lengths}
    moved = {}
    for name, value in values.items():
        array = np.array(value, dtype=np.float64)
        for axis, n in enumerate(array.shape):
            shape = [1] * array.ndim
            shape[axis] = n
            array *= factors[n].reshape(shape) ** (1 / array.ndim)
        moved[name] = array
    return moved


def is_refuted(point: OtherPoint, gradients: Values, names: Iterable[str]) -> bool:
    """Return whether a gradient surely is not that of the cost at another point."""
    rng = np.random.default_rng(0)
    for name in names:
        value, gradient = point.values[name], np.asarray(gradients[name])
        direction = rng.standard_normal(value.shape) * np.maximum(np.abs(value), _STEP)
        products = gradient * direction
        slope, error = _slope(point, name, direction)
        size = float(np.abs(products).sum()) + abs(slope)
        if abs(float(products.sum()) - slope) > _CLEAR * size + _SAFETY * error:
            return True
    return False


def _slope(point: OtherPoint, name: str, direction: Array) -> tuple[float, float]:
    """Return the slope of the cost along a direction, and how uncertain it is."""
    base = float(point.cost(point.values))
    slopes, jumps = [], []
    for step in (_STEP, _STEP / 2):
        above, below = (
            float(point.cost({**point.values, name: point.values[name] + move * direction}))
            for move in (step, -step)
        )
        slopes.append((above - below) / (2 * step))
        jumps.append((above + below - 2 * base) / step)
    (far, near), (far_jump, near_jump) = slopes, jumps
    return (4 * near - far) / 3, abs(near - far) + abs(2 * near_jump - far_jump)
