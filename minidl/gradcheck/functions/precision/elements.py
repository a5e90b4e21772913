"""The numeric derivatives of single elements in low precision, for the diagnosis of a failure."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ....utils.typing import Array
from ..cost_function import CostFunction
from .measure import Precision
from .point_slope import point_slope
from .scale import parameter_scale


def numeric_elements(
    cost: CostFunction, precision: Precision, places: Iterable[int]
) -> tuple[Array, Array]:
    """Return the slopes at `places` of the vector of parameters, and their error bars."""
    scale = parameter_scale(cost.tree)
    found = []
    for place in places:
        if precision.cost_is_exact:
            found.append(cost.slope(cost.central, place, 1.0))
        else:
            direction = np.zeros(scale.size)
            direction[place] = scale[place]
            slope, bar = point_slope(cost, precision, direction)
            found.append((slope / scale[place], bar / scale[place]))
    slopes, errors = np.array(found, float).reshape(-1, 2).T
    return slopes, errors
