"""Numeric derivatives in low precision, made exact where a simple relation explains them.

Patterns of mistakes compare arrays to many digits. Within its error bars, a numeric gradient is
replaced by the one for which the analytic gradient is right, or off by a simple relation.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ....utils.typing import Array
from .constants import NICE_RATIO


def snapped(analytic: Array, numeric: Array, bar: Array) -> Array:
    """Return `numeric`, changed by no more than `bar`.

    Elements within their bars equal the analytic ones. The others are these divided by one factor,
    or transposed or reversed, if that is within the bars of all.
    """
    wrong = ~(np.abs(analytic - numeric) <= bar)
    close = np.where(wrong, numeric, analytic)
    for moved in _moved(analytic):
        if _within(moved, numeric, bar):
            return moved
    scaled = np.ones_like(wrong) if wrong.mean() > 0.5 else wrong
    ratio = _common_ratio(analytic[scaled], numeric[scaled], bar[scaled])
    if ratio:
        return np.where(scaled, analytic / ratio, analytic)
    ratio = _common_ratio(analytic[wrong], numeric[wrong], bar[wrong])
    if ratio:
        close = np.where(wrong, analytic / ratio, analytic)
    return close


def _moved(analytic: Array) -> Iterator[Array]:
    for axis in range(analytic.ndim):
        if analytic.shape[axis] > 1:
            yield np.flip(analytic, axis)
    if analytic.ndim == 2 and analytic.shape[0] == analytic.shape[1]:
        yield analytic.T
        return
    yield analytic.reshape(analytic.shape[::-1]).T


def _within(candidate: Array, numeric: Array, bar: Array) -> bool:
    return bool((np.abs(candidate - numeric) <= bar).all())


def _common_ratio(analytic: Array, numeric: Array, bar: Array) -> float:
    """Return r if analytic = r * numeric within the bars, a simple number if one fits; else 0."""
    size = float((numeric / bar) @ (numeric / bar)) if (bar > 0).all() else 0.0
    if not (size > 0 and np.isfinite(analytic).all()):
        return 0.0
    ratio = float((analytic / bar) @ (numeric / bar)) / size
    if ratio == 0 or not np.isfinite(ratio):
        return 0.0
    nice = np.sign(ratio) * (
        np.round(abs(ratio)) if abs(ratio) > 0.75 else 1 / np.round(1 / abs(ratio))
    )
    for candidate in (float(nice), ratio):
        near = abs(candidate - ratio) <= NICE_RATIO * abs(ratio)
        if candidate and near and _within(analytic / candidate, numeric, bar):
            return candidate
    return 0.0
