"""Calls of the functions under test at points where they may fail."""

from __future__ import annotations

import numpy as np

from ....utils.typing import Array
from ..analytic_gradient import AnalyticGradient
from ..cost_function import CostFunction


def value_or_nan(cost: CostFunction, theta: Array) -> float:
    """Return the cost at `theta`, NaN where it raises an error: outside of its domain."""
    try:
        return cost.at(theta)
    except Exception:
        return np.nan


def gradient_or_nan(gradient: AnalyticGradient, theta: Array) -> Array:
    """Return the analytic gradient at `theta`, NaN where there is none."""
    try:
        return gradient.at(theta)
    except Exception:
        return np.full(theta.size, np.nan)


def slope_or_nan(gradient: AnalyticGradient, theta: Array, direction: Array) -> float:
    """Return the analytic slope along `direction` at `theta`, NaN where there is none."""
    return float(gradient_or_nan(gradient, theta) @ direction)
