"""Gradients in low precision that are wrong at the point itself, where it sits on a kink.

Integrals along lines show that a gradient is right around the point. What it is at the point alone
does not count in them, but training starts there: at biases of zero, or at ties of a maximum.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ....utils.typing import Array
from ...result import Check
from ..analytic_gradient import AnalyticGradient
from ..cost_function import CostFunction
from ..meeting_kinks import MEETING_KINKS, several_kinks_meet
from ..tie_choices import NO_ONE_SIDED_SLOPE, tie_orders
from .constants import (
    BAR_DEVIATIONS,
    NEAREST_NEIGHBOUR,
    NEAREST_TO_ZERO,
    NEIGHBOUR_DISTANCE,
    NEIGHBOUR_PAIRS,
    OUTSIDE,
    OUTSIDE_ELEMENTS,
    OUTSIDE_OF_ARRAY,
    OUTSIDE_UNITS,
    POINT_STEPS,
)
from .measure import Precision
from .safe_calls import gradient_or_nan, value_or_nan
from .scale import parameter_scale


def fail_at_kinks(
    checks: list[Check],
    cost: CostFunction,
    gradient: AnalyticGradient,
    precision: Precision,
    rng: np.random.Generator,
) -> None:
    """Let checks fail that have elements outside of the slopes on both sides of a kink.

    Parameters
    ----------
    checks : list of Check
        The check of each array; those that passed, or are unresolved, may fail.
    cost : CostFunction
        The numeric side.
    gradient : AnalyticGradient
        The gradient under test, a callable.
    precision : Precision
        The measured precision of both.
    rng : Generator
        Draws points nearby.
    """
    allowance = _allowance(cost, gradient, precision)
    outside = _outside_of_neighbours(cost, gradient, allowance, rng)
    for check, (_, part, shape) in zip(checks, cost.tree.leaves, strict=True):
        if check.verdict == "fail":
            continue
        suspects = part.start + np.flatnonzero(outside[part])
        for place in suspects[np.argsort(-outside[suspects])][:OUTSIDE_ELEMENTS]:
            analytic = float(gradient.value[place])
            low, high, bar = _one_sided(cost, precision, int(place), float(outside[place]))
            nearest = float(np.clip(analytic, low, high))
            if not abs(analytic - nearest) > bar + allowance[place]:
                continue
            forward, back = _changes_nearby(cost, gradient, int(place), rng)
            if several_kinks_meet(forward, back, float(allowance[place])):
                check.verdict, check.diagnosis = "unresolved", MEETING_KINKS
            else:
                index = np.unravel_index(int(place) - part.start, shape)
                check.verdict, check.diagnosis = "fail", NO_ONE_SIDED_SLOPE
                check.difference = abs(analytic - nearest) / (abs(analytic) + abs(nearest))
                check.worst = {
                    "index": [int(i) for i in index],
                    "analytic": analytic,
                    "numeric": nearest,
                    "bar": bar + float(allowance[place]),
                }
                break


def _allowance(cost: CostFunction, gradient: AnalyticGradient, precision: Precision) -> Array:
    """Return by how much each element may differ from those nearby, kinks apart."""
    allowance = np.empty(cost.theta.size)
    for leaf, unit in zip(cost.tree.leaves, precision.gradient.units, strict=True):
        size = np.abs(gradient.value[leaf.part])
        of_array = float(np.sqrt(np.mean(size**2)))
        rounding = OUTSIDE_UNITS * unit * (size + of_array)
        allowance[leaf.part] = OUTSIDE * size + OUTSIDE_OF_ARRAY * of_array + rounding
    return allowance


def _outside_of_neighbours(
    cost: CostFunction, gradient: AnalyticGradient, allowance: Array, rng: np.random.Generator
) -> Array:
    """Return how far elements are outside of all that they are at points nearby; 0 for most."""
    low = high = np.full(cost.theta.size, np.nan)
    gap = np.zeros(cost.theta.size)
    for move in _moves(cost, rng):
        for theta in (cost.theta + move, cost.theta - move):
            nearby = gradient_or_nan(gradient, theta)
            low, high = np.fmin(low, nearby), np.fmax(high, nearby)
        below, above = low - gradient.value, gradient.value - high
        gap = np.nan_to_num(np.maximum(below, above), nan=0.0, posinf=0.0, neginf=0.0)
        gap[gap <= allowance] = 0.0
        if not gap.any():
            break
    return gap


def _changes_nearby(
    cost: CostFunction, gradient: AnalyticGradient, place: int, rng: np.random.Generator
) -> Iterator[Array]:
    """Yield by how much an element differs at points nearby, then at the opposite ones."""
    moves = list(_moves(cost, rng))
    for sign in (1, -1):
        nearby = [gradient_or_nan(gradient, cost.theta + sign * move)[[place]] for move in moves]
        yield np.array(nearby) - gradient.value[place]


def _moves(cost: CostFunction, rng: np.random.Generator) -> Iterator[Array]:
    """Yield moves to points nearby, each to be taken forward and back.

    Points on opposite sides show both slopes of a kink, and more points the orders of a tie; points
    as near as can be show a spike of the gradient, which is no kink. Of a tie of many numbers, that
    order is tried last which stable sorts and first maxima choose.
    """
    scale, size = parameter_scale(cost.tree), np.abs(cost.theta)
    nearest = np.where(size > 0, NEAREST_NEIGHBOUR * size, NEAREST_TO_ZERO * scale)
    for number in range(NEIGHBOUR_PAIRS):
        step = nearest if number % 2 else NEIGHBOUR_DISTANCE * scale
        yield step * rng.uniform(0.3, 1.0, step.size) * rng.choice([-1.0, 1.0], step.size)
    for move in tie_orders(cost.theta, rng):
        yield NEIGHBOUR_DISTANCE * move


def _one_sided(
    cost: CostFunction, precision: Precision, place: int, gap: float
) -> tuple[float, float, float]:
    """Return the smaller and the larger slope on both sides of an element, and their error bar.

    They are those over the shortest step at which noise leaves half of `gap` clear: a spike of the
    gradient at the point may be narrow.
    """
    longest = float(parameter_scale(cost.tree)[place]) * POINT_STEPS[0]
    noise = 4 * BAR_DEVIATIONS * precision.cost.deviation
    step = max(4 * noise / gap, NEIGHBOUR_DISTANCE**2 * longest)
    while step <= longest:
        slopes, bar = [], noise / step
        for side in (step, -step):
            far, near = (_quotient(cost, place, length) for length in (side, side / 2))
            slopes.append(2 * near - far)
            bar += abs(near - far)
        if bar < gap / 2:  # of numbers; NaN lies outside of the domain
            return min(slopes), max(slopes), bar
        step *= 4
    return -np.inf, np.inf, np.inf


def _quotient(cost: CostFunction, place: int, length: float) -> float:
    theta = cost.theta.copy()
    theta[place] += length
    return (value_or_nan(cost, theta) - cost.base) / length
