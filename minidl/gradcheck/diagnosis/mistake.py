"""A known mistake: its words and the gradient that it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from ...utils.typing import Array
from .evidence import Candidate

Case = TypeVar("Case")


class Mistake(NamedTuple, Generic[Case]):
    """A known mistake.

    `gradient(case)` is what it gives in this case, None if it cannot be made there.
    """

    words: str
    gradient: Callable[[Case], Array | None]


def candidates_of(mistakes: Iterable[Mistake[Case]], case: Case) -> Iterator[Candidate]:
    """Yield what each of the `mistakes` that can be made in this case gives."""
    for words, formula in mistakes:
        gradient = formula(case)
        if gradient is not None:
            yield Candidate(words, gradient)
