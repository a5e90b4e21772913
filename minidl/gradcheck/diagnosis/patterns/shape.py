"""Right numbers at wrong places, and errors in single elements, rows or columns."""

from __future__ import annotations

import numpy as np

from ....utils.typing import Array
from ...constants import EQUAL_ELEMENTS, RATIO_AGREEMENT
from ..evidence import Evidence, are_close, constant_ratio, format_indices
from ..limits import MIN_WRONG_OF_LINES
from .pattern import pattern

_INDEX_MISTAKE = "an index, a slice or an off-by-one"


@pattern("transposed")
def transposed(e: Evidence) -> str | None:
    """Match a transposed or wrongly reshaped matrix."""
    if e.analytic.ndim != 2:
        return None
    if are_close(e.analytic, e.numeric.T):
        return (
            "analytic = numeric transposed: a product in the wrong order, or a missing or extra .T"
        )
    if are_close(e.analytic.ravel(), e.numeric.T.ravel()):
        return "analytic has numeric's elements in column-major order: transposed by a reshape"
    return None


@pattern("permuted", names_cause=False)
def permuted(e: Evidence) -> str | None:
    """Match the right elements in another order."""
    if e.analytic.size < 4:
        return None
    if not are_close(np.sort(e.analytic, axis=None), np.sort(e.numeric, axis=None)):
        return None
    return (
        "analytic has numeric's elements at other places: another order of rows, of columns, or "
        "of a reshape"
    )


@pattern("all equal", names_cause=False)
def all_equal(e: Evidence) -> str | None:
    """Match one number in every element."""
    first = e.analytic.flat[0] if e.analytic.size > 1 else np.nan
    if not np.allclose(e.analytic, first, rtol=EQUAL_ELEMENTS, atol=0):
        return None
    if np.allclose(e.numeric, e.numeric.flat[0]):
        return None
    is_total = np.isclose(first, e.numeric.sum(), rtol=RATIO_AGREEMENT)
    total = " (to the sum of numeric)" if is_total else ""
    return (
        f"{e.lines.all_elements()} are equal{total}: summed over both axes, or over the "
        "wrong axis and broadcast"
    )


@pattern("one element", names_cause=False)
def one_element(e: Evidence) -> str | None:
    """Match a single wrong element."""
    wrong_indices = np.argwhere(e.wrong)
    if len(wrong_indices) != 1 or e.analytic.size == 1 or not e.lines.is_whole:
        return None
    index = tuple(int(i) for i in wrong_indices[0])
    ratio = ""
    if e.numeric[index] != 0:
        ratio = f", {e.analytic[index] / e.numeric[index]:#.4g} x numeric"
    where = f"only element {e.lines.position(index)} of {np.prod(e.lines.shape)}"
    if e.numeric[index] == 0 and e.analytic[index] != 0:
        return f"{where} is wrong: not 0 where numeric is, as without a mask or a derivative"
    return f"{where} is wrong{ratio}"


@pattern("rows or columns", names_cause=False)
def rows_or_columns(e: Evidence) -> str | None:
    """Match errors in some rows or columns only, or at some indices of another axis."""
    if sum(n > 1 for n in e.analytic.shape) < 2 or (e.analytic.ndim == 2 and not e.is_matrix):
        return None
    is_matrix = e.analytic.ndim == 2
    for axis in range(e.analytic.ndim):
        line, along = (("row", "column")[axis], "") if is_matrix else ("index", f" of axis {axis}")
        others = tuple(other for other in range(e.analytic.ndim) if other != axis)
        is_wrong: Array = np.asarray(e.wrong.any(axis=others))
        wrong, total = e.wrong_lines(axis), e.lines.shape[axis]
        count = len(wrong)
        if not e.lines.is_searched(axis):
            continue
        analytic, numeric = (
            np.compress(is_wrong, array, axis=axis) for array in (e.analytic, e.numeric)
        )
        ratio = constant_ratio(analytic, numeric)
        unexplained = analytic.any() and ratio is None
        if count in (0, total) or (count > max(1, total // 2) and unexplained):
            continue
        if unexplained and not (is_matrix and _are_all_wrong(e, axis, is_wrong)):
            continue
        finding = _describe_lines(analytic, ratio)
        if count > total // 2:
            right = format_indices(np.setdiff1d(np.arange(total), wrong))
            return f"every {line} but {right} of {total}{along} {finding}: {_INDEX_MISTAKE}"
        where = f"{line} {format_indices(wrong)} of {total}{along}"
        return f"only {where} {finding}; the others agree: {_INDEX_MISTAKE}"
    return None


def has_scaled_lines(e: Evidence) -> bool:
    """Return whether the wrong rows or columns are zero, or all the same multiple of numeric."""
    diagnosis = rows_or_columns.match(e) or ""
    return "is zero" in diagnosis or "x numeric" in diagnosis


def _are_all_wrong(e: Evidence, axis: int, is_wrong: Array) -> bool:
    """Return whether nearly all elements of the wrong lines are wrong, but for zeros."""
    wrong = np.compress(is_wrong, e.wrong, axis=axis)
    is_zero = np.compress(is_wrong, (e.analytic == 0) & (e.numeric == 0), axis=axis)
    return bool((wrong | is_zero).mean() >= MIN_WRONG_OF_LINES)


def _describe_lines(analytic: Array, ratio: float | None) -> str:
    if not analytic.any():
        return "is zero"
    return "is wrong" if ratio is None else f"is {ratio:#.4g} x numeric"
