"""Arrays whose data is not in memory, such as HDF5 datasets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

from ..errors import DataError, MinidlError
from ..utils.masked import check_not_masked
from ..utils.sparse_rows import SparseRows, is_sparse
from ..utils.typing import Array
from ..utils.validation import (
    as_sample_array,
    check_real,
    check_rows,
    smaller_dtype,
    to_finite_array,
)

_IN_MEMORY_TYPES = (np.ndarray, np.generic, list, tuple)
# Any of these marks an array whose data is in memory: a Series, a tensor and the like.
_IN_MEMORY_PROTOCOLS = {"__array_interface__", "__dlpack__", "__array_ufunc__"}

READ_BYTES = 2**22
"""Bytes read at once where all rows are read."""

_FIRST_TARGETS = 1024
"""Targets read at once before the size of what the loss makes of them is known."""


def chunk_ranges(start: int, stop: int, step: int) -> Iterator[tuple[int, int]]:
    """Yield (first, last + 1) of each chunk of `step` rows."""
    return ((first, min(stop, first + step)) for first in range(start, stop, step))


def is_out_of_core(values: Any) -> bool:
    """Return whether the data is not in memory: of a memmap, an HDF5 dataset, or the like."""
    if isinstance(values, _IN_MEMORY_TYPES):
        return isinstance(values, np.memmap)
    if is_sparse(values):
        return False
    names = set(dir(values))  # does not read an attribute: the file may be closed
    return names >= {"shape", "dtype", "__getitem__"} and not names & _IN_MEMORY_PROTOCOLS


class ArraySource:
    """An out-of-core array whose rows are read in blocks, validated and converted.

    Parameters
    ----------
    values : array_like of shape (m, ...)
        An object with a shape, a dtype and slices of rows, such as an HDF5 dataset.
    name : str
        Its name in error messages, "X" or "Y".
    dtype : numpy.dtype, optional
        The model's dtype. Rows are kept in it, or in the source's own dtype if that is smaller.

    Attributes
    ----------
    bytes_per_row : int
        Bytes of a row once it is read.
    source_bytes_per_row : int
        Bytes of a row in the source.
    transient_bytes_per_row : int
        Bytes that reading a row takes temporarily.
    rows_per_chunk : int
        Rows of an HDF5 chunk, 1 for other sources.
    """

    def __init__(self, values: Any, name: str, dtype: np.dtype[Any] | None = None) -> None:
        try:
            self.original_shape: tuple[int, ...] = tuple(int(n) for n in values.shape or ())
            source_dtype = np.dtype(values.dtype)
            chunks = getattr(values, "chunks", None)
        except Exception as error:  # such as the ValueError of a closed file
            rule = f"{name} must have a shape, a dtype and slices"
            raise DataError(
                f"{rule}, but reading them raised {error!r}: is its file open?"
            ) from error
        check_real(source_dtype, name)
        check_rows(self.original_shape, name, values)
        self.values = values
        self.name = name
        self.shape = self.original_shape
        self.dtype = smaller_dtype(source_dtype, dtype or source_dtype.newbyteorder("="))
        self.rows_per_chunk: int = 1
        if isinstance(chunks, tuple) and chunks and isinstance(chunks[0], int):
            self.rows_per_chunk = chunks[0]
        n_features = math.prod(self.shape[1:])
        self.bytes_per_row: int = n_features * self.dtype.itemsize
        self.source_bytes_per_row: int = n_features * source_dtype.itemsize
        self.transient_bytes_per_row: int = self.source_bytes_per_row
        if self.dtype != source_dtype:
            self.transient_bytes_per_row += self.bytes_per_row

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, start: int, stop: int) -> Array:
        """Return the rows from `start` to before `stop`, validated and converted."""
        place = f"{self.name}[{start}:{stop}]"
        try:
            values = self.values[start:stop]
            check_not_masked(values, place)
            block = np.asarray(values)
        except MinidlError:
            raise
        except Exception as error:
            raise DataError(
                f"{place} must be readable, but it raised {error!r}: is the file open and whole?"
            ) from error
        expected_shape = (stop - start, *self.original_shape[1:])
        if block.shape != expected_shape or block.dtype.kind not in "biuf":
            raise DataError(
                f"{place} must be real numbers of shape {expected_shape}, got {block.dtype} of "
                f"shape {block.shape}: has it changed?"
            )
        return self.validate(block, start)

    def validate(self, block: Array, row_offset: int) -> Array:
        """Return `block`, whose first row is row `row_offset`, validated and converted."""
        return to_finite_array(block, self.name, self.dtype, row_offset)

    @property
    def total_load_bytes(self) -> int:
        """Bytes that `load` takes, with those that it needs temporarily."""
        return len(self) * self.bytes_per_row + self._rows_per_read() * self.transient_bytes_per_row

    def _rows_per_read(self, max_bytes: int = READ_BYTES) -> int:
        rows = max(1, max_bytes // max(1, self.transient_bytes_per_row))
        return min(len(self), max(self.rows_per_chunk, rows - rows % self.rows_per_chunk))

    def blocks(self, max_bytes: int = READ_BYTES) -> Iterator[tuple[int, Array]]:
        """Iterate over all rows, in blocks of whole chunks, with the number of the first of each.

        A block has at most `max_bytes`, or one chunk.
        """
        for start, stop in chunk_ranges(0, len(self), self._rows_per_read(max_bytes)):
            yield start, self.read(start, stop)

    def load(self) -> Array:
        """Return all rows."""
        rows = np.empty(self.shape, self.dtype)
        for start, block in self.blocks():
            rows[start : start + len(block)] = block
        return rows


Rows: TypeAlias = Array | SparseRows | ArraySource
"""Examples in memory, all of their numbers or those that are not 0; or to be read."""


class TargetSource(ArraySource):
    """Out-of-core targets, converted block by block.

    All are read once on construction, so that an invalid label is reported before training.

    Parameters
    ----------
    values : array_like of shape (m, ...)
        The targets as the user passed them.
    convert : callable
        ``convert(block)`` returns a block of targets as the loss takes them.
    memory_limit : int
        Bytes that reading may take.
    """

    def __init__(self, values: Any, convert: Callable[[Array], Array], memory_limit: int) -> None:
        super().__init__(values, "Y")
        self.convert = convert
        n_first = min(len(self), _FIRST_TARGETS)
        first_targets = self.read(0, n_first)
        self.shape = (len(self), *first_targets.shape[1:])
        self.dtype = first_targets.dtype
        self.bytes_per_row = math.prod(self.shape[1:]) * self.dtype.itemsize
        # The loss makes new arrays when it converts targets.
        self.transient_bytes_per_row = self.source_bytes_per_row + 4 * self.bytes_per_row + 32
        rows = max(1, min(memory_limit // 4, READ_BYTES) // self.transient_bytes_per_row)
        for start, stop in chunk_ranges(n_first, len(self), rows):
            self.read(start, stop)

    def validate(self, block: Array, row_offset: int) -> Array:
        """Return `block` as the loss takes it."""
        try:
            return self.convert(block)
        except MinidlError as error:
            if len(block) == len(self):
                raise
            rows = f"rows {row_offset} to {row_offset + len(block) - 1} of Y"
            message = f"{error} (in {rows}, whose shape is {self.original_shape})"
            raise type(error)(message) from None


class WeightSource(ArraySource):
    """Sample weights, which are in memory, beside examples and targets that are not.

    Parameters
    ----------
    sample_weight : ndarray of shape (m,) or (m, ...)
        The weights.
    targets : ArraySource
        The targets beside which they are read.
    """

    def __init__(self, sample_weight: Array, targets: ArraySource) -> None:
        super().__init__(sample_weight, "sample_weight")
        self.source_bytes_per_row = 0
        # Targets and weights are counted as one array that is made of both. The blocks that are
        # read depend on this, so the order of the examples, and whether old checkpoints resume.
        self.transient_bytes_per_row = targets.bytes_per_row + self.bytes_per_row


def as_array_source(values: Any, name: str, dtype: np.dtype[Any] | None = None) -> ArraySource:
    """Return `values` as an `ArraySource`, itself if it is one."""
    return values if isinstance(values, ArraySource) else ArraySource(values, name, dtype)


def as_array_or_source(values: Any, name: str, dtype: np.dtype[Any] | None = None) -> Rows:
    """Return an out-of-core array as an `ArraySource`, anything else as an array of numbers.

    A sparse array or matrix becomes `SparseRows` in `dtype`.
    """
    if is_sparse(values):
        return SparseRows.of(values, name, dtype)
    if isinstance(values, ArraySource) or is_out_of_core(values):
        return as_array_source(values, name, dtype)
    return as_sample_array(values, name)


def first_rows(x: Rows, n_rows: int, dtype: np.dtype[Any]) -> Any:
    """Return copies of the first rows as a model takes them, to try it.

    Parameters
    ----------
    x : ndarray, SparseRows or ArraySource of shape (m, ...)
        The examples.
    n_rows : int
        How many are returned, unless there are fewer.
    dtype : numpy.dtype
        Their dtype.

    Returns
    -------
    ndarray or SparseRows
        The rows.
    """
    n_rows = min(n_rows, len(x))
    if isinstance(x, SparseRows):
        return x[:n_rows].astype(dtype)
    return np.array(x.read(0, n_rows) if isinstance(x, ArraySource) else x[:n_rows], dtype)
