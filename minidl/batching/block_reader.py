"""Reads out-of-core arrays block by block, one buffer ahead."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from threading import Event

import numpy as np

from ..utils.typing import Array
from .out_of_core import ArraySource, chunk_ranges
from .read_plan import ReadPlan


class BlockReader:
    """Read the rows of sources of the same length, buffer by buffer.

    Parameters
    ----------
    sources : sequence of ArraySource
        The arrays that are read side by side.
    plan : ReadPlan
        The sizes of blocks and buffers.
    n_processes : int, default 1
        How many processes read a part of the blocks of each buffer.
    """

    def __init__(
        self, sources: Sequence[ArraySource], plan: ReadPlan, n_processes: int = 1
    ) -> None:
        self.sources = sources
        self.plan = plan
        self.n_rows = len(sources[0])
        self.n_blocks = math.ceil(self.n_rows / plan.rows_per_block)
        blocks_in_memory = math.ceil(plan.blocks_per_buffer / n_processes)
        self.rows_per_buffer = min(self.n_rows, plan.rows_per_block * blocks_in_memory)
        # Two buffers: one is read while the other is in use.
        self._buffers = [
            [
                np.empty((self.rows_per_buffer, *source.shape[1:]), source.dtype)
                for source in sources
            ]
            for _ in range(2)
        ]

    def block_groups(self, block_order: Array | None = None) -> list[Array]:
        """Return the numbers of the blocks of each buffer, by default from first to last."""
        order = np.arange(self.n_blocks) if block_order is None else block_order
        per_buffer = self.plan.blocks_per_buffer
        return [order[start:stop] for start, stop in chunk_ranges(0, len(order), per_buffer)]

    def n_rows_in(self, block_group: Array) -> int:
        """Return the number of rows in a group of blocks."""
        return sum(stop - start for start, stop in map(self._row_range, block_group))

    def _row_range(self, block: int) -> tuple[int, int]:
        start = int(block) * self.plan.rows_per_block
        return start, min(self.n_rows, start + self.plan.rows_per_block)

    def read_ahead(self, block_groups: Sequence[Array]) -> Generator[list[Array]]:
        """Yield the rows of each group, an array per source, while a thread reads the next group.

        The arrays are valid until the next iteration.
        """
        if not block_groups:
            return
        from concurrent.futures import ThreadPoolExecutor

        cancelled = Event()

        def read_group(number: int) -> list[Array]:
            arrays = self._buffers[number % 2]
            n_read = 0
            for start, stop in map(self._row_range, block_groups[number]):
                if cancelled.is_set():
                    break
                for source, array in zip(self.sources, arrays, strict=True):
                    array[n_read : n_read + stop - start] = source.read(start, stop)
                n_read += stop - start
            return [array[:n_read] for array in arrays]

        with ThreadPoolExecutor(1, thread_name_prefix="minidl-reader") as executor:
            try:
                future = executor.submit(read_group, 0)
                for number in range(1, len(block_groups)):
                    arrays = future.result()
                    future = executor.submit(read_group, number)
                    yield arrays
                yield future.result()
            finally:
                cancelled.set()  # a caller that leaves early waits for one block, not for a buffer
