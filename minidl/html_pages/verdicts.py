"""Outcomes of checks: a word in the colour of what it says."""

from __future__ import annotations

from .markup import Markup, element

_CLASSES = {
    **dict.fromkeys(("ok", "pass"), "good"),
    "unresolved": "doubtful",
    **dict.fromkeys(("error", "fail", "failed"), "bad"),
}


def verdict_word(verdict: str) -> Markup:
    """Return the word of an outcome.

    Parameters
    ----------
    verdict : {"ok", "pass", "unresolved", "error", "fail", "failed"}
        The outcome.

    Returns
    -------
    Markup
        The word in its colour.
    """
    return element("span", verdict, class_=f"badge {_CLASSES[verdict]}")


def verdict_box(verdict: str, title: str, *content: str) -> Markup:
    """Return what a page says first: the outcome, and what to know of it.

    Parameters
    ----------
    verdict : str
        The outcome, as `verdict_word` takes it.
    title : str
        The outcome in a line.
    *content : Markup
        Paragraphs.

    Returns
    -------
    Markup
        The box.
    """
    line = element("p", title, class_="badge")
    return element("div", line, *content, class_=f"verdict {_CLASSES[verdict]}")
