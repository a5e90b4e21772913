"""Numeric gradients of sum(c * f()) with respect to an array: by elements, and along probes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..utils.typing import Array
from .steps import EPS, AffineStep, CentralStep, ComplexStep, NotComplexSafe, Step

Shape = tuple[int, ...]
Rng = np.random.Generator


@dataclass
class Numeric:
    """A numeric gradient, a bound of its error and, at kinks, the one-sided slopes."""

    value: Array
    error: Array
    step: str
    low: Array | None = None
    high: Array | None = None
    mingled: bool = False  # kinks meet in one output: its one-sided slopes bound nothing

    @property
    def kinks(self) -> int:
        """How many elements sit on a kink."""
        found = (
            0
            if self.low is None or self.high is None
            else int(np.count_nonzero(self.low != self.high))
        )
        return max(found, 1) if self.mingled else found

    def __add__(self, other: Numeric) -> Numeric:
        return Numeric(self.value + other.value, self.error + other.error, self.step)


def both(x: Array) -> dict[str, Array]:
    """Return copies in "real" and in "complex" arithmetic."""
    return {"real": x.copy(), "complex": x.astype(np.complex128)}


class Subject(NamedTuple):
    """f(kind), and the array that it reads, by kind of arithmetic."""

    f: Callable[[str], Array]
    arrays: dict[str, Array]

    def along(self, step: Step, direction: Any, index: Any = ...) -> tuple[Array, Array]:
        """Return (slope of f, error bound) for array[index] moving along `direction`."""
        return step.along(partial(self.f, step.kind), self.arrays[step.kind], index, direction)

    def unsafe(self, name: str, rng: Rng, central: CentralStep) -> str:
        """Return why the complex step cannot be used, if so."""
        direction = rng.standard_normal(self.arrays["real"].shape)
        try:
            slope, _ = self.along(ComplexStep(), direction)
        except NotComplexSafe as error:
            return str(error)
        expected, bound = self.along(central, direction)
        with np.errstate(all="ignore"):
            wrong = np.abs(slope - expected) > 1e-6 * np.abs(expected).max(initial=0.0) + 10 * bound
        return (
            f"its derivative for {name} got lost"
            if np.isfinite(expected).all() and wrong.any()
            else ""
        )


class Grouping(NamedTuple):
    """A way to move elements together, and to read each one's share off the outputs."""

    name: str
    axes: int  # so many of the first axes move as one, 64: all
    fits: Callable[[Shape, Shape], bool]
    share: Callable[[Array], Array]


# The coarsest first; each must be certified.
GROUPINGS = (
    Grouping("whole", 64, lambda a, y: a == y, lambda p: p),
    Grouping(
        "units",
        1,
        lambda a, y: len(y) == 2 and len(a) > 0 and a[0] == y[1],
        lambda p: p.sum(axis=0),
    ),
    Grouping(
        "rows",
        1,
        lambda a, y: len(a) > 1 and len(y) > 0 and a[0] == y[0],
        lambda p: p.reshape(len(p), -1).sum(1),
    ),
    Grouping("single", 0, lambda a, y: True, lambda p: p.sum()),
)


def numeric_gradients(
    subject: Subject, cotangents: Sequence[Array | Numeric], rng: Rng, step: Step, limit: int
) -> list[Numeric] | None:
    """Return the gradient for each cotangent c, or None beyond `limit` forward calls."""
    shape = subject.arrays["real"].shape
    known = [c if isinstance(c, Numeric) else Numeric(c, np.zeros(()), "") for c in cotangents]
    for grouping in GROUPINGS:
        single = grouping.name == "single"
        calls = int(np.prod(shape[grouping.axes :]))
        if not grouping.fits(shape, known[0].value.shape):
            continue
        if calls > limit:
            return None
        if not single and not _separate(subject, step, grouping, rng):
            continue
        direction = rng.standard_normal(shape)
        total, error = subject.along(step, direction)
        back, back_error = subject.along(step, -direction)
        kinked = bool(np.any(np.abs(total + back) > 1e-9 * np.abs(total) + error + back_error))
        if kinked:  # moved to one side only, the pieces of a direction add up
            direction = np.abs(direction)
            total, error = subject.along(step, direction)
        affine = (
            isinstance(step, ComplexStep)
            and not kinked
            and calls > 8
            and _affine(subject, direction, total)
        )
        plus = _gather(subject, affine or step, grouping, known, 1.0)
        if not single and not all(
            _certified(p, c.value, direction, total, error)
            for p, c in zip(plus, known, strict=True)
        ):
            continue
        if kinked:
            for p, q in zip(plus, _gather(subject, step, grouping, known, -1.0), strict=True):
                p.error, p.mingled = np.maximum(p.error, q.error), grouping.name != "whole"
                p.low, p.high = np.minimum(p.value, q.value), np.maximum(p.value, q.value)
        return plus
    return None


def one_by_one(subject: Subject, step: Step, sign: float = 1.0) -> Numeric:
    """Return the slopes of a scalar f, each element moved alone."""
    return _gather(subject, step, GROUPINGS[-1], [Numeric(np.ones(()), np.zeros(()), "")], sign)[0]


def separable(f: Callable[[Array], Any], arrays: dict[str, Array], rng: Rng) -> Numeric | None:
    """Return the numeric gradient of f, if it is a sum over elements."""
    real, moved = arrays["real"], arrays["complex"].reshape(-1) + 1j * ComplexStep.h
    # It does not step over the kink of L1 at 0.
    direction = rng.standard_normal(real.shape) * np.abs(real)
    direction /= float(np.abs(direction).max(initial=0.0)) or 1.0
    try:
        slopes = np.array(
            [complex(f(moved[j : j + 1])).imag / ComplexStep.h for j in range(real.size)]
        ).reshape(real.shape)
        total, error = CentralStep().along(lambda: np.asarray(f(real)), real, ..., direction)
    except Exception:  # it may want the whole array, or real numbers
        return None
    numeric = Numeric(slopes, 64 * EPS * np.abs(slopes), ComplexStep.name)
    return (
        numeric
        if _certified(numeric, np.ones(()), direction, total, 4 * error + 1e-7 * np.abs(total))
        else None
    )


def _separate(subject: Subject, step: Step, grouping: Grouping, rng: Rng) -> bool:
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


def _affine(subject: Subject, direction: Array, slope: Array) -> AffineStep | None:
    """Return a step if f is affine: huge differences to both sides then agree with the slope."""
    step = AffineStep(partial(subject.f, "real"))
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


def _gather(
    subject: Subject, step: Step, grouping: Grouping, cotangents: list[Numeric], sign: float
) -> list[Numeric]:
    shape = subject.arrays["real"].shape
    found = [Numeric(np.empty(shape), np.empty(shape), step.name) for _ in cotangents]
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


def _certified(numeric: Numeric, c: Array, direction: Array, total: Array, error: Array) -> bool:
    pieces = numeric.value * direction
    slack = (
        1e-9 * np.abs(pieces).sum()
        + (np.abs(c) * error).sum()
        + (numeric.error * np.abs(direction)).sum()
    )
    return bool(abs((c * total).sum() - pieces.sum()) <= slack + 64 * EPS * np.abs(c * total).sum())


# Probes.
