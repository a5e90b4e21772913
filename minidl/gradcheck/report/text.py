"""A report as text, for a terminal."""

from __future__ import annotations

from ...escaping import escaped
from .content import ReportContent
from .summary import descriptions
from .table import HEADER, Row

_ANSI_COLOURS = {"pass": "32", "unresolved": "33", "fail": "31"}  # green, yellow, red
_LEFT_ALIGNED = 4  # the first columns; numbers are right-aligned
_MAX_SURVIVORS = 5


def render_text(content: ReportContent, *, colour: bool) -> str:
    """Return the report as text, with ANSI colours if `colour` is true."""
    head = [
        f"Gradient check of {content.title}",
        f"analytic: backward; numeric: {content.method}",
        "",
    ]
    lines = [*descriptions(content.failures), *content.further_findings]
    if content.mutation_score:
        detected, injected = content.mutation_score
        lines.append(
            f"mutation test: {detected} of {injected} bugs injected into this model were detected"
        )
        lines += [
            f"    not detected: {mutant}" for mutant in content.surviving_mutants[:_MAX_SURVIVORS]
        ]
    lines += content.notes
    table = _table(content.rows, colour=colour)
    verdict = escaped(content.verdict)
    if colour:
        verdict = _painted(verdict, _worst_verdict(content.rows))
    return "\n".join([*map(escaped, head), *table, "", verdict, *map(escaped, lines)])


def _table(rows: list[Row], *, colour: bool) -> list[str]:
    rows = [Row(*map(escaped, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(HEADER, *rows, strict=True)]
    lines = []
    for row in (HEADER, *rows):
        cells = [
            cell.ljust(width) if column < _LEFT_ALIGNED else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        line = "  ".join(cells).rstrip()
        lines.append(_painted(line, row.verdict) if colour else line)
    return lines


def _worst_verdict(rows: list[Row]) -> str:
    verdicts = {row.verdict for row in rows}
    return next((word for word in ("fail", "unresolved") if word in verdicts), "pass")


def _painted(line: str, verdict: str) -> str:
    """Return a line in the colour of a verdict; the header of the table has none."""
    colour = _ANSI_COLOURS.get(verdict)
    return f"\033[{colour}m{line}\033[0m" if colour else line
