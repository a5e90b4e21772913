"""Numeric gradients, element by element, of sum(c * f()) with respect to an array: from forward calls alone.

Elements that reach different outputs are moved together: all weights of one input at once, since each belongs to another unit; a
whole bias at once; a whole activation at once. That such a grouping is right is not assumed but certified: nothing else moves
while half of the groups do, and the derivative along a random direction agrees. Where it does not, the next finer grouping is
tried, at last one element at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array
from .steps import EPS, AffineStep, ComplexStep, Function, Step


@dataclass
class Numeric:
    """A numeric gradient: its value, a bound of its error, and, at kinks, the interval between the one-sided slopes."""

    value: Array
    error: Array
    step: str
    low: Array | None = None
    high: Array | None = None
    mingled: bool = False  # kinks of several elements meet in one output: its one-sided slopes bound no single choice at each kink

    @property
    def kinks(self) -> int:
        """How many elements sit on a kink."""
        found = 0 if self.low is None or self.high is None else int(np.count_nonzero(self.low != self.high))
        return max(found, 1) if self.mingled else found


@dataclass(frozen=True)
class Grouping:
    """A way to move elements together, and to read each one's share off the outputs."""

    name: str
    fits: Callable[[tuple[int, ...], tuple[int, ...]], bool]
    groups: Callable[[tuple[int, ...]], Iterator[Any]]
    share: Callable[[Array], Array]
    count: Callable[[tuple[int, ...]], int]
    outputs: Callable[[Array, Array], Array]  # of f(): those that belong to the chosen elements, or units, or rows


def _inner(shape: tuple[int, ...]) -> Iterator[Any]:
    return ((slice(None), *rest) for rest in np.ndindex(shape[1:]))


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))


GROUPINGS = (
    Grouping("whole", lambda a, y: a == y, lambda a: iter([(...,)]), lambda p: p, lambda a: 1, lambda p, chosen: p[chosen]),
    Grouping(
        "units",
        lambda a, y: len(y) == 2 and len(a) > 0 and a[0] == y[1],
        _inner,
        lambda p: p.sum(axis=0),
        lambda a: _size(a[1:]),
        lambda p, chosen: p[:, chosen],
    ),
    Grouping(
        "rows",
        lambda a, y: len(a) > 1 and len(y) > 0 and a[0] == y[0],
        _inner,
        lambda p: p.reshape(len(p), -1).sum(1),
        lambda a: _size(a[1:]),
        lambda p, chosen: p[chosen],
    ),
    Grouping("single", lambda a, y: True, lambda a: iter(np.ndindex(a)), lambda p: p.sum(), _size, lambda p, chosen: p),
)


def numeric_gradients(
    f: dict[str, Function],
    arrays: dict[str, Array],
    cotangents: list[Array],
    rng: np.random.Generator,
    *,
    step: Step,
    limit: int,
    doubts: list[Array | None] | None = None,
) -> list[Numeric] | None:
    """Return the numeric gradient of sum(c * f()) for each cotangent c, or None where it would take over `limit` forward calls.

    Parameters
    ----------
    f, arrays : dict with the keys "real" and "complex"
        The function and the array that it reads, in either arithmetic.
    step : Step
        Complex where the function is complex-safe.
    doubts : list of array or None, optional
        For each cotangent the error bounds of its elements, where it is numeric itself; they are carried along.
    """
    shape = arrays["real"].shape
    outputs = cotangents[0].shape
    for grouping in GROUPINGS:
        if not grouping.fits(shape, outputs):
            continue
        if grouping.count(shape) > limit:
            return None
        if grouping.name != "single" and not _separate(f[step.kind], arrays[step.kind], step, grouping, rng):
            continue
        direction = rng.standard_normal(shape)
        total, total_error = step.along(f[step.kind], arrays[step.kind], ..., direction)
        back, back_error = step.along(f[step.kind], arrays[step.kind], ..., -direction)
        kinked = bool(np.any(np.abs(total + back) > 1e-9 * np.abs(total) + total_error + back_error))
        if kinked:  # moved to one side only, the pieces of a direction add up
            direction = np.abs(direction)
            total, total_error = step.along(f[step.kind], arrays[step.kind], ..., direction)
        chosen = (
            _affine(f, arrays, direction, total) if isinstance(step, ComplexStep) and not kinked and grouping.count(shape) > 8 else None
        )
        plus = _gather(f, arrays, chosen or step, grouping, cotangents, 1.0, doubts)
        if grouping.name != "single" and not _certified(plus, cotangents, direction, total, total_error):
            continue
        if not kinked:
            return plus
        minus = _gather(f, arrays, step, grouping, cotangents, -1.0, doubts)
        return [
            Numeric(
                p.value,
                np.maximum(p.error, q.error),
                p.step,
                np.minimum(p.value, q.value),
                np.maximum(p.value, q.value),
                mingled=grouping.name != "whole",
            )
            for p, q in zip(plus, minus, strict=True)
        ]
    return None


