"""The rows of a training set in the order of an epoch, from memory or from a file."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError
from ..utils.random import RandomGenerator
from ..utils.sparse_rows import SparseRows
from ..utils.typing import Array
from .batch import Batch
from .block_reader import BlockReader
from .gathering import GATHER_BYTES, RowGatherer, pick_batches, slice_batches
from .lazy_targets import LazyTargets
from .out_of_core import Rows, WeightSource, as_array_source
from .own_lanes import OwnLanes
from .read_plan import ReadPlan, load_if_fits, plan_reads
from .streamed_rows import StreamedRows

WITH_REPLACEMENT: Literal["with_replacement"] = "with_replacement"
ShuffleFunction: TypeAlias = Callable[[int], npt.ArrayLike]
Shuffle: TypeAlias = bool | Literal["with_replacement"] | ShuffleFunction
"""Whether the rows are in a new random order in each epoch, or drawn, or in what order."""


class ShuffledRows:
    """The rows of each epoch in their order, cut into batches.

    Parameters
    ----------
    data : Batch
        All examples, targets and weights: arrays, or `ArraySource` objects; of `SparseRows` in
        `dtype` each batch is made anew.
    batch_size : int or None
        Rows per batch; None: the whole set.
    shuffle : bool, "with_replacement" or callable
        Whether each epoch has a new random order, or new random rows, of which some appear several
        times and others not at all, or a function from its number to an order.
    rng : numpy.random.Generator or numpy.random.RandomState
        Draws the random order.
    dtype : numpy.dtype
        The dtype to which the rows of x are converted.
    memory_limit : int
        Bytes of rows that may be in memory.
    lanes : OwnLanes, optional
        The part of each batch that is cut out, where several processes share it.
    """

    def __init__(
        self,
        data: Batch,
        batch_size: int | None,
        shuffle: Shuffle,
        rng: RandomGenerator,
        dtype: np.dtype[Any],
        memory_limit: int,
        lanes: OwnLanes | None = None,
    ) -> None:
        m = self.n_examples = len(data.x)
        self.batch_size = m if batch_size is None else min(int(batch_size), m)
        self.shuffle = shuffle
        self._lanes = lanes
        cut_size = self.batch_size if lanes is None else lanes.count(self.batch_size)
        self._orders: dict[int, Array] = {}  # that of the last epoch, if a function gives it
        self.plan: ReadPlan | None = None
        self._rng = rng
        # In a single batch the order of rows does not matter, if each is there once.
        self._is_single_batch = self.batch_size == m and isinstance(shuffle, bool)
        self._converts = data.x.dtype != dtype
        bytes_per_row = sum(_bytes_per_row(values) for values in data if values is not None)
        if self._converts:
            bytes_per_row += math.prod(data.x.shape[1:]) * dtype.itemsize
        gather_bytes = min(GATHER_BYTES, memory_limit // 16)
        n_batches = max(1, gather_bytes // max(1, self.batch_size * bytes_per_row))
        # What is read depends on it, and must not depend on the lanes.
        capacity = min(m, self.batch_size * n_batches)
        arrays = load_if_fits(data[:2], memory_limit - capacity * bytes_per_row)
        self._data: Batch | StreamedRows
        if arrays is None:
            self._check_can_stream(batch_size, memory_limit)
            rows_per_group = self.batch_size * n_batches
            self._data = self._stream(data, memory_limit, capacity * bytes_per_row, rows_per_group)
        else:
            x, y = arrays
            if self._is_single_batch:
                x = x if isinstance(x, SparseRows) else np.asarray(x, dtype)
                y = y[:] if isinstance(y, LazyTargets) else y  # not once per epoch
            if self._is_single_batch or isinstance(x, SparseRows):
                capacity = 0  # nothing is gathered
            data = self._data = Batch(x, y, data.sample_weight)
        if lanes is not None:
            capacity = min(capacity, cut_size * n_batches)
        self._cut_size = cut_size
        self._gatherer = RowGatherer(data, capacity, cut_size, dtype)

    @property
    def data(self) -> Batch:
        """All examples, targets and weights."""
        return self._data if isinstance(self._data, Batch) else Batch(*self._data.sources)

    def _check_can_stream(self, batch_size: int | None, memory_limit: int) -> None:
        if batch_size is None:
            rule = "batch_size must be a number, got None"
        elif not isinstance(self.shuffle, bool):  # rows from anywhere in the file
            rule = f"shuffle must be True or False, got {self.shuffle!r}"
        else:
            return
        limit = f"memory_limit={memory_limit:,} bytes"
        raise ArgumentError(f"{rule}, where X and Y do not fit into {limit}: raise it?")

    def _stream(
        self, data: Batch, memory_limit: int, reserved_bytes: int, rows_per_group: int
    ) -> StreamedRows:
        sources = [as_array_source(data.x, "X"), as_array_source(data.y, "Y")]
        if data.sample_weight is not None:
            sources.append(WeightSource(data.sample_weight, sources[-1]))
        shuffled = bool(self.shuffle)
        self.plan = plan_reads(
            sources, self.batch_size, memory_limit, reserved_bytes, shuffled=shuffled
        )
        exchange = None if self._lanes is None else self._lanes.exchange
        return StreamedRows(
            BlockReader(sources, self.plan, 1 if exchange is None else exchange.size),
            self._rng,
            shuffled=shuffled,
            batch_size=self.batch_size,
            rows_per_group=rows_per_group,
            lanes=self._lanes,
        )

    def batch_groups(self, epoch: int, first_row: int) -> Generator[Iterable[Batch]]:
        """Yield the batches of an epoch, some at a time, from row `first_row` of its order on."""
        yield from self._cut_groups(epoch, first_row)
        n_left = self.n_examples % self.batch_size
        is_there = first_row < self.n_examples and n_left > 0
        if self._lanes and is_there and not self._lanes.count(n_left):
            yield [self._gatherer.empty_batch()]  # the others have rows of the last batch

    def _cut_groups(self, epoch: int, first_row: int) -> Generator[Iterable[Batch]]:
        """Yield the batches of an epoch, cut to the lanes, but those of which nothing is left."""
        if isinstance(self._data, StreamedRows):
            with closing(self._data.parts(first_row)) as parts:
                yield from self._gatherer.batches(parts)
            return
        order = self._row_order(epoch)
        if order is not None:
            order = self._own(order[first_row:], first_row)
        if order is not None and isinstance(self._data.x, SparseRows):
            yield pick_batches(self._data, self._cut_size, order)
        elif order is not None:
            arrays = [values for values in self._data if values is not None]
            yield from self._gatherer.batches([(arrays, order)])
        elif self._is_single_batch and self._lanes is None:  # not copied
            yield [self._data][first_row:]
        else:
            batches = slice_batches(self._data, self.batch_size, first_row, self.n_examples)
            yield batches if self._lanes is None else self._lanes.cut(batches)

    def _own(self, order: Array, first_row: int) -> Array:
        if self._lanes is None:
            return order
        return self._lanes.own(order, first_row, self.batch_size, self.n_examples)[0]

    def order_digest(self, epoch: int) -> str | None:
        """Return the SHA-256 of the order that a function gives an epoch, None without one."""
        if not callable(self.shuffle):
            return None
        order = self._order_by_function(self.shuffle, epoch)
        return hashlib.sha256(order.astype("<i8").data).hexdigest()

    def _order_by_function(self, shuffle: ShuffleFunction, epoch: int) -> Array:
        """Return the order of an epoch; the function is not called twice for the last one."""
        if epoch not in self._orders:
            m = self.n_examples
            order = np.asarray(shuffle(epoch))
            is_permutation = order.shape == (m,) and order.dtype.kind in "iu"
            if not (is_permutation and np.array_equal(np.sort(order), np.arange(m))):
                rule = f"shuffle({epoch}) must return a permutation of range({m})"
                raise ArgumentError(f"{rule}: every row once, got {order!r}")
            self._orders = {epoch: order.astype(np.intp)}
        return self._orders[epoch]

    def _row_order(self, epoch: int) -> Array | None:
        """Return the order of the rows in an epoch, None if they need not be gathered."""
        m = self.n_examples
        if callable(self.shuffle):
            return self._order_by_function(self.shuffle, epoch)
        if self._is_single_batch:
            return None
        if self.shuffle == WITH_REPLACEMENT:
            return self._rng.choice(m, m)
        if self.shuffle:
            return self._rng.permutation(m)
        return np.arange(m) if self._converts else None


def _bytes_per_row(values: Rows) -> int:
    if isinstance(values, SparseRows):
        return values.nbytes // len(values)
    return math.prod(values.shape[1:]) * values.dtype.itemsize
