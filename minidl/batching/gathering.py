"""Gathers rows in any order into reused arrays, many small batches at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..utils.typing import Array
from .batch import Batch
from .out_of_core import Rows

GATHER_BYTES = 2**18
"""Bytes that are gathered at once: many small batches, which are still in the cache."""


class RowGatherer:
    """Gathers rows into its own arrays and slices these into batches.

    Parameters
    ----------
    data : Batch
        All examples, targets and weights, of which the shapes and dtypes are used.
    capacity : int
        Rows gathered at once: a multiple of `batch_size`, or all.
    batch_size : int
        Rows per batch.
    dtype : numpy.dtype
        To which the rows of x are converted.
    """

    def __init__(self, data: Batch, capacity: int, batch_size: int, dtype: np.dtype[Any]) -> None:
        def new_array(values: Rows) -> Array:
            return np.empty((capacity, *values.shape[1:]), values.dtype)

        self.capacity = capacity
        self.batch_size = batch_size
        self._gathered = [new_array(values) for values in data if values is not None]
        x = self._gathered[0]
        self._x = x if x.dtype == dtype else np.empty(x.shape, dtype)
        self._rows = Batch(self._x, *self._gathered[1:])
        self._full_batches = list(slice_batches(self._rows, batch_size, 0, capacity))

    def batches(self, parts: Iterable[tuple[Iterable[Array], Array]]) -> Iterator[Iterable[Batch]]:
        """Yield groups of batches from parts (arrays, order of their rows); arrays are reused."""
        n_gathered = 0
        for arrays, order in parts:
            while len(order):
                rows = order[: self.capacity - n_gathered]
                order = order[len(rows) :]
                target = slice(n_gathered, n_gathered + len(rows))
                for array, gathered in zip(arrays, self._gathered, strict=True):
                    # mode="clip" lets take write into the array without a buffer.
                    array.take(rows, axis=0, out=gathered[target], mode="clip")
                n_gathered = target.stop
                if n_gathered == self.capacity:
                    yield self._converted(n_gathered)
                    n_gathered = 0
        if n_gathered:
            yield self._converted(n_gathered)

    def empty_batch(self) -> Batch:
        """Return a batch without rows."""
        return self._rows.rows(slice(0))

    def _converted(self, n_rows: int) -> Iterable[Batch]:
        if self._x is not self._gathered[0]:
            np.copyto(self._x[:n_rows], self._gathered[0][:n_rows])
        if n_rows == self.capacity:
            return self._full_batches
        return slice_batches(self._rows, self.batch_size, 0, n_rows)


def slice_batches(data: Batch, batch_size: int, start: int, stop: int) -> Iterator[Batch]:
    """Yield views of the rows from `start` to before `stop`, `batch_size` at a time."""
    for first in range(start, stop, batch_size):
        yield data.rows(slice(first, min(stop, first + batch_size)))


def pick_batches(data: Batch, batch_size: int, order: Array) -> Iterator[Batch]:
    """Yield the rows of sparse examples in an order, `batch_size` at a time, each in new arrays."""
    for first in range(0, len(order), batch_size):
        yield data.rows(order[first : first + batch_size])
