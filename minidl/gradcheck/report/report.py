"""The report of a gradient check."""

from __future__ import annotations

import json
import os
import sys
from html import escape

from ...errors import MinidlError
from ..result import Check

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
    mutation_score, surviving_mutants
        How many of how many bugs, planted into this very model, were found, or None; and which were not.
    """

    def __init__(self, checks: list[Check], *, title: str, difference: float, method: str) -> None:
        self.title, self.difference, self.method, self.checks = title, difference, method, checks
        self.notes: list[str] = []
        self.mutation_score: tuple[int, int] | None = None
        self.surviving_mutants: list[str] = []
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
        return sorted(
            failed,
            key=lambda check: 2 if check.parameter == "prediction" else order.get(check.term, 2),
        )

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
            "guilty": self.guilty.location if self.guilty else None,
            "checks": [
                {name: value for name, value in vars(check).items() if name not in arrays}
                for check in self.checks
            ],
        }
        plain = json.loads(
            json.dumps(content, default=float), parse_constant=lambda constant: str(float(constant))
        )
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
        shown = [
            Check(i, "protocol", f"{len(rules)} rules", component=rules[0].component, training=mode)
            for (i, mode), rules in kept.items()
        ]
        shown += single
        shown.sort(
            key=lambda check: (
                list(_COLOURS).index(check.verdict),
                check.verdict != "pass" and check.difference,
            )
        )
        rows: list[tuple[str, ...]] = []
        for check in shown:
            place = check.component if check.layer is None else f"{check.layer} {check.component}"
            number = "" if check.term == "protocol" else f"{check.difference:.1e}"
            parameter = check.parameter + " (training)" * check.training
            rows.append(
                (check.verdict, check.term, place, parameter, f"{check.elements or ''}", number)
            )
        return rows

    def _verdict(self) -> str:
        failed, unresolved = (
            len(self.failures),
            sum(check.verdict == "unresolved" for check in self.checks),
        )
        said = (
            f"FAILED: {failed} of {len(self.checks)} checks"
            if failed
            else f"ok: {len(self.checks) - unresolved} checks passed"
        )
        return (
            said
            + (f", {unresolved} unresolved" if unresolved and not failed else "")
            + f"; difference {self.difference:.3g}"
        )

    def _findings(self) -> list[str]:
        lines = []
        origins, following = (
            [c for c in self.failures if bool(c.caused_by) == follows] for follows in (False, True)
        )
        for check in origins[:6]:
            lines.append(f"{check.location} ({check.term}): {check.diagnosis or 'unknown cause'}")
            if worst := check.worst:
                where = f" at {tuple(worst['index'])}" if worst.get("index") else ""
                lines.append(
                    "    worst{}: analytic {analytic:.9g}, numeric {numeric:.9g} +- {bar:.1e}".format(
                        where, **worst
                    )
                )
            if check.error_summary:
                lines.append(f"    {check.error_summary}")
        if len(origins) > 6:
            lines.append(f"... and {len(origins) - 6} more: see report.failures")
        if following:
            listed = ", ".join(
                f"{check.term} {check.layer} {check.parameter}" for check in following[:8]
            )
            lines.append(
                f"what may follow from these: {listed}{' ...' if len(following) > 8 else ''}"
            )
        unresolved = [check for check in self.checks if check.verdict == "unresolved"]
        return lines + [
            f"{check.location} ({check.term}), unresolved: {check.diagnosis}"
            for check in unresolved[:4]
        ]

    def text(self, *, colour: bool | None = None) -> str:
        """Return the report as text; `colour=None` colours it on a terminal, unless NO_COLOR is in the environment."""
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ if colour is None else colour
        lines = [
            f"Gradient check of {self.title}",
            f"analytic: backward; numeric: {self.method}",
            "",
        ]
        rows = [_HEADER, *self._rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row[:4], widths, strict=False)]
            cells += [cell.rjust(width) for cell, width in zip(row[4:], widths[4:], strict=True)]
            line = "  ".join(cells).rstrip()
            lines.append(
                f"\033[{_COLOURS[row[0]][0]}m{line}\033[0m"
                if colour and row[0] in _COLOURS
                else line
            )
        lines += ["", self._verdict(), *self._findings()]
        if self.mutation_score:
            lines.append(
                "could it have failed? {} of {} bugs planted into this model were found".format(
                    *self.mutation_score
                )
            )
            lines += [f"    not found: {name}" for name in self.surviving_mutants[:5]]
        return "\n".join([*lines, *self.notes])

    __str__ = text

    def __repr__(self) -> str:
        return f"Report({self._verdict()})"

    def _repr_html_(self) -> str:
        """Return the report for Jupyter."""

        def cells(tag: str, row: tuple[str, ...], colour: str) -> str:
            colours = [f";color:{colour}", *[""] * (len(row) - 1)]
            return "".join(
                f"<{tag} style='text-align:left{c}'>{escape(cell)}</{tag}>"
                for cell, c in zip(row, colours, strict=True)
            )

        body = "".join(f"<tr>{cells('td', row, _COLOURS[row[0]][1])}</tr>" for row in self._rows())
        found = "".join(
            f"<li>{escape(line.strip())}</li>" for line in [*self._findings(), *self.notes]
        )
        score = (
            "<p>{} of {} planted bugs were found.</p>".format(*self.mutation_score)
            if self.mutation_score
            else ""
        )
        return (
            f"<div><b>Gradient check of {escape(self.title)}</b><br>{escape(self._verdict())}"
            f"<table><thead><tr>{cells('th', _HEADER, 'inherit')}</tr></thead><tbody>{body}</tbody></table><ul>{found}</ul>{score}</div>"
        )


def reported(checks: list[Check], title: str) -> Report:
    """Return the report of these rows."""
    derived = [check for check in checks if check.term != "protocol"]
    methods = sorted({check.method.split(",")[0] for check in derived if check.method})
    number = max((check.difference for check in derived), default=0.0)
    return Report(
        checks, title=title, difference=number, method=" and ".join(methods) or "complex step"
    )
