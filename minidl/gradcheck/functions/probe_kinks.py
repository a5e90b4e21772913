"""Probes of a large array at a point where the cost has kinks, such as ties of a maximum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ...utils.typing import Array
from ..call_limits import KINK_ELEMENTS
from ..constants import MIN_JUMP, NEARBY_STEP, SIDES_AGREEMENT
from ..result import Check
from ..rounding.probes import ProbeValues, balanced_direction, flat_direction
from .array_probes import ArrayProbes

NO_SUBGRADIENT = (
    "no subgradient: the cost has a kink here, but none along the direction in which all elements "
    "move alike, and there the slope is another one"
)
READY_MADE = (
    "the cost has a kink along these directions; pass a function that returns the gradients, to "
    "check them at a point nearby"
)


class Probed(NamedTuple):
    """A direction and what was found along it."""

    direction: Array
    values: ProbeValues

    @property
    def is_wrong(self) -> bool:
        """Whether the two slopes differ by more than the bar."""
        return not abs(self.values.analytic - self.values.numeric) <= self.values.bar


def reconsider_at_kinks(
    check: Check, probes: ArrayProbes, found: list[Probed], rng: np.random.Generator
) -> ArrayProbes:
    """Decide a failed check again if the cost has kinks along all directions that failed.

    There random directions have no slope, but one on each side. A point nearby, where ties are
    broken, decides, then directions that keep ties, and some of the elements that are on a kink
    here. Return the probes that show where the gradient is wrong.
    """
    if not all(_is_at_kink(probes, each) for each in found if each.is_wrong):
        return probes
    nearby = probes.nearby(NEARBY_STEP, rng) if probes.gradient.is_callable else probes
    there: list[Probed] = []
    if nearby is not probes:
        for make in (balanced_direction, flat_direction):
            direction = make(nearby.analytic, rng)
            there.append(Probed(direction, nearby.along(direction)))
        if any(each.is_wrong for each in there):
            return nearby
    for direction in _directions_that_keep_ties(probes):
        each = Probed(direction, probes.along(direction))
        if each.is_wrong and not _is_at_kink(probes, each):
            check.diagnosis = NO_SUBGRADIENT
            _show(check, each)
            return probes
    if nearby is probes:
        check.verdict, check.diagnosis = "unresolved", READY_MADE
        return probes
    jumps = np.abs(nearby.analytic - probes.analytic) > MIN_JUMP * np.abs(probes.analytic).max()
    places = np.flatnonzero(jumps)
    for place in rng.permutation(places)[:KINK_ELEMENTS]:
        if not _is_between_slopes(check, probes, int(place)):
            return probes
    check.verdict, check.worst, check.kinks = "pass", {}, max(len(places), 1)
    check.difference = max(_relative(each.values) for each in there)
    check.resolution = nearby.resolution([each.values for each in there[1:]])
    return probes


def _is_at_kink(probes: ArrayProbes, each: Probed) -> bool:
    back, error = probes.slope(-each.direction)
    gap = abs(each.values.numeric + back)
    return gap > each.values.bar + error + SIDES_AGREEMENT * each.values.terms


def _directions_that_keep_ties(probes: ArrayProbes) -> Iterator[Array]:
    yield np.ones(probes.analytic.size)
    if probes.value.any():
        yield probes.value / np.abs(probes.value).max()


def _is_between_slopes(check: Check, probes: ArrayProbes, place: int) -> bool:
    """Return whether an element is between its one-sided slopes; else show it."""
    right, error = probes.element(place)
    left = -probes.element(place, -1.0)[0]
    analytic = float(probes.analytic[place])
    closest = float(np.clip(analytic, min(left, right), max(left, right)))
    if abs(analytic - closest) <= error:
        return True
    index = [int(i) for i in np.unravel_index(place, probes.shape)]
    check.worst = {"index": index, "analytic": analytic, "numeric": closest, "bar": error}
    return False


def _show(check: Check, each: Probed) -> None:
    analytic, numeric, bar, _ = each.values
    check.worst = {"analytic": analytic, "numeric": numeric, "bar": bar}
    check.difference = _relative(each.values)


def _relative(values: ProbeValues) -> float:
    scale = 2 * max(values.terms, abs(values.numeric))
    return abs(values.analytic - values.numeric) / scale if scale > 0 else 0.0
