"""Gradients that are wrong where a mask, a slope or a threshold says so."""

from __future__ import annotations

from math import comb

import numpy as np

from ....utils.typing import Array
from ...constants import CLOSE, RANGE_FRACTION, RATIO_AGREEMENT
from ..evidence import Evidence, are_close, max_abs
from ..limits import MAX_CHANCE, MAX_CHANCE_OF_RATIO
from .pattern import pattern
from .shape import rows_or_columns

_WRONG = "analytic is wrong"


@pattern("range of the input", names_cause=False)
def range_of_the_input(e: Evidence) -> str | None:
    """Match errors exactly where the input of an activation lies in some range."""
    x = e.input
    if x is None or x.shape != e.analytic.shape:
        return None
    is_wrong = e.wrong & np.isfinite(e.analytic)
    count = np.count_nonzero(is_wrong)
    if count < 2 or is_wrong.all():
        return None
    low, high = x[is_wrong].min(), x[is_wrong].max()
    nonzero = np.abs(e.numeric) + np.abs(e.analytic) > 0
    if count < RANGE_FRACTION * np.count_nonzero(nonzero & (x >= low) & (x <= high)):
        return None
    finding = _describe_values(e.analytic[is_wrong], e.numeric[is_wrong])
    others = np.count_nonzero(nonzero & ~is_wrong)
    # Of all ways to choose the wrong elements, those in which they are neighbours.
    is_one_sided = (
        not (x[nonzero & ~is_wrong] > high).any() or not (x[nonzero & ~is_wrong] < low).any()
    )
    chance = (2 if is_one_sided else others + 1) / comb(count + others, count)
    is_clear = is_one_sided or finding != _WRONG
    if chance > (MAX_CHANCE_OF_RATIO if is_clear else MAX_CHANCE):
        return None
    input_range = _describe_range(low, high, x[nonzero & ~is_wrong])
    return (
        f"{finding} exactly where {input_range} ({count} elements): the slope or the mask's "
        "threshold differs from forward's"
    )


def _describe_values(analytic: Array, numeric: Array) -> str:
    ratios = analytic / numeric
    if np.isfinite(ratios).all() and np.allclose(ratios, ratios[0], rtol=RATIO_AGREEMENT):
        return f"analytic = {ratios[0]:#.4g} x numeric"
    return _WRONG if analytic.any() else "analytic = 0"


def _describe_range(low: float, high: float, right: Array) -> str:
    """Describe the range from `low` to `high`, given the inputs of the `right` elements."""
    if low > 0 and not (right > high).any():
        return f"x > {low if (right > 0).any() else 0:.3g}"
    if high < 0 and not (right < low).any():
        return f"x < {high if (right < 0).any() else 0:.3g}"
    return f"x in [{low:.3g}, {high:.3g}]"


@pattern("equal inputs")
def equal_inputs(e: Evidence) -> str | None:
    """Match a gradient that equal inputs of one example get, all of them or another one."""
    x, wrong = e.layer_input, e.wrong
    if x is None or x.shape != wrong.shape or not wrong.any() or x.ndim < 2:
        return None
    tolerance = CLOSE * max_abs(e.numeric)
    is_right_too = False
    for row in np.flatnonzero(wrong.any(axis=(*range(1, x.ndim),))):
        values, a, n = (array[row].ravel() for array in (x, e.analytic, e.numeric))
        for i in np.flatnonzero(wrong[row]):
            equal = values == values[i]
            gained = equal & (np.abs(n - a[i]) <= tolerance) & (n != 0)  # whose gradient it has
            lost = equal & (np.abs(a - n[i]) <= tolerance) & (n == 0)  # which has its gradient
            if not (gained.any() if n[i] == 0 else lost.any() and a[i] == 0):
                return None
            is_right_too |= bool((gained & (np.abs(n - a) <= tolerance)).any())
    who = "all of them get" if is_right_too else "another one gets"
    return (
        f"{np.count_nonzero(wrong)} elements are wrong where inputs are equal: {who} the gradient, "
        "not the one that forward takes"
    )


@pattern("mask", names_cause=False)
def wrong_mask(e: Evidence) -> str | None:
    """Match zeros at other places than in the numeric gradient."""
    a, n = e.analytic, e.numeric
    missing, extra = (a == 0) & (n != 0), (a != 0) & (n == 0)
    n_missing, n_extra = missing.sum(), extra.sum()
    if n_missing and n_extra and not ((a != 0) & (n != 0)).any():
        return (
            "analytic is zero exactly where numeric is not, and the reverse: the mask is inverted"
        )
    if n_missing and n_extra and are_close(np.where(extra, 0, a), np.where(missing, 0, n)):
        return (
            f"another mask than forward's: {n_missing} elements zero and {n_extra} not zero "
            "against it: drawn anew, or stale"
        )
    if n_missing > 1 and np.array_equal(missing, e.wrong) and not rows_or_columns.match(e):
        return (
            f"analytic = 0 in {n_missing} elements where numeric is not: zero where it should "
            "not be"
        )
    if n_extra and np.array_equal(extra, e.wrong):
        return (
            f"analytic is not 0 in {n_extra} elements where numeric is: a missing mask or "
            "derivative"
        )
    return None
