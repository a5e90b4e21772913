"""Tables and lists of facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import ArgumentError
from .markup import Markup, element

_WIDE = 40
"""Characters of a fact that takes the whole width of a list of facts."""


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str,
    numbers: Sequence[str] = (),
) -> Markup:
    """Return a table, which scrolls by itself where it is wider than the page.

    Parameters
    ----------
    header : sequence of str
        The title of each column.
    rows : iterable of sequence of str
        The cells of each row, texts or `Markup`; the first one is the header of its row.
    caption : str
        What the table shows, above it.
    numbers : sequence of str
        The titles of the columns of numbers, which are aligned to the right.

    Returns
    -------
    Markup
        The table.
    """
    classes = ["number" if title in numbers else "" for title in header]

    def row(tags: Sequence[str], cells: Sequence[str], scope: str) -> Markup:
        return element(
            "tr",
            *(
                element(tag, cell, class_=name, scope=scope if tag == "th" else False)
                for tag, cell, name in zip(tags, cells, classes, strict=True)
            ),
        )

    body_tags = ["th", *["td"] * (len(header) - 1)]
    whole = element(
        "table",
        element("caption", caption),
        element("thead", row(["th"] * len(header), header, "col")),
        element("tbody", *(row(body_tags, cells, "row") for cells in rows)),
    )
    return scrolling(whole, caption)


def scrolling(content: Markup, label: str) -> Markup:
    """Return content in a box that scrolls sideways, also by the keyboard.

    Parameters
    ----------
    content : Markup
        What may be wider than the page.
    label : str
        What it is, for readers who hear the page.

    Returns
    -------
    Markup
        The box.
    """
    return element("div", content, class_="scroll", role="group", tabindex=0, aria_label=label)


def facts(values: Mapping[str, str]) -> Markup:
    """Return names with their values, side by side where there is room.

    Parameters
    ----------
    values : dict of str to str
        Texts or `Markup`, by what they are.

    Returns
    -------
    Markup
        The list.
    """
    pairs = (
        element(
            "div",
            element("dt", name),
            element("dd", value),
            class_="wide" if len(value) > _WIDE else "",
        )
        for name, value in values.items()
    )
    return element("dl", *pairs)


def checked_facts(values: Any) -> Mapping[str, str]:
    """Return what a user passes as facts.

    Parameters
    ----------
    values : dict of str to str
        What was passed.

    Returns
    -------
    dict of str to str
        The same.

    Raises
    ------
    ArgumentError
        If it is anything else.
    """
    is_mapping = isinstance(values, Mapping)
    if is_mapping and all(isinstance(text, str) for pair in values.items() for text in pair):
        return dict(values)
    rule = 'about must be a dict of texts by name, such as {"data": "moons"}'
    raise ArgumentError(f"{rule}, got {values!r}: write numbers as str(number)")


def folded(summary: str, *content: str, is_open: bool = False) -> Markup:
    """Return content that is shown when the reader clicks on a line.

    Parameters
    ----------
    summary : str
        The line.
    *content : str
        The content.
    is_open : bool, default False
        Whether it is shown from the beginning.

    Returns
    -------
    Markup
        The element.
    """
    return element("details", element("summary", summary), *content, open=is_open)
