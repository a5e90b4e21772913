"""How out-of-core arrays are read: the sizes of blocks and buffers that a memory limit allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import ArgumentError
from ..utils.validation import is_integer
from .out_of_core import ArraySource

MEMORY_LIMIT = 256 * 2**20  # bytes of rows that may be in memory at once, unless told otherwise


MAX_BLOCK_BYTES, MIN_BLOCK_BYTES = (
    2**20,
    2**17,
)  # bytes of a block: more are read no faster; of fewer, asking takes longer


TARGET_BLOCKS, MIN_BLOCKS = (
    32,
    8,
)  # blocks of a buffer: many, for the shuffle, or few where many would be small


PERMUTATION_BYTES_PER_ROW = 16  # bytes that drawing the order of a buffer takes per row


def check_memory_limit(limit: int) -> None:
    """Raise `ArgumentError` unless `limit` is a whole number of bytes >= 1."""
    if not is_integer(limit):
        raise ArgumentError(
            f"memory_limit must be a whole number of bytes >= 1, such as 256 * 2**20, got {limit!r}"
        )


class ReadPlan(NamedTuple):
    """How many rows a block has, and how many blocks a buffer."""

    block: int
    blocks: int


def plan_reads(
    sources: Sequence[ArraySource],
    batch: int,
    limit: int,
    beside: int = 0,
    *,
    shuffled: bool = True,
) -> ReadPlan:
    """Return how to read `sources` of the same length with `limit` bytes for all: two buffers that hold `batch` rows, and `beside`."""
    m = len(sources[0])
    kept = 2 * sum(source.row_bytes for source in sources) + PERMUTATION_BYTES_PER_ROW
    passing = sum(source.passing_bytes for source in sources)
    each = kept + passing / MIN_BLOCKS
    smallest = beside + passing + math.ceil(min(batch, m) * each)
    if limit < smallest:
        need, cure = (
            f"at least {smallest:,} bytes, for two times {min(batch, m)} rows",
            ", or take smaller batches" * (batch > 1),
        )
        raise ArgumentError(f"memory_limit must be {need}, got {limit:,}: raise it{cure}")
    raw = max(1, sum(source.raw_bytes for source in sources))
    room = limit - beside - passing
    most = min(m, int(max(room / each, (room - passing * MAX_BLOCK_BYTES / raw) / kept)))
    block = min(
        most // MIN_BLOCKS,
        max(most // TARGET_BLOCKS if shuffled else most, MIN_BLOCK_BYTES // raw),
        MAX_BLOCK_BYTES // raw,
    )
    block = 1 << (block or 1).bit_length() - 1  # a power of two
    chunk = min(m, max(source.chunk for source in sources))
    if chunk <= block:
        block -= block % chunk
    elif (larger := int((limit - beside - chunk * passing) / kept)) >= max(batch, 2 * chunk):
        block, most = chunk, larger
    blocks = math.ceil(m / block)
    count = math.ceil(blocks / (most // block)) if most < m else 1
    return ReadPlan(block, math.ceil(blocks / count))  # buffers of about one size
