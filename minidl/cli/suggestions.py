"""Suggestions for misspelled words."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of an error message: the known word that is most like the one given.

    Parameters
    ----------
    word : str
        A command, option, choice or key that is not known.
    known : iterable of str
        Those that are.

    Returns
    -------
    str
        A question, "" if no word is like it.

    Examples
    --------
    >>> did_you_mean("trian", ["train", "check"])
    ': did you mean train?'
    >>> did_you_mean("fly", ["train", "check"])
    ''
    """
    similar = get_close_matches(word, [*known], n=1)
    return f": did you mean {similar[0]}?" if similar else ""
