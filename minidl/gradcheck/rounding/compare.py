"""Compare analytic and numeric gradients within their error bars."""

from __future__ import annotations

import numpy as np

from ...utils.typing import Array
from ..constants import EPS, NOISE, SAFETY
from ..numeric.function import NumericGradient
from ..result import Check, relative_error, worst_element


def rounding_bar(analytic: Array, noisy: list[Array]) -> Array:
    """Return the error bars of a gradient, from the same one under noise."""
    spread = np.zeros(analytic.shape)
    for other in noisy:
        np.maximum(spread, np.abs(other - analytic), out=spread)
    return spread * (SAFETY * EPS / NOISE) + 16 * EPS * np.abs(analytic)


def compare(check: Check, analytic: Array, numeric: NumericGradient, bar: Array) -> Check:
    """Fill in `check` element by element, and return it."""
    check.elements, check.method = analytic.size, numeric.step
    value = numeric.value
    if analytic.shape != value.shape:
        check.verdict, check.difference = "fail", 1.0
        check.diagnosis = f"its gradient has shape {analytic.shape}, but it has shape {value.shape}"
        return check
    if numeric.low is not None and numeric.high is not None:
        # At a kink every slope between the one-sided ones is right.
        value = np.where(np.isfinite(analytic), np.clip(analytic, numeric.low, numeric.high), value)
        check.kinks = numeric.kinks
    known = np.isfinite(value) & np.isfinite(numeric.error)
    bar = np.where(np.isfinite(bar), bar, 0.0) + numeric.error
    with np.errstate(all="ignore"):
        gap = np.abs(analytic - value)
        wrong = ~(gap <= bar) & known
    check.analytic, check.numeric, check.bar = analytic, value, bar
    check.difference = relative_error(analytic, value) if np.isfinite(analytic).all() else 1.0
    check.untested = int(np.count_nonzero((analytic == 0) & (value == 0)))
    doubt = ""
    if wrong.any() and not numeric.mingled:
        check.verdict, check.worst = (
            "fail",
            worst_element(analytic, value, bar, np.where(wrong, gap, 0.0)),
        )
    elif wrong.any():
        doubt = "several kinks meet here: the slopes at a point nearby decide"
    elif not known.all():
        doubt = f"{np.count_nonzero(~known)} of {known.size} numeric derivatives overflow or cannot be computed here"
    elif float(np.linalg.norm(bar)) > 1e-3 * float(np.linalg.norm(value)) > 0:
        doubt = f"rounding floor: error bars of {np.linalg.norm(bar):.1e} hide a gradient of {np.linalg.norm(value):.1e}"
    if doubt:
        check.verdict, check.diagnosis = "unresolved", doubt
    return check


def compare_probes(
    check: Check, pairs: list[tuple[float, float, float, float]], elements: int, method: str
) -> Check:
    """Fill in `check` from probes (analytic slope, numeric slope, bar, sum of the terms' sizes), and return it."""
    check.elements, check.method = elements, method
    for analytic, numeric, bar, terms in pairs:
        gap, scale = abs(analytic - numeric), 2 * max(terms, abs(numeric))
        relative = gap / scale if scale > 0 else 0.0
        if not (np.isfinite(numeric) and bar < np.inf) and check.verdict != "fail":
            check.verdict, check.diagnosis = (
                "unresolved",
                "the numeric derivative overflows or cannot be computed here",
            )
        elif not gap <= bar:
            check.verdict = "fail"
            check.difference = max(check.difference, relative if np.isfinite(relative) else 1.0)
            check.worst = {"analytic": analytic, "numeric": numeric, "bar": bar}
        elif bar > 1e-3 * scale > 0 and check.verdict == "pass":
            check.verdict = "unresolved"
            check.diagnosis = (
                f"rounding floor: error bars of {bar:.1e} hide a slope of {scale / 2:.1e}"
            )
        if check.verdict != "fail":
            check.difference = max(check.difference, relative)
    return check
