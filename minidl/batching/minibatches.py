"""Shuffled mini-batches for training."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError
from ..utils.random import as_rng, draw_seed_words, get_raw_rng_state, set_rng_state, to_builtin
from ..utils.typing import Array, Seed
from ..utils.validation import is_integer
from .block_reader import BlockReader
from .out_of_core import (
    ArraySource,
    as_array_or_source,
    as_array_source,
    check_same_length,
    chunk_ranges,
    load_if_fits,
)
from .read_plan import MEMORY_LIMIT, ReadPlan, check_memory_limit, plan_reads

ShuffleFunction = Callable[[int], npt.ArrayLike]


Batch = tuple[Array, Array]


GATHER_BYTES = 2**18  # bytes that are gathered at once: many small batches, still in the cache


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
        shuffle: bool | ShuffleFunction = True,
        seed: Seed = 0,
        dtype: np.dtype[Any] | None = None,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        check_batch_size(batch_size)
        check_memory_limit(memory_limit)
        if not (isinstance(shuffle, bool) or callable(shuffle)):
            raise ArgumentError(
                f"shuffle must be True, False or a function from the epoch's number to an order, got {shuffle!r}"
            )
        x, y = as_array_or_source(X, "X", dtype and np.dtype(dtype)), as_array_or_source(Y, "Y")
        check_same_length(x, y)
        self.rows = len(x)
        self.size = self.rows if batch_size is None else min(int(batch_size), self.rows)
        self.shuffle = shuffle
        self.epoch = 0
        self.plan: ReadPlan | None = None
        self._rng = as_rng(seed)
        self._dealt = 0  # batches of the epoch under way
        self._before: dict[str, Any] | None = None  # where the stream stood when it began
        self._resumes = False
        self._alone = self.size == self.rows and not callable(
            shuffle
        )  # one batch, in which the order does not matter
        self._dtype = np.dtype(dtype or x.dtype)
        self._prepare(x, y, batch_size, memory_limit)

    def _prepare(
        self, x: Array | ArraySource, y: Array | ArraySource, batch_size: int | None, limit: int
    ) -> None:
        converts = x.dtype != self._dtype
        width = x.dtype.itemsize + converts * self._dtype.itemsize
        row = math.prod(x.shape[1:]) * width + math.prod(y.shape[1:]) * y.dtype.itemsize
        portion = min(
            self.rows, self.size * max(1, min(GATHER_BYTES, limit // 16) // max(1, self.size * row))
        )
        self._from: Batch | BlockReader
        if (arrays := load_if_fits((x, y), limit - portion * row)) is not None:
            x, y = arrays
            if self._alone:
                x, portion = np.asarray(x, self._dtype), 0
            self._from = x, y
        elif batch_size is None or callable(self.shuffle):
            rule = (
                "batch_size must be a number, got None"
                if batch_size is None
                else f"shuffle must be True or False, got {self.shuffle!r}"
            )
            raise ArgumentError(
                f"{rule}, where X and Y do not fit into memory_limit={limit:,} bytes: raise it?"
            )
        else:
            sources = [as_array_source(x, "X"), as_array_source(y, "Y")]
            self.plan = plan_reads(
                sources, self.size, limit, portion * row, shuffled=bool(self.shuffle)
            )
            self._from = BlockReader(sources, self.plan)
        self._x = np.empty((portion, *x.shape[1:]), self._dtype)
        self._y = np.empty((portion, *y.shape[1:]), y.dtype)
        self._raw = np.empty(self._x.shape, x.dtype) if converts else self._x
        self._batches = list(self._cut(self._x, self._y, 0, portion))

    def _cut(self, x: Array, y: Array, start: int, stop: int) -> Iterator[Batch]:
        return ((x[i:j], y[i:j]) for i, j in chunk_ranges(start, stop, self.size))

    def __len__(self) -> int:
        return math.ceil(self.rows / self.size)

    def __iter__(self) -> Generator[Batch]:
        if not self._resumes:
            self.epoch += 1
            self._dealt = 0
            self._before = get_raw_rng_state(self._rng)
        self._resumes = False
        with closing(self._portions(self._dealt * self.size)) as portions:
            for batches in portions:
                for batch in batches:
                    self._dealt += 1
                    yield batch
        self._before = None

    def _portions(self, skip: int) -> Generator[Iterable[Batch]]:
        """Yield batches, some at a time, from row `skip` of the epoch on."""
        if isinstance(self._from, BlockReader):
            with closing(self._read(self._from, skip)) as parts:
                yield from self._gather(parts)
        elif (order := self._order()) is not None:
            yield from self._gather([(*self._from, order[skip:])])
        else:  # nothing is copied
            yield [self._from][skip:] if self._alone else self._cut(*self._from, skip, self.rows)

    def _read(self, buffers: BlockReader, skip: int) -> Generator[tuple[Array, Array, Array]]:
        entropy = draw_seed_words(self._rng) if self.shuffle else []

        def order_of(count: int, number: int) -> Array:
            # A stream per buffer: to go on within an epoch, those before need not be drawn.
            return (
                np.random.default_rng([*entropy, number]).permutation(count)
                if entropy
                else np.arange(count)
            )

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
            if (
                order.shape != (m,)
                or order.dtype.kind not in "iu"
                or not np.array_equal(np.sort(order), np.arange(m))
            ):
                raise ArgumentError(
                    f"shuffle({self.epoch}) must return a permutation of range({m}): every row once, got {order!r}"
                )
            return order.astype(np.intp)
        if self.shuffle and not self._alone:
            return self._rng.permutation(m)
        return None if self._alone or self._raw is self._x else np.arange(m)

    def state(self) -> dict[str, Any]:
        """Return where the dealing stands, as plain values: complete epochs, batches of the next, the stream before it."""
        epoch, batch, before = self.epoch, 0, self._before
        if before is None:
            before = get_raw_rng_state(self._rng)
        else:
            epoch, batch = epoch - 1, self._dealt
        return {
            "epoch": epoch,
            "batch": batch,
            "random": to_builtin(before),
            "dealing": self._dealing(),
        }

    def _dealing(self) -> dict[str, Any]:
        block, blocks = self.plan or (None, None)
        how = "callable" if callable(self.shuffle) else self.shuffle
        return {
            "rows": self.rows,
            "batch_size": self.size,
            "shuffle": how,
            "block": block,
            "blocks": blocks,
        }

    def check(self, state: Mapping[str, Any]) -> None:
        """Raise `ArgumentError` unless `restore` can go on from `state`; nothing is changed."""
        held = state if isinstance(state, Mapping) else {}
        epoch, dealt = held.get("epoch"), held.get("batch")
        if not (is_integer(epoch, 0) and is_integer(dealt, 0) and dealt <= len(self)):
            rule = f"must be what MiniBatches.state() returned, with an epoch >= 0 and a batch from 0 to {len(self)}"
            raise ArgumentError(f"state {rule}, got {state!r:.100}")
        if (dealing := held.get("dealing")) != (due := self._dealing()):
            raise ArgumentError(
                f"state must be of batches dealt as these, {due}, got {dealing}: use the same data and settings"
            )
        set_rng_state(copy.deepcopy(self._rng), held.get("random", {}))

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where `state()` was taken, or raise as `check` does."""
        self.check(state)
        set_rng_state(self._rng, state["random"])
        self._dealt = state["batch"]
        self._resumes = self._dealt > 0
        self.epoch = state["epoch"] + self._resumes
        self._before = dict(state["random"]) if self._resumes else None


def check_batch_size(batch_size: int | None) -> None:
    """Raise `ArgumentError` unless `batch_size` is None or a whole number >= 1."""
    if not (batch_size is None or is_integer(batch_size)):
        raise ArgumentError(
            f"batch_size must be a whole number >= 1, or None for the whole set, got {batch_size!r}"
        )
