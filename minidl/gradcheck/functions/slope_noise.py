"""The rounding of numeric slopes, from slopes at points close by."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..constants import (
    COMPLEX_STEP,
    EPS,
    ROUGHNESS_POINTS,
    ROUGHNESS_STEPS,
    ROUNDING_ULPS,
    SIXTH_DIFFERENCE_VARIANCE,
)
from ..numeric.differences import ComplexStep
from .cost_function import CostFunction


class SlopeNoise(NamedTuple):
    """The noise of a slope, a standard deviation, and whether the slope changes nearby."""

    deviation: float
    changes: bool


def slope_noise(
    cost: CostFunction, index: Any, direction: Any, rng: np.random.Generator
) -> SlopeNoise:
    """Return the noise of a slope by the complex step, from sixth differences along a line.

    Parameters
    ----------
    cost : CostFunction
        The cost.
    index, direction
        The slope: that of theta[index] along `direction`.
    rng : numpy.random.Generator
        Draws the line.

    Returns
    -------
    SlopeNoise
        The noise, and whether the slope changes. Smooth parts vanish in a sixth difference over a
        short line.
    """
    theta = cost.arrays["complex"]
    original = theta.copy()
    line = cost.theta * rng.uniform(-1, 1, theta.size)
    largest = 0.0
    try:
        for length in ROUGHNESS_STEPS:
            slopes = []
            for k in range(ROUGHNESS_POINTS):
                theta[:] = original + length * k * line
                # Each step is another number, so that slopes which do not change are rounded, too.
                step = ComplexStep(COMPLEX_STEP * (1 + k / ROUGHNESS_POINTS))
                slopes.append(cost.slope(step, index, direction)[0])
            sixth = np.diff(slopes, 6)
            largest = max(largest, float((sixth**2).mean()) / SIXTH_DIFFERENCE_VARIANCE)
    finally:
        theta[:] = original
    changes = bool(np.ptp(slopes) > ROUNDING_ULPS * EPS * np.abs(slopes).max())
    return SlopeNoise(float(np.sqrt(largest)), changes)
