"""How wrong each element of a check is, as numbers from which its map is drawn."""

from __future__ import annotations

import numpy as np

from ...utils.typing import Array
from ..result import Check, error_in_bars

MIN_RATIO, MAX_RATIO = 1e-3, 1e3  # of the colours, in units of the error bar
MAX_CELLS = 128  # more in a row or a column would be narrower than a pixel or two


def clipped_ratio(check: Check) -> Array:
    """Return |analytic - numeric| / bar of each element, above 1 where it is wrong.

    Parameters
    ----------
    check : Check
        One whose elements were computed.

    Returns
    -------
    ndarray
        Numbers from `MIN_RATIO` to `MAX_RATIO`; NaN counts as wrong.
    """
    finite = np.nan_to_num(error_in_bars(check), nan=MAX_RATIO)
    ratio: Array = np.clip(finite, MIN_RATIO, MAX_RATIO)
    return ratio


def worst_of_blocks(ratio: Array) -> Array:
    """Return the largest number of each block, so that no wrong column is lost between pixels.

    Parameters
    ----------
    ratio : ndarray of shape (rows, columns)
        Any numbers.

    Returns
    -------
    ndarray
        At most `MAX_CELLS` rows and columns; a smaller array as it is.
    """
    for axis in (0, 1):
        size = block_size(ratio.shape[axis])
        ratio = np.maximum.reduceat(ratio, np.arange(0, ratio.shape[axis], size), axis=axis)
    return ratio


def block_size(length: int) -> int:
    """Return how many rows or columns become one."""
    return -(-length // MAX_CELLS)
