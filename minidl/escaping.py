"""Names from outside: how they are shown on a terminal and drawn in a figure."""

from __future__ import annotations


def escaped(text: str) -> str:
    r"""Return text without control characters, for one line of a terminal.

    Names in files, of classes and of paths come from strangers. A terminal obeys control
    characters in them: an escape sequence can rename its window, hide a line, or type a command; a
    character that turns the direction of writing makes one name look like another.

    Parameters
    ----------
    text : str
        Any text, such as a message with the name of a file in it.

    Returns
    -------
    str
        The text, with each character that `repr` would escape written as `repr` writes it: control
        characters, line breaks, directions of writing, characters without a width, and bytes of a
        name that are no text. Backslashes, quotes and all letters stay as they are.

    Examples
    --------
    >>> print(escaped("\x1b[31mred\n.csv, größe.csv"))
    \x1b[31mred\n.csv, größe.csv
    """
    if text.isprintable():
        return text
    return "".join(map(_escaped_character, text))


def escaped_lines(text: str) -> str:
    r"""Return text of several lines with each of them escaped.

    Parameters
    ----------
    text : str
        Lines separated by line feeds, none of which belongs to a name.

    Returns
    -------
    str
        The same lines.

    Examples
    --------
    >>> print(escaped_lines("title\n  \x07 name"))
    title
      \x07 name
    """
    return "\n".join(map(escaped, text.split("\n")))


def _escaped_character(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


MAX_NAME, MAX_LINE = 24, 72  # characters of a name, and of a line with names in it


def shortened(text: str, limit: int = MAX_NAME) -> str:
    """Return text as figures and tables show it: escaped, and no longer than there is room for.

    A name of 100,000 letters would leave no room for the plot, and take minutes to draw.

    Parameters
    ----------
    text : str
        A name from outside, or a line with one in it.
    limit : int, default 24
        The number of characters that are left; the last one then is an ellipsis.

    Returns
    -------
    str
        The text; figures draw it with `PLAIN_TEXT`.

    Examples
    --------
    >>> shortened("a" * 100_000, limit=5), shortened("cat")
    ('aaaa…', 'cat')
    """
    text = escaped(text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


PLAIN_TEXT = {"parse_math": False, "usetex": False}
r"""Options of a text of matplotlib that draw a name as it is, although it has $, \ or _ in it."""
