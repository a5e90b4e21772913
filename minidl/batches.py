"""Batches: rows, some at a time, dealt anew in each epoch or in order."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

import numpy as np
import numpy.typing as npt

from .arrays import Array, Seed, check_finite, is_whole, scratch
from .errors import ArgumentError
from .randomness import plain, raw_state, set_state, stream, words
from .sources import (
    MEMORY_LIMIT,
    Buffers,
    Plan,
    Source,
    as_source,
    check_memory_limit,
    in_memory,
    plan,
    same_length,
    source_or_array,
    spans,
)

Order = Callable[[int], npt.ArrayLike]
Batch = tuple[Array, Array]

_PORTION = 2**18  # bytes that are gathered at once: many small batches, still in the cache
_FEWEST, _MOST = 32, 1024  # rows of a pass: fast products that stay in the cache
_BYTES = 2**25  # of a pass, and of the rows that are read ahead for it


class MiniBatches:
    """Deal the rows of `X` and `Y` in batches; each iteration is one epoch, in which every row comes once.

    The arrays are written over by those of later batches, and there is one iteration at a time.

    Parameters
    ----------
    X, Y : array_like (m, ...) and (m, k), or what has shape, dtype and slices of rows, such as an HDF5 data set
    batch_size : int or None
        The last batch may be smaller. None: the whole set, as it is.
    shuffle : bool or callable
        Whether each epoch has a new random order. A callable takes its number, from 1, and returns a permutation of range(m).
    seed : int, numpy.random.Generator or RandomState
    dtype : numpy.dtype, default that of X
        To which each batch of X is converted.
    memory_limit : int, default 256 * 2**20
        How many bytes of rows may be in memory. Rows of a file that do not fit are dealt in random order from buffers of `plan.blocks`
        blocks of `plan.block` rows each.

    Raises
    ------
    ArgumentError, ShapeError, DataError, NonFiniteError
        The latter two from an iteration, before it deals from a buffer that cannot be read, or is not finite.
    """

    def __init__(
        self,
        X: Any,
        Y: Any,
        *,
        batch_size: int | None = 64,
        shuffle: bool | Order = True,
        seed: Seed = 0,
        dtype: np.dtype[Any] | None = None,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        check_batch_size(batch_size)
        check_memory_limit(memory_limit)
        if not (isinstance(shuffle, bool) or callable(shuffle)):
            raise ArgumentError(f"shuffle must be True, False or a function from the epoch's number to an order, got {shuffle!r}")
        x, y = source_or_array(X, "X", dtype and np.dtype(dtype)), source_or_array(Y, "Y")
        same_length(x, y)
        self.rows = len(x)
        self.size = self.rows if batch_size is None else min(int(batch_size), self.rows)
        self.shuffle = shuffle
        self.epoch = 0
        self.plan: Plan | None = None
        self._rng = stream(seed)
        self._dealt = 0  # batches of the epoch under way
        self._before: dict[str, Any] | None = None  # where the stream stood when it began
        self._resumes = False
        self._alone = self.size == self.rows and not callable(shuffle)  # one batch, in which the order does not matter
        self._dtype = np.dtype(dtype or x.dtype)
        self._prepare(x, y, batch_size, memory_limit)

    def _prepare(self, x: Array | Source, y: Array | Source, batch_size: int | None, limit: int) -> None:
        converts = x.dtype != self._dtype
        width = x.dtype.itemsize + converts * self._dtype.itemsize
        row = math.prod(x.shape[1:]) * width + math.prod(y.shape[1:]) * y.dtype.itemsize
        portion = min(self.rows, self.size * max(1, min(_PORTION, limit // 16) // max(1, self.size * row)))
        self._from: Batch | Buffers
        if (arrays := in_memory((x, y), limit - portion * row)) is not None:
            x, y = arrays
            if self._alone:
                x, portion = np.asarray(x, self._dtype), 0
            self._from = x, y
        elif batch_size is None or callable(self.shuffle):
            rule = "batch_size must be a number, got None" if batch_size is None else f"shuffle must be True or False, got {self.shuffle!r}"
            raise ArgumentError(f"{rule}, where X and Y do not fit into memory_limit={limit:,} bytes: raise it?")
        else:
            sources = [as_source(x, "X"), as_source(y, "Y")]
            self.plan = plan(sources, self.size, limit, portion * row, shuffled=bool(self.shuffle))
            self._from = Buffers(sources, self.plan)
        self._x = np.empty((portion, *x.shape[1:]), self._dtype)
        self._y = np.empty((portion, *y.shape[1:]), y.dtype)
        self._raw = np.empty(self._x.shape, x.dtype) if converts else self._x
        self._batches = list(self._cut(self._x, self._y, 0, portion))

    def _cut(self, x: Array, y: Array, start: int, stop: int) -> Iterator[Batch]:
        return ((x[i:j], y[i:j]) for i, j in spans(start, stop, self.size))

    def __len__(self) -> int:
        return math.ceil(self.rows / self.size)

    def __iter__(self) -> Generator[Batch]:
        if not self._resumes:
            self.epoch += 1
            self._dealt = 0
            self._before = raw_state(self._rng)
        self._resumes = False
        with closing(self._portions(self._dealt * self.size)) as portions:
            for batches in portions:
                for batch in batches:
                    self._dealt += 1
                    yield batch
        self._before = None

    def _portions(self, skip: int) -> Generator[Iterable[Batch]]:
        """Yield batches, some at a time, from row `skip` of the epoch on."""
        if isinstance(self._from, Buffers):
            with closing(self._read(self._from, skip)) as parts:
                yield from self._gather(parts)
        elif (order := self._order()) is not None:
            yield from self._gather([(*self._from, order[skip:])])
        else:  # nothing is copied
            yield [self._from][skip:] if self._alone else self._cut(*self._from, skip, self.rows)

    def _read(self, buffers: Buffers, skip: int) -> Generator[tuple[Array, Array, Array]]:
        entropy = words(self._rng) if self.shuffle else []

        def order_of(count: int, number: int) -> Array:
            # A stream per buffer: to go on within an epoch, those before need not be drawn.
            return np.random.default_rng([*entropy, number]).permutation(count) if entropy else np.arange(count)

        runs, first = buffers.runs(order_of(buffers.blocks, 0)), 0
        while first < len(runs) and skip >= (length := buffers.length(runs[first])):
            skip -= length
            first += 1
        with closing(buffers.fill(runs[first:])) as filled:
            for number, (x, y) in enumerate(filled, first + 1):
                yield x, y, order_of(len(x), number)[skip:]
                skip = 0

    def _gather(self, parts: Iterable[tuple[Array, Array, Array]]) -> Iterator[Iterable[Batch]]:
        filled = 0
        for x, y, order in parts:
            while len(order):
                rows = order[: len(self._x) - filled]
                order = order[len(rows) :]
                into = slice(filled, filled + len(rows))
                # mode="clip" lets take write straight into the arrays.
                x.take(rows, axis=0, out=self._raw[into], mode="clip")
                y.take(rows, axis=0, out=self._y[into], mode="clip")
                filled = into.stop
                if filled == len(self._x):
                    yield self._converted(filled)
                    filled = 0
        if filled:
            yield self._converted(filled)

    def _converted(self, rows: int) -> Iterable[Batch]:
        if self._raw is not self._x:
            np.copyto(self._x[:rows], self._raw[:rows])
        return self._batches if rows == len(self._x) else self._cut(self._x, self._y, 0, rows)

    def _order(self) -> Array | None:
        m = self.rows
        if callable(self.shuffle):
            order = np.asarray(self.shuffle(self.epoch))
            if order.shape != (m,) or order.dtype.kind not in "iu" or not np.array_equal(np.sort(order), np.arange(m)):
                raise ArgumentError(f"shuffle({self.epoch}) must return a permutation of range({m}): every row once, got {order!r}")
            return order.astype(np.intp)
        if self.shuffle and not self._alone:
            return self._rng.permutation(m)
        return None if self._alone or self._raw is self._x else np.arange(m)

    def state(self) -> dict[str, Any]:
        """Return where the dealing stands, as plain values: complete epochs, batches of the next, the stream before it."""
        epoch, batch, before = self.epoch, 0, self._before
        if before is None:
            before = raw_state(self._rng)
        else:
            epoch, batch = epoch - 1, self._dealt
        return {"epoch": epoch, "batch": batch, "random": plain(before), "dealing": self._dealing()}

    def _dealing(self) -> dict[str, Any]:
        block, blocks = self.plan or (None, None)
        how = "callable" if callable(self.shuffle) else self.shuffle
        return {"rows": self.rows, "batch_size": self.size, "shuffle": how, "block": block, "blocks": blocks}

    def check(self, state: Mapping[str, Any]) -> None:
        """Raise `ArgumentError` unless `restore` can go on from `state`; nothing is changed."""
        held = state if isinstance(state, Mapping) else {}
        epoch, dealt = held.get("epoch"), held.get("batch")
        if not (is_whole(epoch, 0) and is_whole(dealt, 0) and dealt <= len(self)):
            rule = f"must be what MiniBatches.state() returned, with an epoch >= 0 and a batch from 0 to {len(self)}"
            raise ArgumentError(f"state {rule}, got {state!r:.100}")
        if (dealing := held.get("dealing")) != (due := self._dealing()):
            raise ArgumentError(f"state must be of batches dealt as these, {due}, got {dealing}: use the same data and settings")
        set_state(copy.deepcopy(self._rng), held.get("random", {}))

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where `state()` was taken, or raise as `check` does."""
        self.check(state)
        set_state(self._rng, state["random"])
        self._dealt = state["batch"]
        self._resumes = self._dealt > 0
        self.epoch = state["epoch"] + self._resumes
        self._before = dict(state["random"]) if self._resumes else None


