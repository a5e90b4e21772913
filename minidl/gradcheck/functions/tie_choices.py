"""Gradients that are right in one of many ways, at a point where many numbers tie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...utils.typing import Array
from ..constants import MIN_JUMP, NEARBY_STEP, PROBES
from ..result import Check, error_in_bars
from ..rounding.compare import root_mean_square
from ..rounding.probes import balanced_direction
from .array_probes import ArrayProbes
from .constants import ORDERED_STEP, RANDOM_ORDERS
from .meeting_kinks import MEETING_KINKS, several_kinks_meet

TIE_CHOICE = (
    "many numbers tie here, and each order of them has another gradient: this one is that of a "
    "point nearby, at which they do not tie, or lies between those of several, to within {:.0e}"
)
"""The diagnosis of such a check."""

NO_ONE_SIDED_SLOPE = (
    "at this point alone: it is right nearby, but here it is not between the slopes on both sides "
    "of a kink; which value does it take where a comparison is a tie?"
)
"""The diagnosis of a check that fails nevertheless."""


def accept_tie_choice(
    check: Check, probes: ArrayProbes, rng: np.random.Generator, *, of_one_order: bool
) -> None:
    """Leave a failed check unresolved if its gradient is one of those around the ties.

    A sort may put equal numbers into any order. The two sides of one element are those of the first
    and of the last place, and the complex step may break ties by rounding of the order of its
    square, so that neither says what is right. Where the numbers rise or fall with their place in
    the array, the order is the one that stable sorts and first maxima choose. After a sort, |x| may
    have the slope zero at zero, between those of two points where the order is another one, too.

    Parameters
    ----------
    check : Check
        A comparison of all elements.
    probes : ArrayProbes
        The array.
    rng : numpy.random.Generator
        Draws directions.
    of_one_order : bool
        Whether the elements must have the gradient of one point together. Otherwise each may lie
        between its gradients at several points.
    """
    if check.analytic is None or check.numeric is None:
        return
    outside = ~(error_in_bars(check).ravel() <= 1)
    tolerance = MIN_JUMP * root_mean_square(probes.analytic)
    gap = np.abs(check.analytic - check.numeric).ravel()[outside]
    if not gap.max(initial=0.0) > tolerance:
        return  # too slight for another order
    changes: list[Array] = []
    moves = list(tie_orders(probes.value, rng))
    for move in moves:
        change = _change(probes, move)[outside]
        if of_one_order and not (np.abs(change) <= tolerance).all():
            continue
        if not _is_right(_moved(probes, ORDERED_STEP * move), rng):
            continue
        changes.append(change)
        is_within = np.min(changes, axis=0) <= tolerance, np.max(changes, axis=0) >= -tolerance
        if np.all(is_within):
            _leave_unresolved(check, TIE_CHOICE.format(MIN_JUMP))
            return
    if not of_one_order and 2 * len(changes) > len(moves):
        forward, back = (
            np.array([_change(probes, sign * move)[outside] for move in moves]) for sign in (1, -1)
        )
        if several_kinks_meet(forward, back, tolerance):
            _leave_unresolved(check, MEETING_KINKS)
        else:
            check.diagnosis = NO_ONE_SIDED_SLOPE


def _change(probes: ArrayProbes, move: Array) -> Array:
    return _moved(probes, NEARBY_STEP * move).analytic - probes.analytic


def _leave_unresolved(check: Check, diagnosis: str) -> None:
    check.verdict, check.worst, check.error_summary = "unresolved", {}, ""
    check.resolution, check.diagnosis = MIN_JUMP, diagnosis


def tie_orders(theta: Array, rng: np.random.Generator) -> Iterator[Array]:
    """Yield moves that break ties.

    Numbers rise or fall with their place, above or below: evenly, or faster and faster, as
    differences of even steps tie as well. Then they move at random.

    Parameters
    ----------
    theta : ndarray of shape (n,)
        The numbers.
    rng : numpy.random.Generator
        Draws the moves at random.

    Yields
    ------
    ndarray of shape (n,)
        Moves as large as the numbers.
    """
    size = root_mean_square(theta) or 1.0
    ramp = np.linspace(0.5, 1.5, theta.size)
    for shape in (ramp, ramp**2):
        for sign in (1.0, -1.0):
            for rising in (shape, shape[::-1]):
                yield sign * size * rising
    for _ in range(RANDOM_ORDERS):
        yield size * rng.uniform(0.5, 1.5, theta.size) * rng.choice([-1.0, 1.0], theta.size)


def _moved(probes: ArrayProbes, move: Array) -> ArrayProbes:
    theta = probes.value + move
    return replace(
        probes, cost=probes.cost.moved_to(theta), gradient=probes.gradient.moved_to(theta)
    )


def _is_right(probes: ArrayProbes, rng: np.random.Generator) -> bool:
    """Return whether slopes agree, farther away, so that differences cross no tie."""
    found = [probes.along(balanced_direction(probes.analytic, rng)) for _ in range(PROBES)]
    return all(abs(values.analytic - values.numeric) <= values.bar for values in found)
