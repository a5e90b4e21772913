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
    """Read rows of sources of the same length, buffer by buffer."""

    def __init__(self, sources: Sequence[ArraySource], plan: ReadPlan) -> None:
        self.sources, self.plan = sources, plan
        self.rows = len(sources[0])
        self.blocks = math.ceil(self.rows / plan.block)
        self.size = min(self.rows, plan.block * plan.blocks)
        self._held = [
            [np.empty((self.size, *source.shape[1:]), source.dtype) for source in sources]
            for _ in range(2)
        ]

    def runs(self, order: Array | None = None) -> list[Array]:
        """Return which blocks each buffer takes, in `order` or from first to last."""
        order = np.arange(self.blocks) if order is None else order
        return [order[start:stop] for start, stop in chunk_ranges(0, len(order), self.plan.blocks)]

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
