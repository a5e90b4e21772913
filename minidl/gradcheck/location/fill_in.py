"""Show in a failed check of a large array where the gradient is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...utils.typing import Array
from ..call_limits import BUDGET, BUDGET_WORK, LOCATION_CALLS
from ..constants import EXACT_BAR, EXACT_BAR_OF_LARGEST
from ..result import Check
from ..rounding.compare import worst_element
from .locate import Located, locate
from .probed_array import ProbedArray


def fill_in_wrong_elements(
    check: Check, array: ProbedArray, seed: int, *, calls: int, others: Sequence[Array] = ()
) -> None:
    """Fill in the arrays of a failed check, or of a block, and its worst element.

    Parameters
    ----------
    check : Check
        A check that probes failed.
    array : ProbedArray
        The array that was probed.
    seed : int
        Seed of more probes.
    calls : int
        About how many probes, and after them elements, may be computed.
    others : sequence of ndarray, optional
        The gradients of other arrays, which may be exchanged with this one.
    """
    if not np.isfinite(array.analytic).all():
        _fill_in_what_is_not_finite(check, array)
        return
    located = locate(array, calls, np.random.default_rng(seed), others)
    if located is not None:
        _fill_in(check, array, located)


def location_calls(size: int) -> int:
    """Return how many probes locating the errors of an array of that size may take."""
    return min(max(BUDGET_WORK // size, BUDGET[0]), LOCATION_CALLS)


def _fill_in(check: Check, array: ProbedArray, located: Located) -> None:
    numeric, block = located.numeric, located.block
    analytic = array.analytic if block is None else block.of(array.analytic)
    size = np.abs(numeric)
    largest = float(size.max(initial=0.0))
    bar = EXACT_BAR * size + EXACT_BAR_OF_LARGEST * largest + located.error
    if (np.abs(analytic - numeric) <= bar).all():
        return  # on kinks a gradient may be wrong along a direction, and no element by itself
    check.analytic, check.numeric, check.bar, check.block = analytic, numeric, bar, block
    check.worst = worst_element(analytic, numeric, bar, np.abs(analytic - numeric))
    if block is not None:
        check.worst["index"] = list(block.position(tuple(check.worst["index"])))


def _fill_in_what_is_not_finite(check: Check, array: ProbedArray) -> None:
    """Show NaN and infinity; the other elements cannot be probed beside them."""
    analytic = array.analytic
    is_finite = np.isfinite(analytic)
    place = np.flatnonzero(~is_finite)[:1]
    (slope,), (error,) = array.elements(place)
    check.analytic, check.numeric = analytic, np.where(is_finite, analytic, slope)
    check.bar, check.difference = np.full(analytic.shape, error), 1.0
    gap = np.where(is_finite, 0.0, np.inf)
    check.worst = worst_element(analytic, check.numeric, check.bar, gap)
