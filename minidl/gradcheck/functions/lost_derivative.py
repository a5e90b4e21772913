"""Derivatives that the complex step loses without a word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np

from ...utils.typing import Array
from ..constants import PROBE_CONTRADICTION, SMALL_GAP
from ..numeric.differences import ComplexStep
from ..result import Check, error_in_bars
from .constants import LOST_ELEMENTS, OTHERS_SMALLER
from .cost_function import CostFunction


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
        for index, direction in _lines(check, region, shape, gradient, rng):
            analytic = float((gradient[index] * direction).sum())
            lost, _ = cost.slope(ComplexStep(), index, direction)
            slope, bound = cost.slope(central, index, direction)
            if abs(slope - lost) > PROBE_CONTRADICTION * bound and abs(slope - analytic) <= bound:
                return f"its derivative for {name} got lost"
        with suppress(Exception):  # of a cost that refuses such a point
            if _is_lost_where_others_are_small(cost, region):
                return f"its derivative for {name} got lost"
    return ""


def _is_lost_where_others_are_small(cost: CostFunction, region: slice) -> bool:
    """Return whether both contradict each other where the other arrays are small.

    A cost of 1e11 hides a derivative of 1 from differences; what its code does with an imaginary
    part is seen where it is smaller.
    """
    theta = OTHERS_SMALLER * cost.theta
    theta[region] = cost.theta[region]
    if (theta == cost.theta).all():
        return False
    smaller = cost.moved_to(theta)
    direction = np.sign(theta[region]) + (theta[region] == 0)
    lost, _ = smaller.slope(ComplexStep(), region, direction)
    slope, bound = smaller.slope(replace(cost.central, is_precise=True), region, direction)
    return abs(slope - lost) > PROBE_CONTRADICTION * bound


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
