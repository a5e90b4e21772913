"""Compare analytic and numeric gradients within their error bars."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...utils.typing import Array
from ..constants import EPS, MAX_BAR_FRACTION, ROUNDING_PER_NOISE, ROUNDING_ULPS
from ..numeric.numeric_gradient import NumericGradient
from ..result import Check, relative_error, worst_element


class ProbeValues(NamedTuple):
    """What is known along one direction.

    `terms` is the sum of the sizes of the elements' contributions to the analytic slope.
    """

    analytic: float
    numeric: float
    bar: float
    terms: float


def rounding_bar(analytic: Array, noisy: list[Array]) -> Array:
    """Return the error bars of a gradient, from gradients of the same under noise."""
    spread = np.zeros(analytic.shape)
    for other in noisy:
        np.maximum(spread, np.abs(other - analytic), out=spread)
    return spread * ROUNDING_PER_NOISE + ROUNDING_ULPS * EPS * np.abs(analytic)


def compare(check: Check, analytic: Array, numeric: NumericGradient, bar: Array) -> Check:
    """Fill in `check` element by element, and return it."""
    check.elements, check.method = analytic.size, numeric.scheme
    value = numeric.value
    if analytic.shape != value.shape:
        check.verdict, check.difference = "fail", 1.0
        check.diagnosis = f"its gradient has shape {analytic.shape}, but it has shape {value.shape}"
        return check
    if numeric.lower is not None and numeric.upper is not None:
        # At a kink every slope between the one-sided ones is right.
        value = np.where(np.isfinite(analytic), numeric.closest_to(analytic), value)
        check.kinks = numeric.kinks
    computable = np.isfinite(value) & np.isfinite(numeric.error)
    bar = np.where(np.isfinite(bar), bar, 0.0) + numeric.error
    with np.errstate(all="ignore"):
        gap = np.abs(analytic - value)
        wrong = ~(gap <= bar) & computable
    check.analytic, check.numeric, check.bar = analytic, value, bar
    check.difference = relative_error(analytic, value) if np.isfinite(analytic).all() else 1.0
    check.untested = int(np.count_nonzero((analytic == 0) & (value == 0)))
    if wrong.any() and not numeric.kinks_overlap:
        check.verdict = "fail"
        check.worst = worst_element(analytic, value, bar, np.where(wrong, gap, 0.0))
    elif doubt := _why_unresolved(wrong, computable, bar, value):
        check.verdict, check.diagnosis = "unresolved", doubt
    return check


def _why_unresolved(wrong: Array, computable: Array, bar: Array, value: Array) -> str:
    if wrong.any():
        return "several kinks meet here: the slopes at a point nearby decide"
    if not computable.all():
        count = np.count_nonzero(~computable)
        return (
            f"{count} of {computable.size} numeric derivatives overflow or cannot be computed here"
        )
    bar_norm, norm = float(np.linalg.norm(bar)), float(np.linalg.norm(value))
    if bar_norm > MAX_BAR_FRACTION * norm > 0:
        return f"rounding floor: error bars of {bar_norm:.1e} hide a gradient of {norm:.1e}"
    return ""


def compare_probes(check: Check, probes: list[ProbeValues], elements: int, method: str) -> Check:
    """Fill in `check` from probes, and return it."""
    check.elements, check.method = elements, method
    for analytic, numeric, bar, terms in probes:
        gap, scale = abs(analytic - numeric), 2 * max(terms, abs(numeric))
        relative = gap / scale if scale > 0 else 0.0
        if not (np.isfinite(numeric) and bar < np.inf) and check.verdict != "fail":
            check.verdict = "unresolved"
            check.diagnosis = "the numeric derivative overflows or cannot be computed here"
        elif not gap <= bar:
            check.verdict = "fail"
            check.difference = max(check.difference, relative if np.isfinite(relative) else 1.0)
            check.worst = {"analytic": analytic, "numeric": numeric, "bar": bar}
        elif bar > MAX_BAR_FRACTION * scale > 0 and check.verdict == "pass":
            check.verdict = "unresolved"
            check.diagnosis = (
                f"rounding floor: error bars of {bar:.1e} hide a slope of {scale / 2:.1e}"
            )
        if check.verdict != "fail":
            check.difference = max(check.difference, relative)
    return check
