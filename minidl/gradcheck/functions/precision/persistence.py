"""Whether a slope stays wrong from point to point, as mistakes do, and rounding does not.

Code in half precision rounds intermediate results as well: a mean, or a standard deviation, by as
much at every point nearby, so that no average over a short line shows it. Farther away it is
rounded differently. A mistake stays.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ....utils.typing import Array
from .constants import (
    CERTAIN_BARS,
    LEAST_PERSISTING,
    PERSISTENCE_DEVIATIONS,
    PERSISTENCE_DISTANCES,
    PERSISTENCE_POINTS,
)
from .line_integral import MeanSlope


def persists(
    found: MeanSlope, at_other_point: Callable[[float], MeanSlope], least: float = 0.0
) -> tuple[bool, float]:
    """Return whether a wrong slope is a mistake, and how far slopes differ for other reasons.

    Parameters
    ----------
    found : MeanSlope
        A slope outside of its error bar.
    at_other_point : callable
        ``at_other_point(distance)`` returns the slope along the same line through another point, so
        far away relative to the parameters.
    least : float, default 0.0
        A smaller mean difference is no mistake: some rounding is the same everywhere.

    Returns
    -------
    is_mistake : bool
        Whether the two sides differ by far more than the bar, or in the same way everywhere.
    gap : float
        The largest difference of the two sides.
    """
    gap = _gap(found)
    gaps = np.array([])
    for distance in PERSISTENCE_DISTANCES:
        slopes = [at_other_point(distance) for _ in range(PERSISTENCE_POINTS)]
        gaps = np.array([_gap(slope) for slope in slopes if np.isfinite(slope.bar)])
        if gaps.size >= LEAST_PERSISTING:
            break
    largest = max([abs(gap), *np.abs(gaps)])
    if abs(gap) > CERTAIN_BARS * found.bar:
        # Unless it is here alone, where rounding chooses other numbers as the largest ones.
        is_elsewhere = gaps.size < LEAST_PERSISTING or np.median(np.abs(gaps)) > found.bar
        return bool(is_elsewhere), largest
    is_mistake = _is_the_same(gaps, gap) and abs(float(gaps.mean())) > least
    return is_mistake, float(largest)


def _gap(slope: MeanSlope) -> float:
    return slope.analytic - slope.numeric


def _is_the_same(gaps: Array, first: float) -> bool:
    """Return whether the gaps are those of one mistake: a test of Student's t on their mean."""
    if gaps.size < LEAST_PERSISTING or (gaps * first <= 0).any():
        return False
    error = float(np.std(gaps, ddof=1)) / gaps.size**0.5
    return bool(abs(gaps.mean()) > PERSISTENCE_DEVIATIONS * error)
