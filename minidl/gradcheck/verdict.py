"""Verdicts: whether an analytic gradient is the numeric one, as far as error bars let anybody tell, and the report of them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array
from ..errors import MinidlError
from .steps import EPS

if TYPE_CHECKING:
    from .jacobian import Numeric

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
    term
        "layer" (alone), "data", a penalty's name, "total" or "protocol".
    difference
        ||g - n|| / (||g|| + ||n||), g analytic, n numeric; for probes their worst relative error.
    verdict
        "pass", "fail" or "unresolved"; `diagnosis` says why.
    worst
        "index", "analytic", "numeric" and "bar" of the most wrong element.
    follows
        The failure that brings this one about.
    kinks, untested
        How many elements sit exactly on a kink, or are 0 on both sides.
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
        check.verdict, check.worst = "fail", worst_element(analytic, value, bar, np.where(wrong, gap, 0.0))
    elif wrong.any():
        doubt = "several kinks meet here: the slopes at a point nearby decide"
    elif not known.all():
        doubt = f"{np.count_nonzero(~known)} of {known.size} numeric derivatives overflow or cannot be computed here"
    elif float(np.linalg.norm(bar)) > 1e-3 * float(np.linalg.norm(value)) > 0:
        doubt = f"rounding floor: error bars of {np.linalg.norm(bar):.1e} hide a gradient of {np.linalg.norm(value):.1e}"
    if doubt:
        check.verdict, check.diagnosis = "unresolved", doubt
    return check


def compare_probes(check: Check, pairs: list[tuple[float, float, float, float]], elements: int, method: str) -> Check:
    """Fill in `check` from probes (analytic slope, numeric slope, bar, sum of the terms' sizes), and return it."""
    check.elements, check.method = elements, method
    for analytic, numeric, bar, terms in pairs:
        gap, scale = abs(analytic - numeric), 2 * max(terms, abs(numeric))
        relative = gap / scale if scale > 0 else 0.0
        if not (np.isfinite(numeric) and bar < np.inf) and check.verdict != "fail":
            check.verdict, check.diagnosis = "unresolved", "the numeric derivative overflows or cannot be computed here"
        elif not gap <= bar:
            check.verdict = "fail"
            check.difference = max(check.difference, relative if np.isfinite(relative) else 1.0)
            check.worst = {"analytic": analytic, "numeric": numeric, "bar": bar}
        elif bar > 1e-3 * scale > 0 and check.verdict == "pass":
            check.verdict = "unresolved"
            check.diagnosis = f"rounding floor: error bars of {bar:.1e} hide a slope of {scale / 2:.1e}"
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
_COLOURS = {"pass": ("32", "#0072b2"), "unresolved": ("33", "#b8860b"), "fail": ("31", "#d55e00")}
_HEADER = ("verdict", "term", "layer", "parameter", "elements", "difference")


class GradientError(MinidlError, AssertionError):
    """A gradient is wrong; the message is the report."""


class Report:
    """What a gradient check found.

    Attributes
    ----------
    difference
        The course's ||g - n|| / (||g|| + ||n||) of the total objective, or the worst relative error of the probes.
    checks, notes, title, method, seconds
    kill_score, survivors
        How many of how many bugs, planted into this very model, were found, or None; and which were not.
    """

    def __init__(self, checks: list[Check], *, title: str, difference: float, method: str) -> None:
        self.title, self.difference, self.method, self.checks = title, difference, method, checks
        self.notes: list[str] = []
        self.kill_score: tuple[int, int] | None = None
        self.survivors: list[str] = []
        self.seconds = 0.0

    @property
    def ok(self) -> bool:
        """Whether nothing failed; what is unresolved is listed."""
        return not self.failures

    @property
    def failures(self) -> list[Check]:
        """The failed checks, the likeliest origin first."""
        order = {"layer": 0, "protocol": 1, "data": 3, "total": 4}
        failed = [check for check in self.checks if check.verdict == "fail"]
        failed.sort(key=lambda check: -1 if check.layer is None else check.layer)
        return sorted(failed, key=lambda check: 2 if check.parameter == "prediction" else order.get(check.term, 2))

    @property
    def guilty(self) -> Check | None:
        """The first failure: where to look."""
        return next(iter(self.failures), None)

    def raise_if_failed(self) -> Report:
        """Raise `GradientError` if something failed; return the report otherwise."""
        if not self.ok:
            raise GradientError(self.text(colour=False))
        return self

    def to_json(self) -> str:
        """Return the report without its arrays; numbers that are not finite are strings: "nan", "inf" or "-inf"."""
        arrays = {"analytic", "numeric", "bar", "context"}
        content = {
            "ok": self.ok,
            **vars(self),
            "guilty": self.guilty.place if self.guilty else None,
            "checks": [{name: value for name, value in vars(check).items() if name not in arrays} for check in self.checks],
        }
        plain = json.loads(json.dumps(content, default=float), parse_constant=lambda constant: str(float(constant)))
        return json.dumps(plain, indent=1)

    def _rows(self) -> list[tuple[str, ...]]:
        """Return the table, worst last; the rules that a layer keeps are one row."""
        kept: dict[tuple[int | None, bool], list[Check]] = {}
        single = []
        for check in self.checks:
            if check.term == "protocol" and check.verdict == "pass":
                kept.setdefault((check.layer, check.training), []).append(check)
            else:
                single.append(check)
        shown = [Check(i, "protocol", f"{len(rules)} rules", where=rules[0].where, training=mode) for (i, mode), rules in kept.items()]
        shown += single
        shown.sort(key=lambda check: (list(_COLOURS).index(check.verdict), check.verdict != "pass" and check.difference))
        rows: list[tuple[str, ...]] = []
        for check in shown:
            place = check.where if check.layer is None else f"{check.layer} {check.where}"
            number = "" if check.term == "protocol" else f"{check.difference:.1e}"
            parameter = check.parameter + " (training)" * check.training
            rows.append((check.verdict, check.term, place, parameter, f"{check.elements or ''}", number))
        return rows

    def _verdict(self) -> str:
        failed, unresolved = len(self.failures), sum(check.verdict == "unresolved" for check in self.checks)
        said = f"FAILED: {failed} of {len(self.checks)} checks" if failed else f"ok: {len(self.checks) - unresolved} checks passed"
        return said + (f", {unresolved} unresolved" if unresolved and not failed else "") + f"; difference {self.difference:.3g}"

    def _findings(self) -> list[str]:
        lines = []
        origins, following = ([c for c in self.failures if bool(c.follows) == follows] for follows in (False, True))
        for check in origins[:6]:
            lines.append(f"{check.place} ({check.term}): {check.diagnosis or 'unknown cause'}")
            if worst := check.worst:
                where = f" at {tuple(worst['index'])}" if worst.get("index") else ""
                lines.append("    worst{}: analytic {analytic:.9g}, numeric {numeric:.9g} +- {bar:.1e}".format(where, **worst))
            if check.census:
                lines.append(f"    {check.census}")
        if len(origins) > 6:
            lines.append(f"... and {len(origins) - 6} more: see report.failures")
        if following:
            listed = ", ".join(f"{check.term} {check.layer} {check.parameter}" for check in following[:8])
            lines.append(f"what may follow from these: {listed}{' ...' if len(following) > 8 else ''}")
        unresolved = [check for check in self.checks if check.verdict == "unresolved"]
        return lines + [f"{check.place} ({check.term}), unresolved: {check.diagnosis}" for check in unresolved[:4]]

    def text(self, *, colour: bool | None = None) -> str:
        """Return the report as text; `colour=None` colours it on a terminal, unless NO_COLOR is in the environment."""
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ if colour is None else colour
        lines = [f"Gradient check of {self.title}", f"analytic: backward; numeric: {self.method}", ""]
        rows = [_HEADER, *self._rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row[:4], widths, strict=False)]
            cells += [cell.rjust(width) for cell, width in zip(row[4:], widths[4:], strict=True)]
            line = "  ".join(cells).rstrip()
            lines.append(f"\033[{_COLOURS[row[0]][0]}m{line}\033[0m" if colour and row[0] in _COLOURS else line)
        lines += ["", self._verdict(), *self._findings()]
        if self.kill_score:
            lines.append("could it have failed? {} of {} bugs planted into this model were found".format(*self.kill_score))
            lines += [f"    not found: {name}" for name in self.survivors[:5]]
        return "\n".join([*lines, *self.notes])

    __str__ = text

    def __repr__(self) -> str:
        return f"Report({self._verdict()})"

    def _repr_html_(self) -> str:
        """Return the report for Jupyter."""

        def cells(tag: str, row: tuple[str, ...], colour: str) -> str:
            colours = [f";color:{colour}", *[""] * (len(row) - 1)]
            return "".join(f"<{tag} style='text-align:left{c}'>{escape(cell)}</{tag}>" for cell, c in zip(row, colours, strict=True))

        body = "".join(f"<tr>{cells('td', row, _COLOURS[row[0]][1])}</tr>" for row in self._rows())
        found = "".join(f"<li>{escape(line.strip())}</li>" for line in [*self._findings(), *self.notes])
        score = "<p>{} of {} planted bugs were found.</p>".format(*self.kill_score) if self.kill_score else ""
        return (
            f"<div><b>Gradient check of {escape(self.title)}</b><br>{escape(self._verdict())}"
            f"<table><thead><tr>{cells('th', _HEADER, 'inherit')}</tr></thead><tbody>{body}</tbody></table><ul>{found}</ul>{score}</div>"
        )


def reported(checks: list[Check], title: str) -> Report:
    """Return the report of these rows."""
    derived = [check for check in checks if check.term != "protocol"]
    methods = sorted({check.method.split(",")[0] for check in derived if check.method})
    number = max((check.difference for check in derived), default=0.0)
    return Report(checks, title=title, difference=number, method=" and ".join(methods) or "complex step")
