"""A pattern: how a kind of mistake shows in the numbers of a wrong gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..evidence import Evidence

Match = Callable[[Evidence], str | None]


class Pattern(NamedTuple):
    """A named pattern.

    `match(evidence)` returns the diagnosis if the pattern fits, else None. `names_cause` is false
    if several mistakes may make a gradient wrong in this way.
    """

    name: str
    match: Match
    names_cause: bool = True


def pattern(name: str, *, names_cause: bool = True) -> Callable[[Match], Pattern]:
    """Turn a function into a pattern of that name."""

    def decorate(match: Match) -> Pattern:
        return Pattern(name, match, names_cause)

    return decorate
