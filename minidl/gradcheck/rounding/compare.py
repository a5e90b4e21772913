"""Compare analytic and numeric gradients within their error bars."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...utils.typing import Array
from ..constants import EPS, MAX_BAR_FRACTION, MIN_JUMP, ROUNDING_PER_NOISE, ROUNDING_ULPS
from ..numeric.numeric_gradient import NumericGradient
from ..result import Check

KINKS_MEET = "several kinks meet here: the slopes at a point nearby decide"
"""The diagnosis of a check that slopes to both sides cannot decide."""


def rounding_bar(analytic: Array, noisy: list[Array]) -> Array:
    """Return the error bars of a gradient, from gradients of the same under noise."""
    spread = np.zeros(analytic.shape)
    for other in noisy:
        np.maximum(spread, np.abs(other - analytic), out=spread)
    return spread * ROUNDING_PER_NOISE + ROUNDING_ULPS * EPS * np.abs(analytic)


def count_jumps(gradient: Array, noisy: list[Array], size: float) -> int:
    """Return how many elements of a gradient jump under noise of some ulps: they are on a kink.

    Parameters
    ----------
    gradient : ndarray
        The gradient.
    noisy : list of ndarray
        Gradients of the same under noise.
    size : float
        The size of the gradient, of which a jump is `MIN_JUMP` at least.

    Returns
    -------
    int
        The number of elements.
    """
    jumps = np.zeros(gradient.shape, bool)
    for other in noisy:
        jumps |= np.abs(other - gradient) > MIN_JUMP * size
    return int(np.count_nonzero(jumps))


def compare(check: Check, analytic: Array, numeric: NumericGradient, bar: Array) -> Check:
    """Fill in `check` element by element, and return it."""
    check.elements, check.method = analytic.size, numeric.scheme
    value = numeric.value
    if analytic.shape != value.shape:
        check.verdict, check.difference = "fail", 1.0
        check.diagnosis = (
            f"its gradient has shape {analytic.shape}, but the array has shape {value.shape}"
        )
        return check
    if numeric.lower is not None and numeric.upper is not None:
        # At a kink every slope between the one-sided ones is right.
        value = np.where(np.isfinite(analytic), numeric.closest_to(analytic), value)
        check.kinks = numeric.kinks
    computable = np.isfinite(value) & np.isfinite(numeric.error)
    bar = np.where(np.isfinite(bar), bar, 0.0) + numeric.error
    with np.errstate(all="ignore"):
        gap = np.abs(analytic - value)
        is_wrong = ~(gap <= bar) & computable
    check.analytic, check.numeric, check.bar = analytic, value, bar
    check.difference = relative_error(analytic, value) if np.isfinite(analytic).all() else 1.0
    check.untested = int(np.count_nonzero((analytic == 0) & (value == 0)))
    check.resolution = resolution(bar, value) if computable.all() else np.inf
    if is_wrong.any() and not numeric.kinks_overlap:
        check.verdict = "fail"
        check.worst = worst_element(analytic, value, bar, np.where(is_wrong, gap, 0.0))
    elif doubt := _why_unresolved(is_wrong, computable, bar, value):
        check.verdict, check.diagnosis = "unresolved", doubt
        if doubt == KINKS_MEET:
            check.resolution = np.inf  # whatever the error is, it is not told from a kink
    return check


def _why_unresolved(is_wrong: Array, computable: Array, bar: Array, value: Array) -> str:
    if is_wrong.any():
        return KINKS_MEET
    if not computable.all():
        count = np.count_nonzero(~computable)
        return (
            f"{count} of {computable.size} numeric derivatives overflow or cannot be computed here"
        )
    bar_norm, norm = _norm(bar), _norm(value)
    if bar_norm > MAX_BAR_FRACTION * norm > 0:
        return f"rounding floor: error bars of {bar_norm:.1e} hide a gradient of {norm:.1e}"
    return ""


def resolution(bar: Array, value: Array) -> float:
    """Return the smallest relative error that is seen within these bars, to the norm of `value`.

    It is infinite where there is nothing to be relative to.
    """
    norm = _norm(value)
    return _norm(bar) / norm if norm > 0 else np.inf


def _norm(array: Array) -> float:
    """Return the norm, also where squares of the elements overflow or vanish."""
    largest = float(np.abs(array).max(initial=0.0))
    if not 0 < largest < np.inf:
        return largest
    return largest * float(np.linalg.norm(array / largest))


def root_mean_square(array: Array) -> float:
    """Return the square root of the mean of the squares, also where these overflow."""
    return _norm(array) / float(np.sqrt(array.size))


def relative_error(analytic: Array, numeric: Array) -> float:
    """Return ||g - n|| / (||g|| + ||n||): 0 where both are 0, 1 where one is not finite."""
    size = _norm(analytic) + _norm(numeric)
    if not np.isfinite(size):
        return 1.0
    return _norm(analytic - numeric) / size if size > 0 else 0.0


def worst_element(analytic: Array, numeric: Array, bar: Array, gap: Array) -> dict[str, Any]:
    """Return `Check.worst` for the largest gap; NaN counts as the largest."""
    index = np.unravel_index(int(np.where(np.isnan(gap), np.inf, gap).argmax()), gap.shape)
    values = (float(array[index]) for array in (analytic, numeric, bar))
    position: dict[str, Any] = {"index": [int(i) for i in index]}
    return position | dict(zip(("analytic", "numeric", "bar"), values, strict=True))
