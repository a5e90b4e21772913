"""How small an error the probes of an array would have seen."""

from __future__ import annotations

from math import erf, prod, sqrt

import numpy as np

from ....utils.typing import Array
from .constants import MISS_PROBABILITY


def resolution(gradient: Array, directions: list[Array], bars: list[float]) -> float:
    """Return the smallest error, relative to the norm of the array, that cannot have been missed.

    Parameters
    ----------
    gradient : ndarray of shape (n,)
        The gradient of the array.
    directions : list of ndarray of shape (n,)
        Directions with random signs, along which it was probed.
    bars : list of float
        The error bar of the slope along each.

    Returns
    -------
    float
        An error of this relative size is seen whatever its shape: spread over all elements, along
        random signs its slope is normally distributed, and at least one of the slopes exceeds its
        bar with a probability of 1 - `MISS_PROBABILITY`; in one element, the slope follows from
        how far that element moved. Infinite for a gradient of zeros, and for one
        that is not finite.
    """
    norm = float(np.linalg.norm(gradient))
    if not (0 < norm < np.inf and any(np.isfinite(bars))):
        return np.inf
    reach = np.zeros(gradient.size)
    sensitivities = []
    for direction, bar in zip(directions, bars, strict=True):
        if np.isfinite(bar):
            moved = np.abs(direction)
            np.maximum(reach, moved / bar, out=reach)
            sensitivities.append(float(np.linalg.norm(gradient * direction)) / bar)
    alone = float(reach.min())
    in_one_element = 1 / (alone * norm) if alone > 0 else np.inf
    if gradient.size == 1:
        return in_one_element
    return max(in_one_element, _spread_error(np.array(sensitivities)))


def _spread_error(sensitivities: Array) -> float:
    """Return the error r for which all |N(0, 1)| < 1 / (r * sensitivity) has that probability."""
    low, high = np.log(1e-20), np.log(1e20)
    for _ in range(60):
        middle = (low + high) / 2
        with np.errstate(all="ignore"):
            limits = 1 / (np.exp(middle) * sensitivities * sqrt(2))
        if prod(map(erf, limits)) > MISS_PROBABILITY:
            low = middle
        else:
            high = middle
    return float(np.exp(high))
