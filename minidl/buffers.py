"""Two buffers of rows: a thread fills the one from its sources while the other is in use."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from threading import Event
from typing import NamedTuple

import numpy as np

from .arrays import Array
from .errors import ArgumentError
from .sources import Source

# Bytes read at once: at most as many as are read as fast as one long reading, also from a disk, and not so few that asking takes longer.
_LARGE, _SMALL = 2**20, 2**17
_MANY, _FEW = 32, 8  # blocks that make a buffer, the more the better the shuffle: at least many, or few where many would be small
_ORDER = 16  # bytes per row that the order of a buffer takes while it is drawn


class Plan(NamedTuple):
    """How many rows a block has, which are read at once, and how many blocks a buffer."""

    block: int
    blocks: int


def plan(sources: Sequence[Source], batch: int, limit: int, beside: int = 0, *, shuffled: bool = True) -> Plan:
    """Return how to read rows of `sources` within `limit` bytes.

    Parameters
    ----------
    sources : sequence of Source
        All of the same length.
    batch : int
        The fewest rows that both buffers must be able to hold.
    limit : int
        The most bytes for both buffers, their order, the block that is being read, and `beside`.
    beside : int, default 0
        Bytes that are needed for something else.
    shuffled : bool, default True
        Whether the blocks are to be mixed: if not, fewer and larger ones do.

    Raises
    ------
    ArgumentError
        If that is not possible; the message names the smallest limit that is.
    """
    m = len(sources[0])
    kept = 2 * sum(source.row_bytes for source in sources) + _ORDER
    passing = sum(source.passing_bytes for source in sources)
    smallest = beside + passing + math.ceil(min(batch, m) * (kept + passing / _FEW))
    if limit < smallest:
        raise ArgumentError(
            f"memory_limit must be at least {smallest:,} bytes, for two times {min(batch, m)} rows and what reading takes, "
            f"got {limit:,}: raise it{', or take smaller batches' if batch > 1 else ''}"
        )
    raw = max(1, sum(source.raw_bytes for source in sources))
    room = limit - beside - passing
    most = min(m, int(max(room / (kept + passing / _FEW), (room - passing * _LARGE / raw) / kept)))
    block = min(most // _FEW, max(most // _MANY if shuffled else most, _SMALL // raw), _LARGE // raw)
    block = 1 << (block or 1).bit_length() - 1  # a power of two
    chunk = min(m, max(source.chunk for source in sources))
    if chunk <= block:
        block -= block % chunk
    elif (larger := int((limit - beside - chunk * passing) / kept)) >= max(batch, 2 * chunk):
        block, most = chunk, larger
    blocks = math.ceil(m / block)
    count = math.ceil(blocks / (most // block)) if most < m else 1
    return Plan(block, math.ceil(blocks / count))  # no more buffers than are needed, all of about one size


class Buffers:
    """Read rows of sources buffer by buffer, one ahead.

    Parameters
    ----------
    sources : sequence of Source
        All of the same length. One thread asks them, and none after an iteration has ended.
    plan : Plan
    """

    def __init__(self, sources: Sequence[Source], plan: Plan) -> None:
        self.sources, self.plan = tuple(sources), plan
        self.rows = len(self.sources[0])
        self.blocks = math.ceil(self.rows / plan.block)
        self.size = min(self.rows, plan.block * plan.blocks)
        self._held: list[list[Array]] = []

    def runs(self, order: Array | None = None) -> list[Array]:
        """Return which blocks each buffer takes: in the `order` given, else from first to last."""
        order = np.arange(self.blocks) if order is None else order
        return [order[i : i + self.plan.blocks] for i in range(0, len(order), self.plan.blocks)]

    def length(self, run: Array) -> int:
        """Return how many rows the blocks of `run` have together."""
        return sum(stop - start for start, stop in map(self._span, run))

    def _span(self, block: int) -> tuple[int, int]:
        start = int(block) * self.plan.block
        return start, min(self.rows, start + self.plan.block)

    def fill(self, runs: Sequence[Array]) -> Generator[list[Array]]:
        """Yield the rows of each run of blocks, one array per source; they are written over once the next are asked for.

        Raises
        ------
        DataError, NonFiniteError
            Where a source cannot be read, when its rows are due.
        """
        self._held = self._held or [[np.empty((self.size, *source.shape[1:]), source.dtype) for source in self.sources] for _ in range(2)]
        if not runs:
            return
        left = Event()
        from concurrent.futures import ThreadPoolExecutor  # here, so that `import minidl` need not wait for it

        with ThreadPoolExecutor(1, thread_name_prefix="minidl-reader") as reader:
            try:
                ahead = reader.submit(self._read, runs[0], self._held[0], left)
                for number in range(len(runs)):
                    length = ahead.result()
                    full, free = self._held[number % 2], self._held[1 - number % 2]
                    if number + 1 < len(runs):
                        ahead = reader.submit(self._read, runs[number + 1], free, left)
                    yield [array[:length] for array in full]
            finally:
                left.set()  # whoever leaves early waits for one block, not for a buffer

    def _read(self, run: Array, into: Sequence[Array], left: Event) -> int:
        """Fill the first rows of a buffer; return how many."""
        length = 0
        for start, stop in map(self._span, run):
            if left.is_set():
                break
            for source, array in zip(self.sources, into, strict=True):
                array[length : length + stop - start] = source.read(start, stop)
            length += stop - start
        return length
