"""Kinks of a cost: elements with different slopes to the left and to the right."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ...utils.typing import Array
from ..constants import (
    EPS,
    KINK_ROUNDING,
    MAX_BAR_FRACTION,
    MIN_JUMP,
    ONE_SIDED_KINK_RATIO,
    ONE_SIDED_NEAR,
    ONE_SIDED_ROUNDING_ULPS,
    ONE_SIDED_SAFETY,
    ONE_SIDED_STEP,
    SIDES_AGREEMENT,
    SIDES_AGREEMENT_ELEMENT,
)
from ..numeric.differences import (
    ComplexStep,
    NotComplexSafe,
    RichardsonDifference,
    Scheme,
    values_at,
)
from ..numeric.numeric_gradient import NumericGradient
from ..rounding.compare import root_mean_square
from .constants import (
    BESIDE_AGREEMENT,
    BESIDE_KINK,
    KINK_SEARCH_BOUND,
    MAX_BAR_RICHARDSON,
    MAX_REFINED,
    MAX_VAIN_SEARCHES,
    SIDES_STEP,
    UNREFINED_PART,
)
from .cost_function import CostFunction


class OneSidedSlopes(NamedTuple):
    """The slopes on both sides of a kink, and a bound of their errors."""

    left: float
    right: float
    error: float


def one_sided_slopes(cost: CostFunction, index: int) -> OneSidedSlopes | None:
    """Return the one-sided slopes of an element that sits on a kink, None of any other."""
    theta = cost.theta
    h = ONE_SIDED_STEP * max(1.0, abs(theta[index]))
    near_h = h * ONE_SIDED_NEAR
    lengths = (0.0, h, -h, h / 2, -h / 2, near_h, -near_h)
    try:
        values = values_at(cost.value, theta, index, 1.0, *lengths)
    except (ValueError, ArithmeticError):  # its domain ends here
        return None
    base, *moved = (float(value.real) for value in values)
    far, mid, near = np.reshape(moved, (3, 2))  # each to the right and to the left
    rounding = (abs(base) + abs(far[0]) + abs(far[1])) * (
        ONE_SIDED_ROUNDING_ULPS * max(EPS, cost.precision) / h
    )
    slopes = (4 * mid - far - 3 * base) / h
    size, jump = np.abs(slopes).sum(), abs(slopes.sum())
    far_gap, mid_gap = abs(far.sum() - 2 * base) / h, abs(mid.sum() - 2 * base) / (h / 2)
    at_kink = mid_gap > ONE_SIDED_KINK_RATIO * far_gap + KINK_ROUNDING * rounding
    if not at_kink or jump < MIN_JUMP * size:
        return None
    # Closer to the point the slopes change little, unless there are more kinks.
    near_slopes, near_rounding = (near - base) / near_h, rounding * h / near_h
    near_jump, near_error = abs(near_slopes.sum()), KINK_ROUNDING * near_rounding
    if near_jump + near_error < jump / 2:  # most of the jump is that of other kinks
        if near_jump <= near_error + MIN_JUMP * size:
            return None
        return OneSidedSlopes(-near_slopes[1], near_slopes[0], near_error)
    change = max(
        np.abs(near_slopes - slopes).max() - near_rounding,
        np.abs(2 * mid - far - base).max() / h,
    )
    drift = change if change > MIN_JUMP * size else 0.0
    error = KINK_ROUNDING * rounding + ONE_SIDED_SAFETY * drift
    return OneSidedSlopes(-slopes[1], slopes[0], error)


def gradient_with_kinks(
    cost: CostFunction, scheme: Scheme, rng: np.random.Generator
) -> NumericGradient:
    """Return the slope of every element, with both one-sided slopes where they differ."""
    numeric = cost.elementwise_gradient(scheme)
    if isinstance(scheme, RichardsonDifference):
        _search_where_uncertain(cost, numeric)
        _refine(cost, numeric, scheme)
    else:
        _compare_sides(cost, numeric, scheme, rng)
    return numeric


def _search_where_uncertain(cost: CostFunction, numeric: NumericGradient) -> None:
    uncertain = numeric.error > KINK_SEARCH_BOUND * np.abs(numeric.value)
    for index in map(int, np.flatnonzero(uncertain)):
        slopes = one_sided_slopes(cost, index)
        if slopes:
            numeric.error[index] = slopes.error
            numeric.allow_between(index, slopes.left, slopes.right, numeric.value[index])


def _refine(cost: CostFunction, numeric: NumericGradient, scheme: RichardsonDifference) -> None:
    """Compute elements again that are too uncertain, by the best of all steps."""
    precise = replace(scheme, is_precise=True)
    excess = np.zeros(numeric.value.size)
    for _, part, _ in cost.tree.leaves:
        excess[part] = numeric.error[part] - UNREFINED_PART * MAX_BAR_RICHARDSON * (
            root_mean_square(numeric.value[part])
        )
    if numeric.lower is not None and numeric.upper is not None:
        excess[numeric.lower != numeric.upper] = 0.0
    for index in map(int, np.argsort(excess)[::-1][:MAX_REFINED]):
        if not excess[index] > 0:
            break
        slope, error = cost.slope(precise, index, 1.0)
        if error < numeric.error[index]:
            numeric.value[index], numeric.error[index] = slope, error
            if numeric.lower is not None and numeric.upper is not None:
                numeric.allow_between(index, slope)


def _compare_sides(
    cost: CostFunction, numeric: NumericGradient, scheme: Scheme, rng: np.random.Generator
) -> None:
    value = numeric.value
    direction = rng.standard_normal(value.size)
    short = ComplexStep(SIDES_STEP)
    forth = cost.slope(short, ..., direction)[0]
    back = cost.slope(short, ..., -direction)[0]
    if not abs(forth + back) > SIDES_AGREEMENT * float(np.abs(value * direction).sum()):
        return
    left = cost.elementwise_gradient(scheme, -1.0).value
    differs = np.abs(value - left) > (
        SIDES_AGREEMENT_ELEMENT * (np.abs(value) + np.abs(left))
        + SIDES_AGREEMENT * root_mean_square(value)
    )
    numeric.lower = np.where(differs, np.minimum(value, left), value)
    numeric.upper = np.where(differs, np.maximum(value, left), value)


def accept_kinks(cost: CostFunction, numeric: NumericGradient, failed: list[int]) -> bool:
    """Search `failed` elements for kinks that complex numbers do not see.

    Every slope between the one-sided ones is accepted there. Return whether there are any.
    """
    any_kink, vain = False, 0
    for index in failed:
        slopes = one_sided_slopes(cost, index)
        if slopes:
            any_kink, vain = True, 0
            beside = _slopes_beside(cost, index, slopes)
            numeric.allow_between(index, slopes.left, slopes.right, numeric.value[index], *beside)
            numeric.error[index] += slopes.error
        else:
            vain += 1
            if vain > MAX_VAIN_SEARCHES:
                break
    return any_kink


def _slopes_beside(cost: CostFunction, index: int, sides: OneSidedSlopes) -> list[float]:
    """Return the slopes just beside a kink, by the complex step, that confirm the one-sided ones.

    Those are differences of the cost, in which numbers that are larger than it may be rounded.
    """
    theta = cost.arrays["complex"]
    original = theta[index]
    distance = BESIDE_KINK * max(1.0, abs(original))
    found = []
    try:
        for side, slope in ((-distance, sides.left), (distance, sides.right)):
            theta[index] = original + side
            exact, _ = cost.slope(ComplexStep(), index, 1.0)
            if abs(exact - slope) <= sides.error + BESIDE_AGREEMENT * abs(slope):
                found.append(exact)
    except NotComplexSafe:
        return []
    finally:
        theta[index] = original
    return found


def accept_kinks_within_step(
    cost: CostFunction,
    numeric: NumericGradient,
    analytic: Array,
    doubtful: list[int],
    better: Scheme,
) -> bool:
    """Replace difference quotients of `doubtful` elements that the scheme `better` contradicts.

    A kink may lie within the step of a plain central difference. Return whether there are any.
    """
    any_replaced = False
    visible = MAX_BAR_FRACTION * root_mean_square(numeric.value)
    for index in doubtful:
        right, error = cost.slope(better, index, 1.0)
        left = -cost.slope(better, index, -1.0)[0]
        gradient = analytic[index]
        expected = np.clip(gradient, min(right, left), max(right, left))
        gap = abs(expected - numeric.value[index])
        quotient_is_wrong = gap > min(numeric.error[index] + error, visible)
        if quotient_is_wrong or abs(gradient - expected) <= error:
            numeric.allow_between(index, right, left)
            numeric.error[index] = error
            any_replaced = True
    return any_replaced
