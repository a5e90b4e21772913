"""How far two sides are apart along lines, in units of the slope, and what may hide in that."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....utils.typing import Array
from .constants import BAR_DEVIATIONS, FACTOR_DEVIATIONS, LEAST_LINES, LEAST_SLOPE, MISS_QUANTILE
from .line_integral import MeanSlope


class RelativeGap(NamedTuple):
    """The difference of the two sides along a line.

    `vector` is the direction within the array and `size` the size of the slope along it: what
    random signs make of the gradient there.
    """

    vector: Array
    slope: MeanSlope
    size: float

    @property
    def value(self) -> float:
        """The difference over the size of the slope."""
        return (self.slope.analytic - self.slope.numeric) / self.size

    @property
    def bar(self) -> float:
        """The part of it that may be an error of the integral."""
        return self.slope.bar / self.size

    @property
    def factor(self) -> float:
        """The difference over the numeric slope, as far as that is not next to nothing."""
        return self.value * self.size / self._steepness

    @property
    def factor_bar(self) -> float:
        """The part of the factor that may be an error of the integral."""
        return self.slope.bar / abs(self._steepness)

    @property
    def _steepness(self) -> float:
        slope, least = self.slope.numeric, LEAST_SLOPE * self.size
        return slope if abs(slope) > least else least


def root_mean_square(gaps: list[RelativeGap]) -> float:
    """Return the error along random directions, relative to the norm of the gradient."""
    if not gaps:
        return np.inf
    weights = _weights(np.array([gap.bar for gap in gaps]))
    return float(np.sqrt(weights @ np.square([gap.value for gap in gaps])))


class MeanFactor(NamedTuple):
    """By how much a gradient is too long, of itself, with the standard error of that.

    `bar` is the error that all integrals may have in common.
    """

    value: float
    deviation: float
    bar: float

    def is_outside(self, limit: float) -> bool:
        """Return whether it is larger than the limit, and than its own errors."""
        least = max(limit, FACTOR_DEVIATIONS * self.deviation, self.bar)
        return abs(self.value) > least


def mean_factor(gaps: list[RelativeGap]) -> MeanFactor:
    """Return the mean factor along directions in which slopes add up."""
    if len(gaps) < 2:
        return MeanFactor(0.0, np.inf, np.inf)
    bars = np.array([gap.factor_bar for gap in gaps])
    weights, factors = _weights(bars), np.array([gap.factor for gap in gaps])
    mean = float(weights @ factors)
    scatter = float(weights**2 @ (factors - mean) ** 2) * len(gaps) / (len(gaps) - 1)
    measured = float(weights**2 @ (bars / BAR_DEVIATIONS) ** 2)
    return MeanFactor(mean, float(np.sqrt(max(scatter, measured))), float(weights @ bars))


def hidden_error(gradient: Array, gaps: list[RelativeGap]) -> float:
    """Return the largest error, relative to the norm, that gaps along random lines leave possible.

    Parameters
    ----------
    gradient : ndarray of shape (n,)
        The gradient of the array.
    gaps : list of RelativeGap
        The differences along directions with random signs.

    Returns
    -------
    float
        A gradient with a larger error would have shown larger gaps with a probability of 1 -
        `MISS_PROBABILITY`. The gaps are those of the mistake plus rounding, which makes them
        larger: so their root mean square bounds the mistake, and no bound of the rounding is
        needed. Of an error spread over all elements it has a chi-squared distribution; an error in
        one element shows in each gap, by how far that element moved. Lines count alike, or by
        their error bars, which tell of kinks on them, be the gradient right or wrong. Where slopes
        along the lines are smaller than at the point, so are the gaps, and the bound is larger.
    """
    norm = float(np.linalg.norm(gradient))
    if not 0 < norm < np.inf or len(gaps) < LEAST_LINES:
        return np.inf
    equal = np.full(len(gaps), 1 / len(gaps))
    weights = _weights(np.array([gap.bar for gap in gaps]))
    return min(_hidden_error(norm, gaps, weights), _hidden_error(norm, gaps, equal))


def _hidden_error(norm: float, gaps: list[RelativeGap], weights: Array) -> float:
    reach = np.sqrt(weights @ np.square([gap.vector / gap.size for gap in gaps]))
    least = norm * float(reach.min())
    flat = float(np.sqrt(weights @ np.square([gap.slope.analytic / gap.size for gap in gaps])))
    if not (least > 0 and flat > 0):
        return np.inf
    error = float(np.sqrt(weights @ np.square([gap.value for gap in gaps])))
    return error / (min(least, 1.0) * min(flat, 1.0)) * _miss_factor(1 / float(weights @ weights))


def _weights(bars: Array) -> Array:
    """Return weights that sum to one; lines of small error bars have large ones."""
    weights: Array = bars**-2.0 / (bars**-2.0).sum()
    return weights


def _miss_factor(count: float) -> float:
    """Return how many times a root mean square of normal numbers may exceed the one drawn.

    By the approximation of Wilson and Hilferty (1931) to the quantile of chi-squared.
    """
    variance = 2 / (9 * count)
    cube_root = 1 - variance + MISS_QUANTILE * float(np.sqrt(variance))
    return float(max(cube_root, 1e-3) ** -1.5)
