"""A report as HTML, for notebooks and for a page of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...escaping import MAX_LINE, shortened
from ...html_pages.markup import Markup, element, joined
from ...html_pages.tables import facts, folded, table
from ...html_pages.verdicts import verdict_box, verdict_word
from ..result import Check
from .content import ReportContent
from .error_picture import error_picture
from .plain_words import plain_words
from .summary import MAX_FAILURES, origins
from .table import HEADER, Row

_MAX_ROWS = 500
"""Checks that passed in the table, so that the page of a model of a thousand layers stays small."""
_MAX_SURVIVORS = 20
_NUMBERS = ("elements", "difference")
_TERMS = {
    "protocol": "rules that need no derivative",
    "layer": "a layer alone",
    "data": "the loss through the whole network",
    "total": "the loss and the penalties through the whole network",
}


def render_html(content: ReportContent) -> Markup:
    """Return the report as HTML, the diagnosis first.

    Parameters
    ----------
    content : ReportContent
        What every format shows.

    Returns
    -------
    Markup
        The parts of a page, without its title.
    """
    return joined(
        verdict_box(content.status, content.verdict, *_conclusion(content)),
        facts({"numeric derivatives": content.method, "time": f"{content.seconds:.1f} s"}),
        *_descriptions(origins(content.failures)),
        *_lines("Further findings", content.further_findings),
        *_survivors(content.surviving_mutants),
        *_lines("Notes", content.notes),
        *_tables(content.rows),
    )


def _conclusion(content: ReportContent) -> Iterator[Markup]:
    """Yield the outcome in plain words."""
    if content.status == "ok":
        yield element("p", "Every gradient is right, and each check could have failed.")
    elif content.status == "unresolved":
        words = "Nothing is shown to be wrong, but a mistake could hide in what is not decided."
        yield element("p", words)
    else:
        guilty = content.failures[0]
        subject = "A rule is broken" if guilty.term == "protocol" else "A gradient is wrong"
        yield element("p", f"{subject}. Look first at ", element("b", _place(guilty)), ".")
        yield element("p", _diagnosis(guilty))
    if content.mutation_score:
        detected, injected = content.mutation_score
        words = f"{detected} of {injected} bugs that were injected into this model were detected."
        yield element("p", words)


def _descriptions(failures: Sequence[Check]) -> Iterator[Markup]:
    """Yield what is known of each failure."""
    if failures:
        yield element("h2", "What is wrong")
    told = set()
    for check in failures[:MAX_FAILURES]:
        diagnosis = _diagnosis(check)
        yield element("h3", _place(check))
        yield element("p", "The same diagnosis." if diagnosis in told else diagnosis)
        told.add(diagnosis)
        if check.worst:
            yield element("p", _worst(check), class_="muted")
        if check.error_summary:
            yield element("p", _sentence(check.error_summary), class_="muted")
        yield error_picture(check)
    if len(failures) > MAX_FAILURES:
        yield element("p", f"... and {len(failures) - MAX_FAILURES} more, in the table.")


def _place(check: Check) -> str:
    """Return where the check is, as a part of a sentence."""
    if check.layer is None:  # of a function, whose arrays have names alone, or of the loss
        is_array = check.term == "total" and not check.component
        return shortened(check.parameter if is_array else check.location, MAX_LINE)
    mode = " in training" if check.training else ""
    layer = f"layer {check.path}, {shortened(check.component, MAX_LINE)}"
    through = "" if check.term in ("layer", "protocol") else f" ({shortened(check.term)})"
    return f"{shortened(check.parameter)} of {layer}{mode}{through}"


def _diagnosis(check: Check) -> str:
    return _sentence(plain_words(check.diagnosis) or "the cause is unknown")


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _worst(check: Check) -> str:
    place = f", at {tuple(check.worst['index'])}" if check.worst.get("index") else ""
    values = "yours {analytic:.9g}, the right one {numeric:.9g} ± {bar:.1e}"
    return f"The worst element{place}: {values.format(**check.worst)}."


def _survivors(names: Sequence[str]) -> Iterator[Markup]:
    if names:
        shown = [*names[:_MAX_SURVIVORS], *["..."] * (len(names) > _MAX_SURVIVORS)]
        yield from _lines("Planted bugs that were not detected", shown)


def _lines(title: str, lines: Sequence[str]) -> Iterator[Markup]:
    if lines:
        yield element("h2", title)
        yield element("ul", *(element("li", line.strip()) for line in lines))


def _tables(rows: Sequence[Row]) -> Iterator[Markup]:
    """Yield the table of what did not pass, and below a line to click on that of what did."""
    passed = [row for row in rows if row.verdict == "pass"]
    others = [row for row in rows if row.verdict != "pass"]
    yield element("h2", "Checks")
    shown_terms = {row.term for row in rows}
    terms = [f"{term}, {words}" for term, words in _TERMS.items() if term in shown_terms]
    if "layer" in shown_terms:  # it is a model's
        yield element("p", f"Terms: {'; '.join(terms)}.", class_="muted")
    if others:
        yield _table(others[::-1], "The checks that did not pass, the worst first")
    if passed:
        shown = _table(passed[:_MAX_ROWS], "The checks that passed")
        more = f"... and {len(passed) - _MAX_ROWS:,} more." if len(passed) > _MAX_ROWS else ""
        line = f"{len(passed):,} row{'s' * (len(passed) > 1)} passed"
        yield folded(line, shown, *[element("p", more)] * bool(more))


def _table(rows: Sequence[Row], caption: str) -> Markup:
    """Return a table of rows, without columns that are empty."""
    cells = [HEADER, *((verdict_word(row.verdict), *row[1:]) for row in rows)]
    columns = [column for column in zip(*cells, strict=True) if any(column[1:])]
    header, *body = zip(*columns, strict=True)
    return table(header, body, caption=caption, numbers=_NUMBERS)
