"""Sources: arrays that stay where they are, such as HDF5 data sets, and are read in blocks of rows.

Each block is checked and converted on its way in, as the door does with a whole array.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .arrays import Array, check_real, check_rows, converted, narrower
from .errors import ArgumentError, DataError, MinidlError, ShapeError

MEMORY_LIMIT = 256 * 2**20  # bytes of rows that may be in memory at once, unless told otherwise

_STEP = 2**22  # bytes read at once where all is read
_FIRST = 1024  # targets read at once before it is known what the loss makes of them
_IN_MEMORY = ("__array_interface__", "__dlpack__", "__array_ufunc__")  # Series, tensors and the like: NumPy takes them as they are


def stays_outside(values: Any) -> bool:
    """Return whether `values` is read in blocks: a memmap, an HDF5 data set, or what has shape, dtype and slicing but no memory.

    Examples
    --------
    >>> stays_outside(np.zeros((3, 2))), stays_outside([[1, 2]])
    (False, False)
    """
    if isinstance(values, np.ndarray | np.generic | list | tuple):
        return isinstance(values, np.memmap)
    kind = type(values)
    return all(hasattr(kind, name) or name in getattr(values, "__dict__", ()) for name in ("shape", "dtype", "__getitem__")) and not any(
        hasattr(kind, name) for name in _IN_MEMORY
    )


def check_memory_limit(limit: int) -> None:
    """Raise `ArgumentError` unless `limit` is a whole number of bytes >= 1."""
    if isinstance(limit, bool) or not isinstance(limit, int | np.integer) or limit < 1:
        raise ArgumentError(f"memory_limit must be a whole number of bytes >= 1, such as 256 * 2**20, got {limit!r}")


class Source:
    """An array-like whose rows are read in blocks, checked, and kept in the type of fewer bytes: its own or the model's.

    Parameters
    ----------
    values : array-like
        With `shape`, `dtype` and slices of rows. It is never asked by two threads at once.
    name : str
        What messages call it, such as "X".
    dtype : numpy.dtype, optional
        The model's.

    Attributes
    ----------
    shape, dtype
        Of all the rows as `read` returns them; `given` is the shape of `values`.
    chunk : int
        How many rows an HDF5 chunk spans; 1 where there are none.
    row_bytes, passing_bytes : int
        What a row takes in memory when it is in, and while it is on its way.

    Raises
    ------
    ShapeError, DtypeError, DataError
        If there are no rows, of no real numbers, or the array-like cannot be asked.
    """

    def __init__(self, values: Any, name: str, dtype: np.dtype[Any] | None = None) -> None:
        try:
            self.given: tuple[int, ...] = tuple(int(size) for size in values.shape or ())
            kind = np.dtype(values.dtype)
            chunks = getattr(values, "chunks", None)
        except Exception as error:  # such as the ValueError of a closed file
            raise DataError(
                f"{name} must have a shape, a dtype and slices, but asking for them raised {_text(error)}: is its file open?"
            ) from error
        check_real(kind, name)
        check_rows(self.given, name, f"{values!r}")
        self.shape = self.given
        self.values, self.name = values, name
        self.dtype = narrower(kind, dtype or kind.newbyteorder("="))
        self.chunk: int = chunks[0] if isinstance(chunks, tuple) and chunks and isinstance(chunks[0], int) else 1
        self.row_bytes: int = math.prod(self.shape[1:]) * self.dtype.itemsize
        self.raw_bytes: int = math.prod(self.shape[1:]) * kind.itemsize
        self.passing_bytes: int = self.raw_bytes + (self.row_bytes if self.dtype != kind else 0)

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, start: int, stop: int) -> Array:
        """Return the rows from `start` to before `stop`, let in.

        Raises
        ------
        DataError
            If the array-like raises, or returns something else; the message names the rows.
        NonFiniteError
            If a number is not finite; the message names its row in the whole.
        """
        try:
            block = np.asarray(self.values[start:stop])
        except MinidlError:
            raise
        except Exception as error:
            raise DataError(
                f"{self.name}[{start}:{stop}] must be readable, but it raised {_text(error)}: is the file open and whole?"
            ) from error
        if block.shape != (due := (stop - start, *self.given[1:])) or block.dtype.kind not in "biuf":
            found = f"{block.dtype} of shape {block.shape}"
            raise DataError(f"{self.name}[{start}:{stop}] must be real numbers of shape {due}, got {found}: has it changed?")
        return self.let_in(block, start)

    def let_in(self, block: Array, first: int) -> Array:
        """Return `block`, whose first row has the number `first`, checked and converted."""
        return converted(block, self.name, self.dtype, first)

    @property
    def load_bytes(self) -> int:
        """How many bytes it takes to have all rows in memory, what is on its way included."""
        return len(self) * self.row_bytes + self._step() * self.passing_bytes

    def _step(self) -> int:
        step = max(1, _STEP // max(1, self.passing_bytes))
        return min(len(self), max(self.chunk, step - step % self.chunk))

    def load(self) -> Array:
        """Return all rows."""
        rows = np.empty(self.shape, self.dtype)
        step = self._step()
        for start in range(0, len(self), step):
            stop = min(len(self), start + step)
            rows[start:stop] = self.read(start, stop)
        return rows


class Targets(Source):
    """Targets that are read in blocks and let in by a loss.

    Parameters
    ----------
    values : array-like
    convert : callable
        Takes rows and returns them as (m, k) in the model's dtype, or raises.
    limit : int
        How many bytes may be read at once.

    Raises
    ------
    ShapeError, DtypeError, DataError, ArgumentError, NonFiniteError
        Where `convert` refuses a row: all are read once, so that a wrong label is not found in the middle of a training.
    """

    def __init__(self, values: Any, convert: Callable[[Array], Array], limit: int) -> None:
        super().__init__(values, "Y")
        self.convert = convert
        stop = min(len(self), _FIRST)
        first = self.read(0, stop)
        self.shape, self.dtype = (len(self), *first.shape[1:]), first.dtype
        self.row_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        self.passing_bytes = self.raw_bytes + 4 * self.row_bytes + 32  # a loss needs some arrays to compare and convert
        step = max(1, min(limit // 4, _STEP) // self.passing_bytes)
        for start in range(stop, len(self), step):
            self.read(start, min(len(self), start + step))

    def let_in(self, block: Array, first: int) -> Array:
        """Return `block` as the loss takes it."""
        try:
            return self.convert(block)
        except MinidlError as error:
            if len(block) == len(self):
                raise
            place = f"rows {first} to {first + len(block) - 1} of Y, whose shape is {self.given}"
            raise type(error)(f"{error} (in {place})") from None


def source_or_array(values: Any, name: str, dtype: np.dtype[Any] | None = None) -> Any:
    """Return a `Source` for `values` that stay outside of memory, and all others as they are."""
    return Source(values, name, dtype) if stays_outside(values) else values


def in_memory(held: Sequence[Array | Source], limit: int) -> list[Array] | None:
    """Return all as arrays, with the sources read whole; None if that takes more than `limit` bytes."""
    needed = sum(each.load_bytes for each in held if isinstance(each, Source))
    if needed and needed > limit:
        return None
    return [each.load() if isinstance(each, Source) else each for each in held]


def same_length(x: Array | Source, y: Array | Source) -> None:
    """Raise `ShapeError` unless X and Y have as many rows."""
    if len(x) != len(y):
        raise ShapeError(f"X and Y must have the same number of rows, got {len(x)} and {len(y)}")


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
