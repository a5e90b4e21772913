"""How arrays are read within a memory limit: at once, or in blocks and buffers of which size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import ArgumentError
from .out_of_core import ArraySource, Rows

MAX_BLOCK_BYTES = 2**20
"""A larger block is not read faster."""

MIN_BLOCK_BYTES = 2**17
"""Smaller blocks take longer to request than to read."""

TARGET_BLOCKS = 32
"""Blocks per buffer for a good shuffle."""

MIN_BLOCKS = 8
"""Blocks per buffer where `TARGET_BLOCKS` would be small ones."""

PERMUTATION_BYTES_PER_ROW = 16
"""Bytes per row that the random order of a buffer takes."""


def load_if_fits(arrays: Sequence[Rows], memory_limit: int) -> list[Any] | None:
    """Return all as arrays in memory, or None if loading takes more than `memory_limit` bytes."""
    sources = [array for array in arrays if isinstance(array, ArraySource)]
    if sum(source.total_load_bytes for source in sources) > max(0, memory_limit):
        return None
    return [array.load() if isinstance(array, ArraySource) else array for array in arrays]


class ReadPlan(NamedTuple):
    """The size of a block in rows, and of a buffer in blocks."""

    rows_per_block: int
    blocks_per_buffer: int


def plan_reads(
    sources: Sequence[ArraySource],
    batch_size: int,
    memory_limit: int,
    reserved_bytes: int = 0,
    *,
    shuffled: bool = True,
) -> ReadPlan:
    """Return how to read sources of the same length within a memory limit.

    Parameters
    ----------
    sources : sequence of ArraySource
        The arrays to read side by side.
    batch_size : int
        Rows that each of two buffers must hold at least.
    memory_limit : int
        Bytes for everything.
    reserved_bytes : int, default 0
        Bytes of it that something else takes.
    shuffled : bool, default True
        Whether blocks are read in random order: then a buffer has many of them.

    Returns
    -------
    ReadPlan
        Blocks of at least an HDF5 chunk where that is possible, and buffers of about one size.

    Raises
    ------
    ArgumentError
        If two buffers do not fit into the memory limit.
    """
    m = len(sources[0])
    resident = 2 * sum(source.bytes_per_row for source in sources) + PERMUTATION_BYTES_PER_ROW
    transient = sum(source.transient_bytes_per_row for source in sources)
    bytes_per_row = resident + transient / MIN_BLOCKS
    min_rows = min(batch_size, m)
    min_bytes = reserved_bytes + transient + math.ceil(min_rows * bytes_per_row)
    if memory_limit < min_bytes:
        rule = f"memory_limit must be at least {min_bytes:,} bytes, for two times {min_rows} rows"
        cure = "raise it, or take smaller batches" if batch_size > 1 else "raise it"
        raise ArgumentError(f"{rule}, got {memory_limit:,}: {cure}")
    source_bytes = max(1, sum(source.source_bytes_per_row for source in sources))
    available = memory_limit - reserved_bytes - transient
    largest_block_transient = transient * MAX_BLOCK_BYTES / source_bytes
    rows_if_blocks_are_largest = (available - largest_block_transient) / resident
    max_rows = min(m, int(max(available / bytes_per_row, rows_if_blocks_are_largest)))
    rows_per_block = min(
        max_rows // MIN_BLOCKS,
        max(max_rows // TARGET_BLOCKS if shuffled else max_rows, MIN_BLOCK_BYTES // source_bytes),
        MAX_BLOCK_BYTES // source_bytes,
    )
    rows_per_block = 1 << (rows_per_block or 1).bit_length() - 1  # a power of two
    chunk = min(m, max(source.rows_per_chunk for source in sources))
    if chunk <= rows_per_block:
        rows_per_block -= rows_per_block % chunk
    else:
        rows_with_chunks = int((memory_limit - reserved_bytes - chunk * transient) / resident)
        if rows_with_chunks >= max(batch_size, 2 * chunk):
            rows_per_block = chunk
            max_rows = rows_with_chunks
    n_blocks = math.ceil(m / rows_per_block)
    n_buffers = math.ceil(n_blocks / (max_rows // rows_per_block)) if max_rows < m else 1
    return ReadPlan(rows_per_block, math.ceil(n_blocks / n_buffers))
