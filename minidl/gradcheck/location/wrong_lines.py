"""Find the wrong rows, columns, ... of a large array by halving."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...utils.typing import Array
from ..call_limits import FIRST_GROUPS
from .probed_array import ProbedArray


class WrongLines(NamedTuple):
    """The lines along one axis in which an array is wrong.

    Attributes
    ----------
    numbers
        The numbers of the wrong lines: if the search was cut short, of some of them.
    is_complete
        Whether every line was decided.
    probes
        How many probes it took.
    """

    numbers: Array
    is_complete: bool
    probes: int


def wrong_lines(array: ProbedArray, direction: Array, axis: int, limit: int) -> WrongLines:
    """Return the lines along `axis` that are wrong along `direction`, with up to `limit` probes.

    Groups of lines are probed, and those that are wrong are halved. Where most groups are wrong,
    each line is probed at once.
    """
    n = direction.shape[axis]
    groups = np.array_split(np.arange(n), min(n, FIRST_GROUPS))
    probes = 0
    while True:
        probes += len(groups)
        wrong = [group for group in groups if _is_wrong(array, direction, axis, group)]
        if all(len(group) == 1 for group in wrong):
            return WrongLines(np.array(wrong, int).reshape(-1), True, probes)
        is_dense = 2 * len(wrong) > len(groups)
        parts = sum(map(len, wrong)) if is_dense else sum(min(2, len(group)) for group in wrong)
        if probes + parts > limit:
            lines = [_first_wrong(array, direction, axis, group) for group in _some(wrong)]
            return WrongLines(np.array(lines, int), False, probes)
        groups = [
            part
            for group in wrong
            for part in np.array_split(group, len(group) if is_dense else min(2, len(group)))
        ]


def _some(groups: list[Array]) -> list[Array]:
    """Return up to `FIRST_GROUPS` / 2 of the groups, from the first to the last."""
    places = np.linspace(0, len(groups) - 1, min(len(groups), FIRST_GROUPS // 2)).round()
    return [groups[int(place)] for place in places]


def _first_wrong(array: ProbedArray, direction: Array, axis: int, group: Array) -> int:
    while len(group) > 1:
        first, second = np.array_split(group, 2)
        group = first if _is_wrong(array, direction, axis, first) else second
    return int(group[0])


def _is_wrong(array: ProbedArray, direction: Array, axis: int, lines: Array) -> bool:
    restricted = np.zeros(direction.shape)
    place = (slice(None),) * axis + (lines,)
    restricted[place] = direction[place]
    return array.error_in_bars(restricted) > 1
