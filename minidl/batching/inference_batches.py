"""All rows in order, for prediction and evaluation."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import closing
from typing import Any

import numpy as np

from ..utils.sparse_rows import SparseRows
from ..utils.typing import Array
from ..utils.validation import check_finite
from ..utils.workspace import get_workspace
from .arguments import MEMORY_LIMIT
from .batch import Batch
from .block_reader import BlockReader
from .out_of_core import ArraySource, WeightSource, as_array_source
from .read_plan import ReadPlan, plan_reads

MIN_ROWS = 32
"""Rows per batch at least, unless rows are read from a file: smaller products are slow."""

MAX_ROWS = 1024
"""Rows per batch at most: the outputs of the layers stay in the cache."""

MAX_BYTES = 2**25
"""Bytes per batch at most, and of the rows that are read ahead for it."""


class InferenceBatches:
    """Iterate over all rows in order, in batches of a size that is good for inference.

    Yields (slice of the rows, batch). The arrays are reused for later batches.

    Parameters
    ----------
    data : Batch
        All examples and, optionally, targets and weights: arrays or `ArraySource` objects. y may be
        None.
    dtype : numpy.dtype
        The dtype to which the rows of x are converted.
    check_finite : bool, default False
        Whether to raise `NonFiniteError` if x is not finite.
    memory_limit : int, default 256 * 2**20
        Bytes that reading rows and passing them through a model may take.
    pass_limit : int, optional
        Bytes that passing them through a model may take; by default `memory_limit`, or half of it
        where rows are read ahead.
    pass_bytes_per_row : int, default 0
        Bytes that a model takes to pass a row through its layers.
    """

    def __init__(
        self,
        data: Batch,
        *,
        dtype: np.dtype[Any],
        check_finite: bool = False,
        memory_limit: int = MEMORY_LIMIT,
        pass_limit: int | None = None,
        pass_bytes_per_row: int = 0,
    ) -> None:
        self.n_examples = len(data.x)
        self._dtype = dtype
        self._check_finite = check_finite
        self._workspace: dict[str, Array] = {}
        bytes_per_row = math.prod(data.x.shape[1:]) * dtype.itemsize
        if isinstance(data.x, SparseRows):
            bytes_per_row = max(1, data.x.nbytes // len(data.x))
        reads_rows = isinstance(data.x, ArraySource) or isinstance(data.y, ArraySource)
        max_rows = min(MAX_BYTES, memory_limit // 4) // bytes_per_row or 1
        power_of_two = 1 << max_rows.bit_length() - 1
        batch_size = max(1 if reads_rows else MIN_ROWS, min(MAX_ROWS, power_of_two))
        if data.x.dtype != dtype:
            pass_bytes_per_row += bytes_per_row  # the converted rows
        if pass_limit is None:
            pass_limit = memory_limit // 2 if reads_rows else memory_limit
        while batch_size > 1 and batch_size * pass_bytes_per_row > pass_limit:
            batch_size //= 2
        self._batch_size = batch_size
        self._data: Batch | BlockReader = data
        if reads_rows:
            self._data = self._reader(data, bytes_per_row, memory_limit)

    def _reader(self, data: Batch, bytes_per_row: int, memory_limit: int) -> BlockReader:
        x = as_array_source(data.x, "X", self._dtype)
        sources = [x]
        if data.y is not None:
            sources.append(as_array_source(data.y, "Y"))
        if data.sample_weight is not None:
            sources.append(WeightSource(data.sample_weight, sources[-1]))
        bytes_read_per_row = sum(
            2 * source.bytes_per_row + source.transient_bytes_per_row for source in sources
        )
        largest_chunk = max(source.rows_per_chunk for source in sources)
        useful_bytes = max(MAX_BYTES, 2 * bytes_read_per_row * largest_chunk)
        reserved_bytes = self._batch_size * bytes_per_row if x.dtype != self._dtype else 0
        rows_per_block, n_blocks = plan_reads(
            sources, 1, min(memory_limit, useful_bytes), reserved_bytes, shuffled=False
        )
        has_several_batches = rows_per_block * n_blocks > self._batch_size
        if has_several_batches and self._batch_size % rows_per_block == 0:
            # Whole batches, as over an array, so that all results round alike.
            n_blocks -= n_blocks % (self._batch_size // rows_per_block)
        return BlockReader(sources, ReadPlan(rows_per_block, n_blocks))

    def __iter__(self) -> Generator[tuple[slice, Batch]]:
        if isinstance(self._data, Batch):
            yield from self._slice(0, *self._data)
            return
        row_offset = 0
        reader = self._data
        with closing(reader.read_ahead(reader.block_groups())) as buffers:
            for arrays in buffers:
                yield from self._slice(row_offset, *arrays)
                row_offset += len(arrays[0])

    def _slice(
        self,
        row_offset: int,
        x: Array | SparseRows,
        y: Array | None = None,
        weight: Array | None = None,
    ) -> Generator[tuple[slice, Batch]]:
        """Yield the batches of arrays whose first row is row `row_offset`."""
        for start in range(0, len(x), self._batch_size):
            stop = min(len(x), start + self._batch_size)
            batch_x = x[start:stop]
            if isinstance(batch_x, np.ndarray):  # SparseRows were validated and converted before
                batch_x = self._converted(batch_x, row_offset + start)
            rows = slice(row_offset + start, row_offset + stop)
            targets = None if y is None else y[start:stop]
            yield rows, Batch(batch_x, targets, None if weight is None else weight[start:stop])

    def _converted(self, original: Array, row_offset: int) -> Array:
        """Return rows in the dtype of the model, once they are finite if that is asked for."""
        converted = original
        if original.dtype != self._dtype or not original.flags.c_contiguous:
            converted = get_workspace(self._workspace, "x", original.shape, self._dtype)
            with np.errstate(over="ignore"):  # check_finite reports it
                np.copyto(converted, original)
        if self._check_finite and original.dtype.kind == "f":
            check_finite(converted, "X", original, row_offset)
        return converted
