"""The noise of the complex step: rounding of the cost that its derivative inherits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...utils.typing import Array
from ..constants import (
    ROUGHNESS_ELEMENTS,
    ROUGHNESS_POINTS,
    ROUGHNESS_STEPS,
    SIXTH_DIFFERENCE_VARIANCE,
)
from ..numeric.differences import ComplexStep
from .cost_function import CostFunction


def numeric_roughness(
    cost: CostFunction, value: Array, doubtful: Array, rng: np.random.Generator
) -> Array:
    """Return the noise of numeric derivatives by the complex step, element by element.

    The complex step does not cancel, but the cost may: in log(1 - a) with a close to 1, the
    rounding of 1 - a is that of its derivative, too. Sixth differences along a line show it.

    Parameters
    ----------
    cost : CostFunction
        The cost.
    value : ndarray of shape (P,)
        Its derivatives.
    doubtful : ndarray of bool, shape (P,)
        The elements to measure.
    rng : numpy.random.Generator
        For the direction of the line.

    Returns
    -------
    ndarray of shape (P,)
        Standard deviations. At most `ROUGHNESS_ELEMENTS` elements are measured; the others get the
        largest relative noise of these.
    """
    places = np.flatnonzero(doubtful)
    measured = rng.permutation(places)[:ROUGHNESS_ELEMENTS]
    deviations = slope_roughness(cost, [(int(i), 1.0) for i in measured], rng)
    sizes = np.abs(value[measured])
    relative = deviations / np.where(sizes > 0, sizes, 1.0)
    noise = np.zeros(value.size)
    noise[places] = relative.max(initial=0.0) * np.abs(value[places])
    noise[measured] = deviations
    return noise


def slope_roughness(
    cost: CostFunction, moves: Sequence[tuple[Any, Any]], rng: np.random.Generator
) -> Array:
    """Return the noise of slopes by the complex step.

    Parameters
    ----------
    cost : CostFunction
        The cost.
    moves : sequence of (index, direction)
        Which elements move, and how, as `CostFunction.slope` takes them.
    rng : numpy.random.Generator
        For the direction of the line on which the slopes are compared.

    Returns
    -------
    ndarray of shape (n_moves,)
        Standard deviations.
    """
    theta = cost.arrays["complex"]
    original = theta.copy()
    line = cost.theta * rng.uniform(-1, 1, theta.size)
    largest = np.zeros(len(moves))
    try:
        for length in ROUGHNESS_STEPS:
            slopes = np.empty((ROUGHNESS_POINTS, len(moves)))
            for k in range(ROUGHNESS_POINTS):
                theta[:] = cost.theta + length * k * line
                slopes[k] = [cost.slope(ComplexStep(), *move)[0] for move in moves]
            squares = (np.diff(slopes, 6, axis=0) ** 2).mean(axis=0)
            largest = np.maximum(largest, squares / SIXTH_DIFFERENCE_VARIANCE)
    finally:
        theta[:] = original
    deviations: Array = np.sqrt(largest)
    return deviations
