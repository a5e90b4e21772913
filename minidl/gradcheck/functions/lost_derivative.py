"""Derivatives that the complex step loses without a word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...utils.typing import Array
from ..constants import EPS, PROBE_CONTRADICTION, SMALL_GAP, SUMMATION_ULPS
from ..numeric.differences import ComplexStep
from ..result import Check, error_in_bars
from .constants import LOST_ELEMENTS, OTHERS_SMALLER, RECORD_AGREEMENT, SLIGHT_GAP
from .cost_function import CostFunction
from .precision.scale import parameter_scale
from .recorded_gradient import recorded_gradient


def lost_derivative(
    cost: CostFunction, gradient: Array, checks: list[Check], rng: np.random.Generator
) -> str:
    """Say where a central difference agrees with the gradient and not with the complex step.

    Parameters
    ----------
    cost : CostFunction
        The cost.
    gradient : ndarray of shape (P,)
        The gradient under test.
    checks : list of Check
        A check of each array.
    rng : numpy.random.Generator
        Draws a direction, where a check names no element.

    Returns
    -------
    str
        The reason, or "".
    """
    # A part of the cost that says little may be lost: that takes precise differences to see.
    central = replace(cost.central, is_precise=True)
    for check, (name, region, shape) in zip(checks, cost.tree.leaves, strict=True):
        if check.verdict != "fail":
            continue
        hidden, lines = [], list(_lines(check, region, shape, gradient, rng))
        for index, direction in lines:
            analytic = float((gradient[index] * direction).sum())
            lost, _ = cost.slope(ComplexStep(), index, direction)
            slope, bound = cost.slope(central, index, direction)
            if abs(slope - lost) > PROBE_CONTRADICTION * bound and abs(slope - analytic) <= bound:
                return f"its derivative for {name} got lost"
            if analytic != lost:
                hidden.append(abs(analytic - lost) <= PROBE_CONTRADICTION * bound)
        if not hidden or not all(hidden):
            continue
        if any(_is_lost_at(at, region) for at in _other_points(cost, region)):
            return f"its derivative for {name} got lost"
        is_slight = check.difference <= SLIGHT_GAP and not check.kinks
        if is_slight and not _is_recorded(cost, gradient, name, region, lines):
            return f"a slight part of its derivative for {name} may get lost"
    return ""


def _other_points(cost: CostFunction, region: slice) -> Iterator[CostFunction]:
    """Yield the cost where what is lost may weigh more.

    A cost of 1e11 hides a derivative of 1 from differences, and one of 1e-12 beside 1 is hidden,
    too; but the code that loses it is the same where the other arrays are small, or all are of the
    size of 1.
    """
    others_small = OTHERS_SMALLER * cost.theta
    others_small[region] = cost.theta[region]
    for theta in (others_small, cost.theta / parameter_scale(cost.tree)):
        if not np.array_equal(theta, cost.theta):
            yield cost.moved_to(theta)


def _is_lost_at(cost: CostFunction, region: slice) -> bool:
    """Return whether differences contradict the complex step where all elements move."""
    part = cost.theta[region]
    direction = np.where(part < 0, -1.0, 1.0)
    try:
        lost, _ = cost.slope(ComplexStep(), region, direction)
        slope, bound = cost.slope(replace(cost.central, is_precise=True), region, direction)
    except Exception:  # of a cost that refuses such a point
        return False
    return abs(slope - lost) > PROBE_CONTRADICTION * bound


def _is_recorded(
    cost: CostFunction,
    gradient: Array,
    name: str,
    region: slice,
    lines: list[tuple[slice, Array]],
) -> bool:
    """Return whether the operations of the cost confirm the complex step, and not the gradient.

    Both may differ by less than differences can show.
    """
    recorded = recorded_gradient(cost, name)
    if recorded is None:
        return False
    slopes = np.zeros(gradient.size)
    slopes[region] = recorded
    for index, direction in lines:
        lost, _ = cost.slope(ComplexStep(), index, direction)
        terms = gradient[index] * direction
        gap, size = abs(float(terms.sum()) - lost), float(np.abs(terms).sum())
        differs = abs(float((slopes[index] * direction).sum()) - lost)
        if not differs <= RECORD_AGREEMENT * gap + SUMMATION_ULPS * EPS * size:
            return False
    return True


def _lines(
    check: Check, region: slice, shape: tuple[int, ...], gradient: Array, rng: np.random.Generator
) -> Iterator[tuple[slice, Array]]:
    """Yield which elements move, and how: the worst one, then all of them, uphill and at random.

    What is slight in one element may be seen in many. The worst may sit on a kink, others do not.
    """
    if "index" in check.worst:
        places = np.arange(region.start, region.stop).reshape(shape)
        worst = int(places[tuple(check.worst["index"])])
        yield slice(worst, worst + 1), np.ones(1)
        if check.kinks and check.bar is not None and check.bar.shape == shape:
            failed = places.ravel()[~(error_in_bars(check).ravel() <= 1)]
            for place in map(int, rng.permutation(failed)[:LOST_ELEMENTS]):
                yield slice(place, place + 1), np.ones(1)
        if check.difference > SMALL_GAP:
            return
    steps = rng.standard_normal(region.stop - region.start)
    yield region, np.sign(gradient[region]) * np.abs(steps)
    yield region, steps
