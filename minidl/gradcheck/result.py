"""The result of one comparison."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..utils.typing import Array


@dataclass
class Check:
    """One comparison: a row of the report.

    Attributes
    ----------
    layer, parameter
        The layer's number, or None, and "weight", "bias", ..., "input", "prediction", or the rule; `location` has them in words.
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
    component: str = ""
    elements: int = 0
    method: str = ""
    worst: dict[str, Any] = field(default_factory=dict)
    error_summary: str = ""
    caused_by: str = ""
    training: bool = False
    kinks: int = 0
    untested: int = 0
    analytic: Array | None = field(default=None, repr=False)
    numeric: Array | None = field(default=None, repr=False)
    bar: Array | None = field(default=None, repr=False)
    context: dict[str, Array] = field(default_factory=dict, repr=False)

    @property
    def location(self) -> str:
        """Where it is, in words."""
        if self.layer is None:
            return f"{self.component or self.term} {self.parameter}"
        return f"layer {self.layer} {self.component} {self.parameter}{' (training)' if self.training else ''}"


def relative_error(analytic: Array, numeric: Array) -> float:
    """Return the course's ||g - n|| / (||g|| + ||n||), 0 where both are 0, 1 where one is not finite."""
    below = float(np.linalg.norm(analytic)) + float(np.linalg.norm(numeric))
    if not np.isfinite(below):
        return 1.0
    return float(np.linalg.norm(analytic - numeric)) / below if below > 0 else 0.0


def error_in_bars(check: Check) -> Array:
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


def merge_checks(first: list[Check], second: list[Check]) -> list[Check]:
    """Return one row for each thing checked at two points."""
    order = ("unresolved", "pass", "fail").index
    merged: dict[tuple[object, ...], Check] = {}
    for check in (*first, *second):
        key = (check.layer, check.term, check.parameter, check.component, check.training)
        before = merged.setdefault(key, check)
        if order(check.verdict) > order(before.verdict):
            check.kinks = max(check.kinks, before.kinks)
            merged[key] = check
        elif check.verdict in ("pass", before.verdict):
            before.untested = min(before.untested, check.untested)
    return list(merged.values())
