"""Targets in memory of which the form that the loss takes is too large to be made at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import MinidlError
from ..utils.typing import Array
from ..utils.validation import as_sample_array
from .out_of_core import chunk_ranges

BYTES_AT_ONCE = 2**20
"""Bytes of targets that are converted at once where all are."""

_FIRST_ROWS = 2
_MAX_ITEMSIZE = 16


class LazyTargets:
    """Targets as the user passed them, such as class numbers, converted batch by batch.

    All are converted once on construction, so that an invalid one is reported before training.

    Parameters
    ----------
    values : ndarray of shape (m, ...)
        The targets as the user passed them.
    convert : callable
        ``convert(rows)`` returns rows of targets as the loss takes them.

    Attributes
    ----------
    shape : tuple of int
        The shape of all targets once they are converted.
    dtype : numpy.dtype
        Their dtype.

    Examples
    --------
    >>> import numpy as np
    >>> targets = LazyTargets(np.array([2, 0, 1]), lambda rows: np.eye(3)[rows])
    >>> targets.shape, targets[1:2].tolist()
    ((3, 3), [[1.0, 0.0, 0.0]])
    """

    def __init__(self, values: Array, convert: Callable[[Array], Array]) -> None:
        self._values = values
        self._convert = convert
        first = convert(values[:_FIRST_ROWS])
        self.shape: tuple[int, ...] = (len(values), *first.shape[1:])
        self.dtype: np.dtype[Any] = first.dtype
        for start, stop in chunk_ranges(0, len(values), self.rows_at_once):
            try:
                convert(values[start:stop])
            except MinidlError:
                convert(values)  # raises it with the right row
                raise

    @property
    def rows_at_once(self) -> int:
        """Rows that are converted at once where all are."""
        bytes_per_row = math.prod(self.shape[1:]) * self.dtype.itemsize
        return max(1, BYTES_AT_ONCE // bytes_per_row)

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, rows: slice | Array) -> Array:
        return self._convert(self._values[rows])

    def take(self, rows: Array, axis: int, out: Array, mode: str) -> Array:
        """Write rows into an array, as `numpy.ndarray.take` does.

        Parameters
        ----------
        rows : ndarray of int
            The numbers of the rows.
        axis : int
            Always 0.
        out : ndarray of shape (len(rows), ...)
            The array.
        mode : str
            Not used: all numbers are valid.

        Returns
        -------
        ndarray
            `out`.
        """
        out[...] = self._convert(self._values[rows])
        return out


def convert_targets(
    Y: Any,
    convert: Callable[[Any], Array],
    outputs: int | tuple[int, ...] | None,
    max_bytes: int,
) -> Array | LazyTargets:
    """Return targets in memory as the loss takes them, converted later if they get too large.

    Parameters
    ----------
    Y : array_like of shape (m, ...)
        The targets as the user passed them.
    convert : callable
        ``convert(rows)`` returns rows of targets as the loss takes them.
    outputs : int, tuple of int or None
        The number of outputs of the model, or the shape of one, if it is known.
    max_bytes : int
        Bytes of converted targets that may be in memory at once.

    Returns
    -------
    ndarray or LazyTargets
        All targets, validated.

    Examples
    --------
    >>> import numpy as np
    >>> convert_targets([2, 0], lambda rows: np.eye(3)[rows], 3, max_bytes=1000).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    values = as_sample_array(Y, "Y")
    n_classes = outputs[-1] if isinstance(outputs, tuple) else outputs or 1
    if values.size * n_classes * _MAX_ITEMSIZE <= max_bytes:  # nearly always
        return convert(Y)
    try:
        first = convert(values[:_FIRST_ROWS])
    except MinidlError:
        return convert(Y)  # raises it with the right shape and row
    n_bytes = len(values) * first.nbytes // len(first)
    if n_bytes <= max_bytes or np.may_share_memory(first, values):  # not copied
        return convert(Y)
    return LazyTargets(values, convert)
