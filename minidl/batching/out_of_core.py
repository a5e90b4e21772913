"""Arrays whose data is not in memory, such as HDF5 datasets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import DataError, MinidlError, ShapeError
from ..utils.typing import Array
from ..utils.validation import (
    as_sample_array,
    check_real,
    check_rows,
    smaller_dtype,
    to_finite_array,
)

_IN_MEMORY = {
    "__array_interface__",
    "__dlpack__",
    "__array_ufunc__",
}  # Series, tensors and the like


READ_BYTES = 2**22  # bytes read at once where all is read


FIRST_TARGETS = 1024  # targets read at once before it is known what the loss makes of them


def chunk_ranges(start: int, stop: int, step: int) -> Iterator[tuple[int, int]]:
    """Yield where each part of `step` rows begins and ends."""
    return ((first, min(stop, first + step)) for first in range(start, stop, step))


def is_out_of_core(values: Any) -> bool:
    """Return whether `values` is a memmap, an HDF5 data set, or what else has shape, dtype and slices but no memory."""
    if isinstance(values, np.ndarray | np.generic | list | tuple):
        return isinstance(values, np.memmap)
    names = set(dir(values))  # asks nothing: the file may be closed
    return names >= {"shape", "dtype", "__getitem__"} and not names & _IN_MEMORY


class ArraySource:
    """An array-like whose rows are read in blocks, checked, and kept in the type of fewer bytes: its own or the model's `dtype`.

    A row takes `row_bytes` when it is in, `passing_bytes` on its way; an HDF5 chunk spans `chunk` rows.
    """

    def __init__(self, values: Any, name: str, dtype: np.dtype[Any] | None = None) -> None:
        try:
            self.given: tuple[int, ...] = tuple(int(size) for size in values.shape or ())
            kind = np.dtype(values.dtype)
            chunks = getattr(values, "chunks", None)
        except Exception as error:  # such as the ValueError of a closed file
            raise DataError(
                f"{name} must have a shape, a dtype and slices, but asking raised {error!r}: is its file open?"
            ) from error
        check_real(kind, name)
        check_rows(self.given, name, values)
        self.shape, self.values, self.name = self.given, values, name
        self.dtype = smaller_dtype(kind, dtype or kind.newbyteorder("="))
        self.chunk: int = (
            chunks[0] if isinstance(chunks, tuple) and chunks and isinstance(chunks[0], int) else 1
        )
        width = math.prod(self.shape[1:])
        self.row_bytes: int = width * self.dtype.itemsize
        self.raw_bytes: int = width * kind.itemsize
        self.passing_bytes: int = self.raw_bytes + (self.row_bytes if self.dtype != kind else 0)

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, start: int, stop: int) -> Array:
        """Return the rows from `start` to before `stop`, let in."""
        place = f"{self.name}[{start}:{stop}]"
        try:
            block = np.asarray(self.values[start:stop])
        except MinidlError:
            raise
        except Exception as error:
            raise DataError(
                f"{place} must be readable, but it raised {error!r}: is the file open and whole?"
            ) from error
        if (
            block.shape != (due := (stop - start, *self.given[1:]))
            or block.dtype.kind not in "biuf"
        ):
            raise DataError(
                f"{place} must be real numbers of shape {due}, got {block.dtype} of shape {block.shape}: has it changed?"
            )
        return self.let_in(block, start)

    def let_in(self, block: Array, first: int) -> Array:
        """Return `block`, which begins with row `first`, checked and converted."""
        return to_finite_array(block, self.name, self.dtype, first)

    @property
    def load_bytes(self) -> int:
        """How many bytes `load` takes."""
        return len(self) * self.row_bytes + self._step() * self.passing_bytes

    def _step(self) -> int:
        step = max(1, READ_BYTES // max(1, self.passing_bytes))
        return min(len(self), max(self.chunk, step - step % self.chunk))

    def load(self) -> Array:
        """Return all rows."""
        rows = np.empty(self.shape, self.dtype)
        for start, stop in chunk_ranges(0, len(self), self._step()):
            rows[start:stop] = self.read(start, stop)
        return rows


class TargetSource(ArraySource):
    """Targets that are read in blocks and let in by `convert`; all at first, so that a wrong label is found before training."""

    def __init__(self, values: Any, convert: Callable[[Array], Array], limit: int) -> None:
        super().__init__(values, "Y")
        self.convert = convert
        begin = min(len(self), FIRST_TARGETS)
        first = self.read(0, begin)
        self.shape, self.dtype = (len(self), *first.shape[1:]), first.dtype
        self.row_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        self.passing_bytes = self.raw_bytes + 4 * self.row_bytes + 32  # a loss makes arrays too
        for start, stop in chunk_ranges(
            begin, len(self), max(1, min(limit // 4, READ_BYTES) // self.passing_bytes)
        ):
            self.read(start, stop)

    def let_in(self, block: Array, first: int) -> Array:
        """Return `block` as the loss takes it."""
        try:
            return self.convert(block)
        except MinidlError as error:
            if len(block) == len(self):
                raise
            place = f"rows {first} to {first + len(block) - 1} of Y, whose shape is {self.given}"
            raise type(error)(f"{error} (in {place})") from None


def as_array_source(held: Any, name: str, dtype: np.dtype[Any] | None = None) -> ArraySource:
    """Return `held` as a `Source`, itself if it is one."""
    return held if isinstance(held, ArraySource) else ArraySource(held, name, dtype)


def as_array_or_source(
    values: Any, name: str, dtype: np.dtype[Any] | None = None
) -> Array | ArraySource:
    """Return a `Source` of what stays outside, all else as an array; its numbers are not looked at yet."""
    outside = isinstance(values, ArraySource) or is_out_of_core(values)
    return as_array_source(values, name, dtype) if outside else as_sample_array(values, name)


def load_if_fits(held: Sequence[Array | ArraySource], limit: int) -> list[Array] | None:
    """Return all as arrays, or None if that takes more than `limit` bytes."""
    if sum(each.load_bytes for each in held if isinstance(each, ArraySource)) > max(0, limit):
        return None
    return [each.load() if isinstance(each, ArraySource) else each for each in held]


def check_same_length(x: Array | ArraySource, y: Array | ArraySource) -> None:
    """Raise `ShapeError` unless X and Y have as many rows."""
    if len(x) != len(y):
        raise ShapeError(f"X and Y must have the same number of rows, got {len(x)} and {len(y)}")
