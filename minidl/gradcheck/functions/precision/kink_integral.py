"""The mean of a function with jumps, as slopes have where a line crosses kinks."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable

import numpy as np

from ....utils.typing import Array
from .constants import KINK_INTERVALS, MAX_BISECTIONS, TREND_NEIGHBOURS


def mean_with_jumps(
    slope: Callable[[float], float], tolerance: float, rng: np.random.Generator, effort: int = 1
) -> tuple[float, float]:
    """Return the mean of `slope` over [-1, 1], and a bound of its error.

    Intervals over which it changes by more than the intervals around them contain a jump. The one
    that may matter most is halved until the bound is within `tolerance`.
    """
    intervals = KINK_INTERVALS * effort
    inner = np.arange(1, intervals) + rng.uniform(-0.4, 0.4, intervals - 1)
    nodes = np.concatenate([[0.0], inner, [intervals]]) * (2 / intervals) - 1
    points = [(float(node), slope(float(node))) for node in nodes]
    trends = _local_trends(np.array(points))

    for _ in range(MAX_BISECTIONS * effort):
        jumps = _jumps(np.array(points), nodes, trends)
        widest = int(jumps.argmax())
        if not jumps.sum() > tolerance:
            break
        middle = (points[widest][0] + points[widest + 1][0]) / 2
        insort(points, (middle, slope(middle)))
    t, s = np.array(points).T
    mean = float(((s[1:] + s[:-1]) * np.diff(t)).sum()) / 4
    curvature = float(np.abs(np.diff(trends)).sum()) * float(np.diff(nodes).max()) ** 2 / 12
    return mean, float(_jumps(np.array(points), nodes, trends).sum()) + curvature


def _local_trends(points: Array) -> Array:
    """Return the derivative in each interval: the median of those around it, without jumps."""
    t, s = points.T
    quotients = np.diff(s) / np.diff(t)
    reach = TREND_NEIGHBOURS
    return np.array(
        [np.median(quotients[max(0, i - reach) : i + reach + 1]) for i in range(len(quotients))]
    )


def _jumps(points: Array, nodes: Array, trends: Array) -> Array:
    """Return how far a jump in each interval may move the mean."""
    t, s = points.T
    width = np.diff(t)
    trend = trends[np.searchsorted(nodes, t[:-1], side="right") - 1]
    jumps: Array = np.abs(np.diff(s) - trend * width) * width / 4
    return jumps
