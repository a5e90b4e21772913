"""Numeric gradients of sum(c * f()) with respect to an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...utils.typing import Array
from ..constants import EPS
from .differences import ComplexStep, RichardsonDifference, Step
from .function import Function, NumericGradient, Rng
from .grouping import STRATEGIES, affine_difference, are_independent, collect_elements, is_verified


def numeric_gradients(
    subject: Function,
    cotangents: Sequence[Array | NumericGradient],
    rng: Rng,
    step: Step,
    limit: int,
) -> list[NumericGradient] | None:
    """Return the gradient for each cotangent c, or None beyond `limit` forward calls."""
    shape = subject.arrays["real"].shape
    known = [
        c if isinstance(c, NumericGradient) else NumericGradient(c, np.zeros(()), "")
        for c in cotangents
    ]
    for grouping in STRATEGIES:
        single = grouping.name == "single"
        calls = int(np.prod(shape[grouping.axes :]))
        if not grouping.fits(shape, known[0].value.shape):
            continue
        if calls > limit:
            return None
        if not single and not are_independent(subject, step, grouping, rng):
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
            and affine_difference(subject, direction, total)
        )
        plus = collect_elements(subject, affine or step, grouping, known, 1.0)
        if not single and not all(
            is_verified(p, c.value, direction, total, error)
            for p, c in zip(plus, known, strict=True)
        ):
            continue
        if kinked:
            for p, q in zip(
                plus, collect_elements(subject, step, grouping, known, -1.0), strict=True
            ):
                p.error, p.mingled = np.maximum(p.error, q.error), grouping.name != "whole"
                p.low, p.high = np.minimum(p.value, q.value), np.maximum(p.value, q.value)
        return plus
    return None


def elementwise_gradient(subject: Function, step: Step, sign: float = 1.0) -> NumericGradient:
    """Return the slopes of a scalar f, each element moved alone."""
    return collect_elements(
        subject, step, STRATEGIES[-1], [NumericGradient(np.ones(()), np.zeros(()), "")], sign
    )[0]


def separable_gradient(
    f: Callable[[Array], Any], arrays: dict[str, Array], rng: Rng
) -> NumericGradient | None:
    """Return the numeric gradient of f, if it is a sum over elements."""
    real, moved = arrays["real"], arrays["complex"].reshape(-1) + 1j * ComplexStep.h
    # It does not step over the kink of L1 at 0.
    direction = rng.standard_normal(real.shape) * np.abs(real)
    direction /= float(np.abs(direction).max(initial=0.0)) or 1.0
    try:
        slopes = np.array(
            [complex(f(moved[j : j + 1])).imag / ComplexStep.h for j in range(real.size)]
        ).reshape(real.shape)
        total, error = RichardsonDifference().along(
            lambda: np.asarray(f(real)), real, ..., direction
        )
    except Exception:  # it may want the whole array, or real numbers
        return None
    numeric = NumericGradient(slopes, 64 * EPS * np.abs(slopes), ComplexStep.name)
    return (
        numeric
        if is_verified(numeric, np.ones(()), direction, total, 4 * error + 1e-7 * np.abs(total))
        else None
    )
