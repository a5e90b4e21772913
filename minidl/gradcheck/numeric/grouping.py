"""Groups of elements that are moved together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from ...utils.typing import Array
from ..constants import EPS
from .differences import AffineDifference, Step
from .function import Function, NumericGradient, Rng

Shape = tuple[int, ...]


class ElementGroup(NamedTuple):
    """A way to move elements together, and to read each one's share off the outputs."""

    name: str
    axes: int  # so many of the first axes move as one, 64: all
    fits: Callable[[Shape, Shape], bool]
    share: Callable[[Array], Array]


# The coarsest first; each must be certified.
STRATEGIES = (
    ElementGroup("whole", 64, lambda a, y: a == y, lambda p: p),
    ElementGroup(
        "units",
        1,
        lambda a, y: len(y) == 2 and len(a) > 0 and a[0] == y[1],
        lambda p: p.sum(axis=0),
    ),
    ElementGroup(
        "rows",
        1,
        lambda a, y: len(a) > 1 and len(y) > 0 and a[0] == y[0],
        lambda p: p.reshape(len(p), -1).sum(1),
    ),
    ElementGroup("single", 0, lambda a, y: True, lambda p: p.sum()),
)


def are_independent(subject: Function, step: Step, grouping: ElementGroup, rng: Rng) -> bool:
    """Return whether outputs stay exactly as they are while other groups move."""
    shape = subject.arrays["real"].shape
    chosen = rng.random(shape[: grouping.axes]) < 0.5
    for half in (chosen, ~chosen):
        moved = half.reshape(half.shape + (1,) * (len(shape) - half.ndim))
        slope, error = subject.along(step, rng.standard_normal(shape) * moved)
        others = (slice(None), ~half) if grouping.name == "units" else ~half
        if not np.all(np.abs(slope[others]) <= error[others]):
            return False
    return True


def affine_difference(subject: Function, direction: Array, slope: Array) -> AffineDifference | None:
    """Return a step if f is affine: huge differences to both sides then agree with the slope."""
    step = AffineDifference(partial(subject.f, "real"))
    if not np.isfinite(step.h):
        return None
    for sign in (1.0, -1.0):
        try:
            with np.errstate(all="ignore"):
                difference, error = subject.along(step, sign * direction)
        except (ValueError, ArithmeticError):  # so long a step may leave the domain
            return None
        if not np.all(
            np.abs(difference - sign * slope) <= 1e-12 * np.abs(slope).max(initial=0.0) + 4 * error
        ):
            return None
    return step


def collect_elements(
    subject: Function,
    step: Step,
    grouping: ElementGroup,
    cotangents: list[NumericGradient],
    sign: float,
) -> list[NumericGradient]:
    shape = subject.arrays["real"].shape
    found = [NumericGradient(np.empty(shape), np.empty(shape), step.name) for _ in cotangents]
    sizes = [np.abs(c.value) for c in cotangents]
    for rest in np.ndindex(shape[grouping.axes :]):
        index = (slice(None),) * len(shape[: grouping.axes]) + rest
        slope, error = subject.along(step, sign, index)
        slope = slope * sign
        for numeric, c, size in zip(found, cotangents, sizes, strict=True):
            bound = size * error
            if c.step:  # it is numeric itself
                bound = bound + np.where(slope == 0, 0, c.error * np.abs(slope))
            numeric.value[index], numeric.error[index] = (
                grouping.share(c.value * slope),
                grouping.share(bound),
            )
    return found


def is_verified(
    numeric: NumericGradient, c: Array, direction: Array, total: Array, error: Array
) -> bool:
    pieces = numeric.value * direction
    slack = (
        1e-9 * np.abs(pieces).sum()
        + (np.abs(c) * error).sum()
        + (numeric.error * np.abs(direction)).sum()
    )
    return bool(abs((c * total).sum() - pieces.sum()) <= slack + 64 * EPS * np.abs(c * total).sum())
