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


PLAIN_TEXT = {"parse_math": False, "usetex": False}
r"""Options of a text of matplotlib that draw a name as it is, although it has $, \ or _ in it."""
