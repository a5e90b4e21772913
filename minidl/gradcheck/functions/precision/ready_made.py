"""Checks of gradients that are arrays, in low precision: along lines through the point alone."""

from __future__ import annotations

import numpy as np

from ....utils.typing import Array
from ...result import Check
from ..analytic_gradient import AnalyticGradient
from ..cost_function import CostFunction
from .constants import (
    CONFIRMING_WINDOWS,
    GOOD_RESOLUTION,
    READY_MADE_DIRECTIONS,
    READY_MADE_SAFETY,
    ROUNDING_SAFETY,
)
from .directions import Direction, random_direction, uphill
from .measure import Precision
from .point_slope import point_slope
from .resolution import resolution
from .scale import parameter_scale

METHOD = "central differences in the measured noise"


def ready_made_checks(
    cost: CostFunction, gradient: AnalyticGradient, precision: Precision, rng: np.random.Generator
) -> list[Check]:
    """Check each array of a gradient that is known at the point alone.

    Parameters
    ----------
    cost : CostFunction
        The numeric side.
    gradient : AnalyticGradient
        Ready-made arrays.
    precision : Precision
        The measured precision of the cost, and that of the values.
    rng : Generator
        Draws the directions.

    Returns
    -------
    list of Check
        As of `measured_checks`; the error bars are wider, as nothing averages curvature or kinks.
    """
    return [
        _check(number, cost, gradient, precision, rng) for number in range(len(cost.tree.leaves))
    ]


def _check(
    number: int,
    cost: CostFunction,
    gradient: AnalyticGradient,
    precision: Precision,
    rng: np.random.Generator,
) -> Check:
    name, part, _ = cost.tree.leaves[number]
    value = gradient.value[part]
    check = Check(None, "total", name, method=METHOD, elements=value.size)
    if not np.isfinite(value).all():
        check.verdict, check.difference, check.diagnosis = "fail", 1.0, "it is not finite"
        return check
    unit = precision.gradient.units[number]
    used: list[Array] = []
    bars: list[float] = []
    for direction in _directions(value, parameter_scale(cost.tree)[part], rng):
        for length in (1.0, *CONFIRMING_WINDOWS):
            line = np.zeros(cost.theta.size)
            line[part] = length * direction.vector
            numeric, error = point_slope(cost, precision, line)
            terms = value * line[part]
            analytic = float(terms.sum())
            bar = READY_MADE_SAFETY * error + unit * (
                ROUNDING_SAFETY * float(np.linalg.norm(terms)) + abs(analytic) / 2
            )
            if not abs(analytic - numeric) > bar:
                break
        else:
            check.verdict = "fail"
            check.worst = {"analytic": analytic, "numeric": numeric, "bar": bar}
        size = abs(analytic) + abs(numeric)
        if size and (check.verdict == "fail" or not used):
            check.difference = min(abs(analytic - numeric) / size, 1.0)
        if check.verdict == "fail":
            return check
        if direction.is_random or value.size == 1:
            used.append(line[part])
            bars.append(bar)
    check.resolution = resolution(value, used, bars)
    if not check.resolution <= GOOD_RESOLUTION:
        check.verdict = "unresolved"
        check.diagnosis = (
            f"only an error of {check.resolution:.1e} of its norm, or more, would have been seen: "
            "pass a function that returns the gradients, which shows more"
        )
    return check


def _directions(value: Array, scale: Array, rng: np.random.Generator) -> list[Direction]:
    count = READY_MADE_DIRECTIONS if value.size > 1 else 1
    return [
        uphill(value, scale, rng),
        *(random_direction(scale, rng) for _ in range(count)),
    ]
