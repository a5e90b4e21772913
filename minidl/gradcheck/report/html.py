"""A report as HTML, for notebooks."""

from __future__ import annotations

from html import escape

from ...escaping import escaped
from .content import ReportContent
from .table import HEADER, Row

_COLOURS = {"pass": "#0072b2", "unresolved": "#b8860b", "fail": "#d55e00"}  # colour-blind safe


def render_html(content: ReportContent) -> str:
    """Return the report as an HTML fragment."""
    head = _cells("th", HEADER, "inherit")
    body = "".join(f"<tr>{_cells('td', row, _COLOURS[row.verdict])}</tr>" for row in content.rows)
    items = "".join(
        f"<li>{_text(line.strip())}</li>" for line in [*content.findings, *content.notes]
    )
    score = ""
    if content.mutation_score:
        detected, injected = content.mutation_score
        score = f"<p>{detected} of {injected} injected bugs were detected.</p>"
    return (
        f"<div><b>Gradient check of {_text(content.title)}</b><br>{_text(content.verdict)}"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"<ul>{items}</ul>{score}</div>"
    )


def _cells(tag: str, row: Row, colour: str) -> str:
    """Return the cells of a row, the first one in `colour`."""
    styles = [f"text-align:left;color:{colour}", *["text-align:left"] * (len(row) - 1)]
    return "".join(
        f"<{tag} style='{style}'>{_text(cell)}</{tag}>"
        for cell, style in zip(row, styles, strict=True)
    )


def _text(text: str) -> str:
    return escape(escaped(text))
