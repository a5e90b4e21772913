"""Verdicts: whether an analytic gradient is the numeric one, as far as error bars let anybody tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..utils.typing import Array
from .jacobian import Numeric
from .steps import EPS

# The rounding of backward is measured: it runs again with noise on all that flows (Vignes, 2004).
NOISE = 2.0**-44  # relative: 256 ulps, clear of the rounding itself
RUNS = 6
SAFETY = 50.0  # all runs show an element under 1/50 of its typical error with a chance of 1e-11

Rule = Callable[[], str | None]  # None where it is kept, else a sentence about how it is broken


def runs_for(size: int) -> int:
    """Return how many noisy runs a gradient of that size gets; a probe of a large one is a sum, never small by chance."""
    return RUNS if size <= 20_000 else 4


@dataclass
class Check:
    """One comparison: a row of the report.

    Attributes
    ----------
    layer, parameter
        The layer's number, or None, and "weight", "bias", ..., "input", "prediction", or the rule; `place` has them in words.
    term
        "layer" (alone), "data", a penalty's name, "total" or "protocol".
    difference
        ||g - n|| / (||g|| + ||n||), g analytic, n numeric; for probes their worst relative error.
    verdict
        "pass", "fail" or "unresolved".
    diagnosis, census
        What the error is consistent with, or why nothing can be told; how many elements are wrong, and where.
    worst
        "index", "analytic", "numeric" and "bar" of the most wrong element.
    follows
        The failure that brings this one about.
    training
        Whether dropout was on, its mask frozen.
    elements, kinks, untested
        How many were compared, sit exactly on a kink, or are 0 on both sides.
    analytic, numeric, bar
        The arrays, where they were computed whole; an element passes within `bar`.
    """

    layer: int | None
    term: str
    parameter: str
    difference: float = 0.0
    verdict: str = "pass"
    diagnosis: str = ""
    where: str = ""
    elements: int = 0
    method: str = ""
    worst: dict[str, Any] = field(default_factory=dict)
    census: str = ""
    follows: str = ""
    training: bool = False
    kinks: int = 0
    untested: int = 0
    analytic: Array | None = field(default=None, repr=False)
    numeric: Array | None = field(default=None, repr=False)
    bar: Array | None = field(default=None, repr=False)
    context: dict[str, Array] = field(default_factory=dict, repr=False)

    @property
    def place(self) -> str:
        """Where it is, in words."""
        if self.layer is None:
            return f"{self.where or self.term} {self.parameter}"
        return f"layer {self.layer} {self.where} {self.parameter}{' (training)' if self.training else ''}"


def difference(analytic: Array, numeric: Array) -> float:
    """Return the course's ||g - n|| / (||g|| + ||n||), 0 where both are 0, 1 where one is not finite."""
    below = float(np.linalg.norm(analytic)) + float(np.linalg.norm(numeric))
    if not np.isfinite(below):
        return 1.0
    return float(np.linalg.norm(analytic - numeric)) / below if below > 0 else 0.0


def rounding_bar(analytic: Array, noisy: list[Array]) -> Array:
    """Return the error bars of a gradient, from the same one under noise."""
    spread = np.zeros(analytic.shape)
    for other in noisy:
        np.maximum(spread, np.abs(other - analytic), out=spread)
    return spread * (SAFETY * EPS / NOISE) + 16 * EPS * np.abs(analytic)


def excess(check: Check) -> Array:
    """Return |analytic - numeric| / bar of each element: above 1 it is wrong."""
    assert check.analytic is not None
    assert check.numeric is not None
    assert check.bar is not None
    with np.errstate(all="ignore"):
        gap = np.abs(check.analytic - check.numeric)
        return np.where(gap == 0, 0.0, gap / check.bar)


def worst_element(analytic: Array, numeric: Array, bar: Array, gap: Array) -> dict[str, Any]:
    """Return `Check.worst` for the largest gap, NaN above all."""
    index = np.unravel_index(int(np.where(np.isnan(gap), np.inf, gap).argmax()), gap.shape)
    a, n, b = (float(array[index]) for array in (analytic, numeric, bar))
    return {"index": [int(i) for i in index], "analytic": a, "numeric": n, "bar": b}


def compare(check: Check, analytic: Array, numeric: Numeric, bar: Array) -> Check:
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
    check.difference = difference(analytic, value) if np.isfinite(analytic).all() else 1.0
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


def tried(where: str, rules: dict[str, Rule]) -> list[Check]:
    """Try rules that need no derivative; return a row for each."""
    checks = []
    for name, rule in rules.items():
        check = Check(None, "protocol", name, where=where, method="no derivative needed")
        if broken := rule():
            check.verdict, check.difference, check.diagnosis = "fail", 1.0, broken
        checks.append(check)
    return checks


def locked(array: Array) -> Array:
    """Return a read-only copy."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def writes(what: str, call: Callable[[], object]) -> str | None:
    """Say so if `call` writes into a locked array."""
    try:
        call()
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        return f"it writes into {what}: {error}"
    return None


# Of each verdict, the worst last: the colours of the terminal and of HTML.


def merge(first: list[Check], second: list[Check]) -> list[Check]:
    """Return one row for each thing checked at two points."""
    order = ("unresolved", "pass", "fail").index
    merged: dict[tuple[object, ...], Check] = {}
    for check in (*first, *second):
        key = (check.layer, check.term, check.parameter, check.where, check.training)
        before = merged.setdefault(key, check)
        if order(check.verdict) > order(before.verdict):
            check.kinks = max(check.kinks, before.kinks)
            merged[key] = check
        elif check.verdict in ("pass", before.verdict):
            before.untested = min(before.untested, check.untested)
    return list(merged.values())
