"""The slope of a noisy cost at the point itself, for gradients that cannot be asked elsewhere."""

from __future__ import annotations

import numpy as np

from ....utils.typing import Array
from ..cost_function import CostFunction
from .constants import (
    BAR_DEVIATIONS,
    EVEN_NOISE,
    NOISE_DOMINATES,
    POINT_CLEAR,
    POINT_NOISE,
    POINT_STEPS,
)
from .measure import Precision
from .safe_calls import value_or_nan


def point_slope(cost: CostFunction, precision: Precision, direction: Array) -> tuple[float, float]:
    """Return the slope along `direction`, and its error bar.

    Parameters
    ----------
    cost : CostFunction
        The cost.
    precision : Precision
        How noisy it is.
    direction : ndarray of shape (P,)
        Where to move: as long as the parameters.

    Returns
    -------
    slope, bar : float
        An extrapolated central difference, the best of several steps: long ones have a curvature,
        short ones noise. At a kink the bar covers both one-sided slopes.
    """
    if precision.cost_is_exact:
        return cost.slope(cost.central, ..., direction)
    best, least = 0.0, np.inf
    for step in POINT_STEPS:
        right, left, near_right, near_left = (
            value_or_nan(cost, cost.theta + length * direction)
            for length in (step, -step, step / 2, -step / 2)
        )
        coarse, fine = (right - left) / (2 * step), (near_right - near_left) / step
        # Of the even part over the step, curvature halves with it; what does not is a kink.
        jump = 2 * (near_right + near_left - 2 * cost.base) / step
        jump -= (right + left - 2 * cost.base) / (2 * step)
        rounding = BAR_DEVIATIONS * precision.cost.deviation / step
        bar = POINT_NOISE * rounding + abs(coarse - fine)
        if abs(jump) > EVEN_NOISE * rounding:
            bar += abs(jump)
        if bar < least:
            best, least = (4 * fine - coarse) / 3, bar
        if bar <= POINT_CLEAR * abs(best) or POINT_NOISE * rounding > NOISE_DOMINATES * bar:
            break
    return best, least
