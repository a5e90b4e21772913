"""The report: a table for people, an object for programs."""

from __future__ import annotations

import html
import json
import math
import os
import sys
from typing import Any

from ..errors import MinidlError
from .verdict import Check

_RANK = {"fail": 2, "unresolved": 1, "pass": 0}


class GradientError(MinidlError, AssertionError):
    """A gradient is wrong; the message is the report."""


class Report:
    """What a gradient check found.

    Attributes
    ----------
    ok : bool
        Whether nothing failed. What is unresolved is no failure, and is listed.
    difference : float
        The course's ||g - n|| / (||g|| + ||n||) of the total objective over the whole net where every element was computed, else
        the worst relative error of the probes.
    checks : list of Check
    failures : list of Check
        The failed ones, the likeliest origin first.
    kill_score : tuple of (int, int) or None
        How many of how many bugs, planted into this very model by the checker, were found.
    survivors : list of str
        The planted bugs that were not found.
    notes : list of str
    title : str
        What was checked.
    method : str
        Where the numeric gradients come from.
    seconds : float
        The time that the check took.
    """

    def __init__(self, checks: list[Check], *, title: str, difference: float, method: str) -> None:
        self.checks = checks
        self.title, self.difference, self.method = title, difference, method
        self.notes: list[str] = []
        self.kill_score: tuple[int, int] | None = None
        self.survivors: list[str] = []
        self.seconds = 0.0

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not any(check.verdict == "fail" for check in self.checks)

    @property
    def failures(self) -> list[Check]:
        """The failed checks: of layers alone, of the protocol, of the loss and the penalties first; what follows from them last."""
        order = {"layer": 0, "protocol": 1, "data": 3, "total": 4}
        failed = [check for check in self.checks if check.verdict == "fail"]
        return sorted(
            failed, key=lambda c: (2 if c.parameter == "prediction" else order.get(c.term, 2), c.layer if c.layer is not None else -1)
        )

    @property
    def guilty(self) -> Check | None:
        """The first failure: where to look."""
        return self.failures[0] if self.failures else None

    def raise_if_failed(self) -> Report:
        """Raise `GradientError` with the report if something failed; return the report otherwise."""
        if not self.ok:
            raise GradientError(self.text(colour=False))
        return self

    def to_json(self) -> str:
        """Return the report as JSON; the arrays are left out. A number that is not finite is a string: "nan", "inf" or "-inf"."""
        left_out = {"analytic", "numeric", "bar", "context"}
        rows = [{name: value for name, value in vars(check).items() if name not in left_out} for check in self.checks]
        content: dict[str, Any] = {
            "ok": self.ok,
            "difference": self.difference,
            "method": self.method,
            "title": self.title,
            "seconds": self.seconds,
            "kill_score": self.kill_score,
            "survivors": self.survivors,
            "notes": self.notes,
            "guilty": self.guilty.place if self.guilty else None,
            "checks": rows,
        }
        return json.dumps(_plain(content), indent=1, allow_nan=False)

    def _rows(self) -> list[tuple[str, ...]]:
        """Return the table, worst last; rules of the protocol that are kept are one row per layer."""
        kept: dict[tuple[int | None, bool], list[Check]] = {}
        single = []
        for check in self.checks:
            if check.term == "protocol" and check.verdict == "pass":
                kept.setdefault((check.layer, check.training), []).append(check)
            else:
                single.append(check)
        folded = [
            Check(layer, "protocol", f"{len(rules)} rules", where=rules[0].where, training=training)
            for (layer, training), rules in kept.items()
        ]
        ordered = sorted([*folded, *single], key=lambda check: (_RANK[check.verdict], check.difference if check.verdict != "pass" else 0.0))
        rows: list[tuple[str, ...]] = []
        for check in ordered:
            place = f"{check.layer} {check.where}" if check.layer is not None else check.where
            number = "" if check.term == "protocol" else f"{check.difference:.1e}"
            parameter = check.parameter + (" (training)" if check.training else "")
            rows.append((check.verdict, check.term, place, parameter, f"{check.elements or ''}", number))
        return rows

    def _verdict(self) -> str:
        failed, open_ = len(self.failures), sum(check.verdict == "unresolved" for check in self.checks)
        if failed:
            return f"FAILED: {failed} of {len(self.checks)} checks"
        return f"ok: {len(self.checks) - open_} checks passed" + (f", {open_} unresolved" if open_ else "")

    def _findings(self) -> list[str]:
        lines = []
        origins = [check for check in self.failures if not check.follows]
        for check in origins[:6]:
            lines.append(f"{check.place} ({check.term}): {check.diagnosis or 'unknown cause'}")
            if check.worst:
                where = f" at {tuple(check.worst['index'])}" if check.worst.get("index") else ""
                a, n, bar = (check.worst[name] for name in ("analytic", "numeric", "bar"))
                lines.append(f"    worst{where}: analytic {a:.9g}, numeric {n:.9g} +- {bar:.1e}")
            if check.census:
                lines.append(f"    {check.census}")
        if len(origins) > 6:
            lines.append(f"... and {len(origins) - 6} more: see report.failures")
        following = [check for check in self.failures if check.follows]
        if following:
            listed = ", ".join(f"{check.term} {check.layer} {check.parameter}" for check in following[:8])
            lines.append(f"what may follow from these: {listed}{' ...' if len(following) > 8 else ''}")
        lines += [f"{check.place} ({check.term}), unresolved: {check.diagnosis}" for check in self.checks if check.verdict == "unresolved"][
            :4
        ]
        return lines

    def __str__(self) -> str:
        """Return the report as text: the table with the worst last, then what was found, then what was not tested.

        In colour where stdout is a terminal and the environment variable NO_COLOR is not set.
        """
        return self.text()

    def text(self, *, colour: bool | None = None) -> str:
        """Return the report as text; `colour=None` colours it where stdout is a terminal."""
        if colour is None:
            colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        header = ("verdict", "term", "layer", "parameter", "elements", "difference")
        rows = [header, *self._rows()]
        wide = [max(len(row[i]) for row in rows) for i in range(len(header))]
        right = {4, 5}
        lines = []
        for row in rows:
            line = "  ".join(
                cell.rjust(w) if i in right else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, wide, strict=True))
            ).rstrip()
            lines.append(_paint(line, row[0], colour))
        table = "\n".join([f"Gradient check of {self.title}", f"analytic: backward; numeric: {self.method}", "", *lines])
        tail = [f"{self._verdict()}; difference {self.difference:.3g}", *self._findings()]
        if self.kill_score:
            caught, planted = self.kill_score
            tail.append(f"could it have failed? {caught} of {planted} bugs planted into this model were found")
            tail += [f"    not found: {name}" for name in self.survivors[:5]]
        return "\n".join([table, "", *tail, *self.notes])

    def __repr__(self) -> str:
        return f"Report({self._verdict()}; difference {self.difference:.3g})"

    def _repr_html_(self) -> str:
        """Return the report for Jupyter."""
        colours = {"fail": "#d55e00", "unresolved": "#b8860b", "pass": "#0072b2"}
        head = _cells("th", ("verdict", "term", "layer", "parameter", "elements", "difference"), "inherit")
        body = "".join(f"<tr>{_cells('td', row, colours[row[0]])}</tr>" for row in self._rows())
        found = "".join(f"<li>{html.escape(line.strip())}</li>" for line in [*self._findings(), *self.notes])
        score = f"<p>{self.kill_score[0]} of {self.kill_score[1]} planted bugs were found.</p>" if self.kill_score else ""
        return (
            f"<div><b>Gradient check of {html.escape(self.title)}</b><br>{html.escape(self._verdict())}; difference {self.difference:.3g}"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><ul>{found}</ul>{score}</div>"
        )


def _plain(held: Any) -> Any:
    """Return what JSON can hold."""
    if isinstance(held, dict):
        return {name: _plain(value) for name, value in held.items()}
    if isinstance(held, list | tuple):
        return [_plain(value) for value in held]
    if held is None or isinstance(held, str | bool | int):
        return held
    number = float(held)
    return number if math.isfinite(number) else str(number)


def _paint(line: str, verdict: str, colour: bool) -> str:
    codes = {"fail": "31", "unresolved": "33", "pass": "32"}
    return f"\033[{codes[verdict]}m{line}\033[0m" if colour and verdict in codes else line


def _cells(tag: str, cells: tuple[str, ...], colour: str) -> str:
    style = "text-align:left"
    first = f"<{tag} style='{style};color:{colour}'>{html.escape(cells[0])}</{tag}>"
    return first + "".join(f"<{tag} style='{style}'>{html.escape(cell)}</{tag}>" for cell in cells[1:])
