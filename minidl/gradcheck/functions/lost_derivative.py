"""Derivatives that the complex step loses without a word."""

from __future__ import annotations

import numpy as np

from ..constants import PROBE_CONTRADICTION
from ..result import Check
from .cost_function import CostFunction


def lost_derivative(cost: CostFunction, checks: list[Check]) -> str:
    """Say where a central difference agrees with the gradient and not with the complex step."""
    for check, (name, region, shape) in zip(checks, cost.tree.leaves, strict=True):
        if "index" not in check.worst:
            continue
        places = np.arange(region.start, region.stop).reshape(shape)
        index = places[tuple(check.worst["index"])]
        central, bound = cost.slope(cost.central, index, 1.0)
        if (
            abs(central - check.worst["numeric"]) > PROBE_CONTRADICTION * bound
            and abs(central - check.worst["analytic"]) <= bound
        ):
            return f"its derivative for {name} got lost"
    return ""