def _separate(f: Function, array: Array, step: Step, grouping: Grouping, rng: np.random.Generator) -> bool:
    """Return whether outputs stay exactly as they are while only elements of other groups move, tried on two random halves."""
    chosen = rng.random(array.shape if grouping.name == "whole" else len(array)) < 0.5
    for half in (chosen, ~chosen):
        moved = half if grouping.name == "whole" else half.reshape(-1, *[1] * (array.ndim - 1))
        slope, error = step.along(f, array, ..., rng.standard_normal(array.shape) * moved)
        if not bool(np.all(np.abs(grouping.outputs(slope, ~half)) <= grouping.outputs(error, ~half))):
            return False
    return True


def _affine(f: dict[str, Function], arrays: dict[str, Array], direction: Array, slope: Array) -> AffineStep | None:
    """Return an `AffineStep` if f is affine in the array: huge differences to both sides then agree with the derivative."""
    step = AffineStep(f["real"])
    if not np.isfinite(step.h):
        return None
    for sign in (1.0, -1.0):  # a unit that stays on, or off, to one side does not to the other
        try:
            with np.errstate(all="ignore"):
                difference, error = step.along(f["real"], arrays["real"], ..., sign * direction)
        except (ValueError, ArithmeticError):  # so long a step may leave the domain: a loss wants probabilities
            return None
        close = np.abs(difference - sign * slope) <= 1e-12 * np.abs(slope).max(initial=0.0) + 4 * error
        if not bool(close.all()):
            return None
    return step


def _gather(
    f: dict[str, Function],
    arrays: dict[str, Array],
    step: Step,
    grouping: Grouping,
    cotangents: list[Array],
    sign: float,
    doubts: list[Array | None] | None,
) -> list[Numeric]:
    array, function = arrays[step.kind], f[step.kind]
    values = [np.empty(array.shape) for _ in cotangents]
    errors = [np.empty(array.shape) for _ in cotangents]
    weights = [np.abs(c) for c in cotangents]
    for index in grouping.groups(array.shape):
        slope, error = step.along(function, array, index, sign)
        slope = slope * sign
        for c, w, doubt, value, bound in zip(cotangents, weights, doubts or [None] * len(cotangents), values, errors, strict=True):
            value[index] = grouping.share(c * slope)
            bound[index] = grouping.share(w * error if doubt is None else w * error + np.where(slope == 0, 0, doubt * np.abs(slope)))
    return [Numeric(value, bound, step.name) for value, bound in zip(values, errors, strict=True)]


def _certified(found: list[Numeric], cotangents: list[Array], direction: Array, total: Array, total_error: Array) -> bool:
    for numeric, c in zip(found, cotangents, strict=True):
        expected = float((c * total).sum())
        pieces = numeric.value * direction
        slack = (
            1e-9 * float(np.abs(pieces).sum()) + float((np.abs(c) * total_error).sum()) + float((numeric.error * np.abs(direction)).sum())
        )
        scale = 64 * EPS * float(np.abs(c * total).sum())
        if not abs(expected - float(pieces.sum())) <= slack + scale:
            return False
    return True
