"""Elements of HTML, in which every text is escaped."""

from __future__ import annotations

from html import escape

from ..escaping import shortened

MAX_TEXT = 2_000
"""Characters of one text that a page shows: a name from outside can have any number of them."""

_WITHOUT_END = ("br", "img", "meta")


class Markup(str):
    """HTML that is complete; any other string is a text, which `element` escapes."""

    __slots__ = ()


def element(tag: str, *content: str, **attributes: str | int | bool) -> Markup:
    """Return an element of HTML.

    Parameters
    ----------
    tag : str
        Its name.
    *content : str
        What is in it: `Markup` as it is; a text is escaped, and shortened to `MAX_TEXT` characters.
    **attributes : str, int or bool
        Its attributes, escaped; ``class_`` is "class", ``aria_label`` is "aria-label". True is an
        attribute without a value; False, and an empty class, none.

    Returns
    -------
    Markup
        The element.

    Examples
    --------
    >>> print(element("p", "a < b, ", element("b", "bold"), class_="note"))
    <p class="note">a &lt; b, <b>bold</b></p>
    """
    opening = f"<{tag}{''.join(_attribute(*pair) for pair in attributes.items())}>"
    if tag in _WITHOUT_END:
        return Markup(opening)
    return Markup(f"{opening}{joined(*content)}</{tag}>")


def joined(*content: str) -> Markup:
    """Return several pieces as one.

    Parameters
    ----------
    *content : str
        `Markup`, and texts, which are escaped.

    Returns
    -------
    Markup
        All of them, one after another.
    """
    return Markup("".join(piece if isinstance(piece, Markup) else text(piece) for piece in content))


def text(content: str) -> Markup:
    r"""Return a text as HTML that shows it.

    Parameters
    ----------
    content : str
        Any text, also one from outside.

    Returns
    -------
    Markup
        The text, shortened to `MAX_TEXT` characters, without control characters.

    Examples
    --------
    >>> print(text("<script>\x07"))
    &lt;script&gt;\x07
    """
    return Markup(escape(shortened(content, MAX_TEXT)))


def _attribute(name: str, value: str | int | bool) -> str:
    name = name.rstrip("_").replace("_", "-")
    if value is False or (name == "class" and not value):
        return ""
    return f" {name}" if value is True else f' {name}="{_attribute_value(value)}"'


def _attribute_value(value: str | int) -> str:
    return value if isinstance(value, Markup) else text(str(value))