def check_batch_size(batch_size: int | None) -> None:
    """Raise `ArgumentError` unless `batch_size` is None or a whole number >= 1."""
    if not (batch_size is None or is_whole(batch_size)):
        raise ArgumentError(f"batch_size must be a whole number >= 1, or None for the whole set, got {batch_size!r}")


class Passes:
    """All rows in order: an iteration yields which, these rows of X in `dtype`, and of the targets; `check` has an array be finite."""

    def __init__(
        self,
        x: Array | Source,
        t: Array | Source | None = None,
        *,
        dtype: np.dtype[Any],
        check: bool = False,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self.rows = len(x)
        self._dtype, self._check = dtype, check
        self._store: dict[str, Array] = {}
        row = math.prod(x.shape[1:]) * dtype.itemsize
        outside = isinstance(x, Source) or isinstance(t, Source)
        fit = min(_BYTES, memory_limit // 4) // row or 1
        self._step = max(1 if outside else _FEWEST, min(_MOST, 1 << fit.bit_length() - 1))  # a power of two
        self._held: tuple[Any, Any] | Buffers = self._ahead(x, t, row, memory_limit) if outside else (x, t)

    def _ahead(self, x: Array | Source, t: Array | Source | None, row: int, limit: int) -> Buffers:
        sources = [as_source(x, "X", self._dtype)] + ([] if t is None else [as_source(t, "Y")])
        each = sum(2 * source.row_bytes + source.passing_bytes for source in sources)
        reach = max(_BYTES, 2 * each * max(source.chunk for source in sources))
        beside = self._step * row if sources[0].dtype != self._dtype else 0
        block, blocks = plan(sources, 1, min(limit, reach), beside, shuffled=False)
        if block * blocks > self._step and self._step % block == 0:
            blocks -= blocks % (self._step // block)  # whole passes, as over an array: so all roundings are the same
        return Buffers(sources, Plan(block, blocks))

    def __iter__(self) -> Generator[tuple[slice, Array, Any]]:
        if not isinstance(self._held, Buffers):
            yield from self._cut(0, *self._held)
            return
        first = 0
        with closing(self._held.fill(self._held.runs())) as filled:
            for x, *t in filled:
                yield from self._cut(first, x, *t)
                first += len(x)

    def _cut(self, first: int, x: Array, t: Array | None = None) -> Generator[tuple[slice, Array, Any]]:
        """Cut arrays that begin with row `first` into passes."""
        for start, stop in spans(0, len(x), self._step):
            given = ready = x[start:stop]
            if given.dtype != self._dtype or not given.flags.c_contiguous:
                ready = scratch(self._store, "x", given.shape, self._dtype)
                with np.errstate(over="ignore"):  # the check reports it
                    np.copyto(ready, given)
            if self._check and given.dtype.kind == "f":
                check_finite(ready, "X", received=given, first=first + start)
            yield slice(first + start, first + stop), ready, None if t is None else t[start:stop]
