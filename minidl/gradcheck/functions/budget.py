"""How many calls of a cost a check may take, by a fixed rule from sizes."""

from __future__ import annotations

import numpy as np

from ...errors import ArgumentError
from ..call_limits import BUDGET, BUDGET_WORK, CALLS_PER_CENTRAL_ELEMENT, CALLS_PER_COMPLEX_ELEMENT
from ..numeric.differences import ComplexStep, Scheme


def check_budget(budget: int | None) -> None:
    """Raise `ArgumentError` unless `budget` is a number of calls or None."""
    is_whole = isinstance(budget, int | np.integer) and not isinstance(budget, bool)
    if budget is not None and not (is_whole and budget >= 1):
        raise ArgumentError(
            f"budget must be a whole number of calls >= 1 or None, got {budget!r}: "
            f"{BUDGET[1]:,} is usual"
        )


def calls_per_element(scheme: Scheme) -> int:
    """Return how many calls of a cost one derivative takes."""
    is_complex = isinstance(scheme, ComplexStep)
    return CALLS_PER_COMPLEX_ELEMENT if is_complex else CALLS_PER_CENTRAL_ELEMENT


def arrays_in_budget(sizes: list[int], calls_each: int, budget: int) -> list[bool]:
    """Return which arrays are computed element by element, small ones first."""
    is_whole = [False] * len(sizes)
    for number in sorted(range(len(sizes)), key=sizes.__getitem__):
        budget -= calls_each * sizes[number]
        is_whole[number] = budget >= 0
    return is_whole


def default_budget(size: int) -> int:
    """Return how many calls a cost of so many elements gets: large ones take longer for each."""
    least, most = BUDGET
    return min(max(BUDGET_WORK // size, least), most)
