"""The numeric derivatives of single elements in low precision, for the diagnosis of a failure."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ....utils.typing import Array
from ..cost_function import CostFunction
from .constants import BAR_DEVIATIONS, ELEMENT_CLEAR, ELEMENT_NOISE, ELEMENT_STEPS, NOISE_DOMINATES
from .measure import Precision
from .safe_calls import value_or_nan
from .scale import parameter_scale


def numeric_elements(
    cost: CostFunction, precision: Precision, places: Iterable[int]
) -> tuple[Array, Array]:
    """Return the slopes at `places` of the vector of parameters, and their error bars.

    Parameters
    ----------
    cost : CostFunction
        The cost.
    precision : Precision
        How noisy it is.
    places : iterable of int
        Which elements.

    Returns
    -------
    slopes, errors : ndarray
        Central differences, extrapolated; by Richardson's scheme where the cost is exact.
    """
    scale = parameter_scale(cost.tree)
    found = []
    for place in places:
        if precision.cost_is_exact:
            found.append(cost.slope(cost.central, place, 1.0))
        else:
            found.append(_slope(cost, precision.cost.deviation, place, float(scale[place])))
    slopes, errors = np.array(found, float).reshape(-1, 2).T
    return slopes, errors


def _slope(cost: CostFunction, noise: float, place: int, scale: float) -> tuple[float, float]:
    """Return the best of several steps: long ones have a curvature, short ones noise."""
    slope, error = 0.0, np.inf
    for share in ELEMENT_STEPS:
        step = share * scale
        right, left, near_right, near_left = (
            value_or_nan(cost, _moved(cost.theta, place, length))
            for length in (step, -step, step / 2, -step / 2)
        )
        coarse, fine = (right - left) / (2 * step), (near_right - near_left) / step
        rounding = BAR_DEVIATIONS * ELEMENT_NOISE * noise / step
        bound = rounding + abs(coarse - fine)
        if bound < error:
            slope, error = (4 * fine - coarse) / 3, bound
        if bound <= ELEMENT_CLEAR * abs(slope) or rounding > NOISE_DOMINATES * bound:
            break
    return slope, error


def _moved(theta: Array, place: int, length: float) -> Array:
    moved = theta.copy()
    moved[place] += length
    return moved
