"""All rows in order, for prediction and evaluation."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import closing
from typing import Any

import numpy as np

from ..utils.typing import Array
from ..utils.validation import check_finite
from ..utils.workspace import get_workspace
from .block_reader import BlockReader
from .out_of_core import ArraySource, as_array_source, chunk_ranges
from .read_plan import MEMORY_LIMIT, ReadPlan, plan_reads

MIN_ROWS, MAX_ROWS = 32, 1024  # rows of a pass: fast products that stay in the cache


MAX_BYTES = 2**25  # of a pass, and of the rows that are read ahead for it


class InferenceBatches:
    """All rows in order: an iteration yields which, these rows of X in `dtype`, and of the targets; `check` has an array be finite."""

    def __init__(
        self,
        x: Array | ArraySource,
        t: Array | ArraySource | None = None,
        *,
        dtype: np.dtype[Any],
        check: bool = False,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self.rows = len(x)
        self._dtype, self._check = dtype, check
        self._store: dict[str, Array] = {}
        row = math.prod(x.shape[1:]) * dtype.itemsize
        outside = isinstance(x, ArraySource) or isinstance(t, ArraySource)
        fit = min(MAX_BYTES, memory_limit // 4) // row or 1
        self._step = max(
            1 if outside else MIN_ROWS, min(MAX_ROWS, 1 << fit.bit_length() - 1)
        )  # a power of two
        self._held: tuple[Any, Any] | BlockReader = (
            self._ahead(x, t, row, memory_limit) if outside else (x, t)
        )

    def _ahead(
        self, x: Array | ArraySource, t: Array | ArraySource | None, row: int, limit: int
    ) -> BlockReader:
        sources = [as_array_source(x, "X", self._dtype)] + (
            [] if t is None else [as_array_source(t, "Y")]
        )
        each = sum(2 * source.row_bytes + source.passing_bytes for source in sources)
        reach = max(MAX_BYTES, 2 * each * max(source.chunk for source in sources))
        beside = self._step * row if sources[0].dtype != self._dtype else 0
        block, blocks = plan_reads(sources, 1, min(limit, reach), beside, shuffled=False)
        if block * blocks > self._step and self._step % block == 0:
            blocks -= blocks % (
                self._step // block
            )  # whole passes, as over an array: so all roundings are the same
        return BlockReader(sources, ReadPlan(block, blocks))

    def __iter__(self) -> Generator[tuple[slice, Array, Any]]:
        if not isinstance(self._held, BlockReader):
            yield from self._cut(0, *self._held)
            return
        first = 0
        with closing(self._held.fill(self._held.runs())) as filled:
            for x, *t in filled:
                yield from self._cut(first, x, *t)
                first += len(x)

    def _cut(
        self, first: int, x: Array, t: Array | None = None
    ) -> Generator[tuple[slice, Array, Any]]:
        """Cut arrays that begin with row `first` into passes."""
        for start, stop in chunk_ranges(0, len(x), self._step):
            given = ready = x[start:stop]
            if given.dtype != self._dtype or not given.flags.c_contiguous:
                ready = get_workspace(self._store, "x", given.shape, self._dtype)
                with np.errstate(over="ignore"):  # the check reports it
                    np.copyto(ready, given)
            if self._check and given.dtype.kind == "f":
                check_finite(ready, "X", original=given, row_offset=first + start)
            yield slice(first + start, first + stop), ready, None if t is None else t[start:stop]
