"""Sources: arrays that stay where they are, such as HDF5 data sets, read ahead in blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from threading import Event
from typing import Any, NamedTuple

import numpy as np

from .arrays import Array, check_real, check_rows, converted, is_whole, narrower, numeric_rows
from .errors import ArgumentError, DataError, MinidlError, ShapeError

MEMORY_LIMIT = 256 * 2**20  # bytes of rows that may be in memory at once, unless told otherwise

_IN_MEMORY = {"__array_interface__", "__dlpack__", "__array_ufunc__"}  # Series, tensors and the like
_STEP = 2**22  # bytes read at once where all is read
_FIRST = 1024  # targets read at once before it is known what the loss makes of them
_LARGE, _SMALL = 2**20, 2**17  # bytes of a block: more are read no faster; of fewer, asking takes longer
_MANY, _FEW = 32, 8  # blocks of a buffer: many, for the shuffle, or few where many would be small
_ORDER = 16  # bytes that drawing the order of a buffer takes per row


def spans(start: int, stop: int, step: int) -> Iterator[tuple[int, int]]:
    """Yield where each part of `step` rows begins and ends."""
    return ((first, min(stop, first + step)) for first in range(start, stop, step))


def stays_outside(values: Any) -> bool:
    """Return whether `values` is a memmap, an HDF5 data set, or what else has shape, dtype and slices but no memory."""
    if isinstance(values, np.ndarray | np.generic | list | tuple):
        return isinstance(values, np.memmap)
    names = set(dir(values))  # asks nothing: the file may be closed
    return names >= {"shape", "dtype", "__getitem__"} and not names & _IN_MEMORY


def check_memory_limit(limit: int) -> None:
    """Raise `ArgumentError` unless `limit` is a whole number of bytes >= 1."""
    if not is_whole(limit):
        raise ArgumentError(f"memory_limit must be a whole number of bytes >= 1, such as 256 * 2**20, got {limit!r}")


class Source:
    """An array-like whose rows are read in blocks, checked, and kept in the type of fewer bytes: its own or the model's `dtype`.

    A row takes `row_bytes` when it is in, `passing_bytes` on its way; an HDF5 chunk spans `chunk` rows.
    """

    def __init__(self, values: Any, name: str, dtype: np.dtype[Any] | None = None) -> None:
        try:
            self.given: tuple[int, ...] = tuple(int(size) for size in values.shape or ())
            kind = np.dtype(values.dtype)
            chunks = getattr(values, "chunks", None)
        except Exception as error:  # such as the ValueError of a closed file
            raise DataError(f"{name} must have a shape, a dtype and slices, but asking raised {error!r}: is its file open?") from error
        check_real(kind, name)
        check_rows(self.given, name, values)
        self.shape, self.values, self.name = self.given, values, name
        self.dtype = narrower(kind, dtype or kind.newbyteorder("="))
        self.chunk: int = chunks[0] if isinstance(chunks, tuple) and chunks and isinstance(chunks[0], int) else 1
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
            raise DataError(f"{place} must be readable, but it raised {error!r}: is the file open and whole?") from error
        if block.shape != (due := (stop - start, *self.given[1:])) or block.dtype.kind not in "biuf":
            raise DataError(f"{place} must be real numbers of shape {due}, got {block.dtype} of shape {block.shape}: has it changed?")
        return self.let_in(block, start)

    def let_in(self, block: Array, first: int) -> Array:
        """Return `block`, which begins with row `first`, checked and converted."""
        return converted(block, self.name, self.dtype, first)

    @property
    def load_bytes(self) -> int:
        """How many bytes `load` takes."""
        return len(self) * self.row_bytes + self._step() * self.passing_bytes

    def _step(self) -> int:
        step = max(1, _STEP // max(1, self.passing_bytes))
        return min(len(self), max(self.chunk, step - step % self.chunk))

    def load(self) -> Array:
        """Return all rows."""
        rows = np.empty(self.shape, self.dtype)
        for start, stop in spans(0, len(self), self._step()):
            rows[start:stop] = self.read(start, stop)
        return rows


class Targets(Source):
    """Targets that are read in blocks and let in by `convert`; all at first, so that a wrong label is found before training."""

    def __init__(self, values: Any, convert: Callable[[Array], Array], limit: int) -> None:
        super().__init__(values, "Y")
        self.convert = convert
        begin = min(len(self), _FIRST)
        first = self.read(0, begin)
        self.shape, self.dtype = (len(self), *first.shape[1:]), first.dtype
        self.row_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        self.passing_bytes = self.raw_bytes + 4 * self.row_bytes + 32  # a loss makes arrays too
        for start, stop in spans(begin, len(self), max(1, min(limit // 4, _STEP) // self.passing_bytes)):
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


def as_source(held: Any, name: str, dtype: np.dtype[Any] | None = None) -> Source:
    """Return `held` as a `Source`, itself if it is one."""
    return held if isinstance(held, Source) else Source(held, name, dtype)


def source_or_array(values: Any, name: str, dtype: np.dtype[Any] | None = None) -> Array | Source:
    """Return a `Source` of what stays outside, all else as an array; its numbers are not looked at yet."""
    outside = isinstance(values, Source) or stays_outside(values)
    return as_source(values, name, dtype) if outside else numeric_rows(values, name)


def in_memory(held: Sequence[Array | Source], limit: int) -> list[Array] | None:
    """Return all as arrays, or None if that takes more than `limit` bytes."""
    if sum(each.load_bytes for each in held if isinstance(each, Source)) > max(0, limit):
        return None
    return [each.load() if isinstance(each, Source) else each for each in held]


def same_length(x: Array | Source, y: Array | Source) -> None:
    """Raise `ShapeError` unless X and Y have as many rows."""
    if len(x) != len(y):
        raise ShapeError(f"X and Y must have the same number of rows, got {len(x)} and {len(y)}")


class Plan(NamedTuple):
    """How many rows a block has, and how many blocks a buffer."""

    block: int
    blocks: int


def plan(sources: Sequence[Source], batch: int, limit: int, beside: int = 0, *, shuffled: bool = True) -> Plan:
    """Return how to read `sources` of the same length with `limit` bytes for all: two buffers that hold `batch` rows, and `beside`."""
    m = len(sources[0])
    kept = 2 * sum(source.row_bytes for source in sources) + _ORDER
    passing = sum(source.passing_bytes for source in sources)
    each = kept + passing / _FEW
    smallest = beside + passing + math.ceil(min(batch, m) * each)
    if limit < smallest:
        need, cure = f"at least {smallest:,} bytes, for two times {min(batch, m)} rows", ", or take smaller batches" * (batch > 1)
        raise ArgumentError(f"memory_limit must be {need}, got {limit:,}: raise it{cure}")
    raw = max(1, sum(source.raw_bytes for source in sources))
    room = limit - beside - passing
    most = min(m, int(max(room / each, (room - passing * _LARGE / raw) / kept)))
    block = min(most // _FEW, max(most // _MANY if shuffled else most, _SMALL // raw), _LARGE // raw)
    block = 1 << (block or 1).bit_length() - 1  # a power of two
    chunk = min(m, max(source.chunk for source in sources))
    if chunk <= block:
        block -= block % chunk
    elif (larger := int((limit - beside - chunk * passing) / kept)) >= max(batch, 2 * chunk):
        block, most = chunk, larger
    blocks = math.ceil(m / block)
    count = math.ceil(blocks / (most // block)) if most < m else 1
    return Plan(block, math.ceil(blocks / count))  # buffers of about one size


class Buffers:
    """Read rows of sources of the same length, buffer by buffer."""

    def __init__(self, sources: Sequence[Source], plan: Plan) -> None:
        self.sources, self.plan = sources, plan
        self.rows = len(sources[0])
        self.blocks = math.ceil(self.rows / plan.block)
        self.size = min(self.rows, plan.block * plan.blocks)
        self._held = [[np.empty((self.size, *source.shape[1:]), source.dtype) for source in sources] for _ in range(2)]

    def runs(self, order: Array | None = None) -> list[Array]:
        """Return which blocks each buffer takes, in `order` or from first to last."""
        order = np.arange(self.blocks) if order is None else order
        return [order[start:stop] for start, stop in spans(0, len(order), self.plan.blocks)]

    def length(self, run: Array) -> int:
        """Return how many rows the blocks of `run` have together."""
        return sum(stop - start for start, stop in map(self._span, run))

    def _span(self, block: int) -> tuple[int, int]:
        start = int(block) * self.plan.block
        return start, min(self.rows, start + self.plan.block)

    def fill(self, runs: Sequence[Array]) -> Generator[list[Array]]:
        """Yield the rows of each run, an array per source, valid until the next, which a thread reads meanwhile."""
        if not runs:
            return
        from concurrent.futures import ThreadPoolExecutor

        left = Event()

        def read(number: int) -> list[Array]:
            length, arrays = 0, self._held[number % 2]
            for start, stop in map(self._span, runs[number]):
                if left.is_set():
                    break
                for source, array in zip(self.sources, arrays, strict=True):
                    array[length : length + stop - start] = source.read(start, stop)
                length += stop - start
            return [array[:length] for array in arrays]

        with ThreadPoolExecutor(1, thread_name_prefix="minidl-reader") as reader:
            try:
                ahead = reader.submit(read, 0)
                for number in range(1, len(runs)):
                    rows = ahead.result()
                    ahead = reader.submit(read, number)
                    yield rows
                yield ahead.result()
            finally:
                left.set()  # whoever leaves early waits for one block, not for a buffer
