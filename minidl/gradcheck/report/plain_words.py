"""Diagnoses in words for readers who have not used the checker before."""

from __future__ import annotations

import re

_PLAIN = {
    r"\bconsistent with:? ": "it looks like ",
    r"\banalytic\b": "yours",
    r"\bnumeric\b": "the right one",
}


def plain_words(diagnosis: str) -> str:
    """Return a diagnosis without the terms of gradient checking.

    Parameters
    ----------
    diagnosis : str
        That of a check.

    Returns
    -------
    str
        "yours" is the analytic gradient, "the right one" the numeric one.

    Examples
    --------
    >>> plain_words("analytic = 2.000 x numeric in all 6 elements")
    'yours = 2.000 x the right one in all 6 elements'
    """
    for pattern, words in _PLAIN.items():
        diagnosis = re.sub(pattern, words, diagnosis)
    return diagnosis
