"""Numeric derivatives in low precision, made exact where a simple relation explains them.

Patterns of mistakes compare arrays to many digits. Within its error bars, a numeric gradient is
replaced by the one for which the analytic gradient is right, or off by a simple relation.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ....utils.typing import Array
from .constants import FITTED_DIGITS, NICE_RATIO


def snapped(analytic: Array, numeric: Array, bar: Array, value: Array) -> Array:
    """Return `numeric`, changed by no more than `bar`.

    Elements within their bars equal the analytic ones. The others are these divided by one factor,
    or transposed or reversed, or less a multiple of `value` (the array whose gradient this is) or
    of its signs, as of a penalty, if that is within the bars of all.
    """
    wrong = ~(np.abs(analytic - numeric) <= bar)
    for moved in _moved(analytic):
        if _within(moved, numeric, bar):
            return moved
    for scaled in (np.ones_like(wrong), wrong):  # where zeros are within their bars: of all
        ratio = _common_ratio(analytic[scaled], numeric[scaled], bar[scaled])
        if ratio:
            return np.where(scaled, analytic / ratio, analytic)
    for penalty in (value, np.sign(value)):
        without = _without(penalty, analytic, numeric, bar)
        if without is not None:
            return without
    return np.where(wrong, numeric, analytic)


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


def _without(penalty: Array, analytic: Array, numeric: Array, bar: Array) -> Array | None:
    """Return `analytic` less a multiple of `penalty`, if that is within the bars of all elements.

    One coefficient is fitted: the others must be within their bars by more than an accident.
    """
    wanted, terms = (analytic - numeric) / bar, penalty / bar
    size = float((terms * terms).sum()) if (bar > 0).all() else 0.0
    if not (0 < size < np.inf and np.isfinite(wanted).all()):
        return None
    r = float((wanted * terms).sum()) / size
    without = analytic - r * penalty
    return without if _is_clear(r * terms) and _within(without, numeric, bar) else None


def _is_clear(terms: Array) -> bool:
    """Return whether what one coefficient explains, in units of the bars, is no accident."""
    digits = np.log10(np.maximum(np.abs(terms), 1.0))
    return bool(digits.sum() - digits.max() >= FITTED_DIGITS)


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
    is_near = nice and abs(nice - ratio) <= NICE_RATIO * abs(ratio)
    if is_near and _within(analytic / nice, numeric, bar):
        return float(nice)
    is_clear = _is_clear(analytic / ratio / bar)
    return ratio if is_clear and _within(analytic / ratio, numeric, bar) else 0.0
