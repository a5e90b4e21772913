"""Checks of the chunks of an HDF5 dataset, which HDF5 itself unpacks without checking."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

GZIP, SHUFFLE, FLETCHER32 = 1, 2, 3  # the filter numbers of HDF5
_CHECKSUM_BYTES = 4  # of fletcher32


def filter_pipeline(dataset: Any) -> list[int]:
    """Return the numbers of the filters in the order in which they were applied."""
    properties = dataset.id.get_create_plist()
    return [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]


def chunk_layout(dataset: Any) -> tuple[int, int]:
    """Return the number of chunks and the unpacked bytes of each.

    Chunks at the edge of the array count in full, as HDF5 stores them.
    """
    if not dataset.chunks:
        return 1, int(dataset.nbytes)
    n_chunks = math.prod(
        -(-length // side) for length, side in zip(dataset.shape, dataset.chunks, strict=True)
    )
    return int(n_chunks), int(math.prod(dataset.chunks) * dataset.dtype.itemsize)


def find_corrupt_chunk(dataset: Any, content: bytes) -> str | None:
    """Return a description of the first chunk with a wrong size or position, or None.

    HDF5 itself would return memory that was never written, or write beyond its buffer. `content`
    is the whole file.
    """
    stored: list[Any] = []
    dataset.id.chunk_iter(stored.append)
    total = sum(chunk.size for chunk in stored)
    if total > len(content):
        return f"chunks of {total:,} bytes in a file of {len(content):,}"
    _, expected_size = chunk_layout(dataset)
    filters = filter_pipeline(dataset)
    packed_chunks = {}
    for chunk in stored:
        packed = content[chunk.byte_offset : chunk.byte_offset + chunk.size]
        packed_chunks[chunk.chunk_offset] = packed
        size = _unpacked_size(packed, filters, chunk.filter_mask, expected_size)
        if size != expected_size:
            actual = f"more than {expected_size:,}" if size > expected_size else f"{size:,}"
            return f"a chunk of {actual} bytes instead of {expected_size:,}"
    corners = product(
        *(
            range(0, length, side)
            for length, side in zip(dataset.shape, dataset.chunks, strict=True)
        )
    )
    for corner in corners:
        # HDF5 looks chunks up through its index, and reads zeros where it finds none.
        if (
            corner not in packed_chunks
            or dataset.id.read_direct_chunk(corner)[1] != packed_chunks[corner]
        ):
            return f"another chunk or none at {corner}"
    return None


def _unpacked_size(packed: bytes, filters: list[int], filter_mask: int, expected_size: int) -> int:
    """Return the size of a chunk without its filters, unpacking little more than expected."""
    import zlib

    applied = [number for i, number in enumerate(filters) if not filter_mask >> i & 1]
    if GZIP in applied:
        packed = zlib.decompressobj().decompress(packed, expected_size + _CHECKSUM_BYTES + 1)
        applied = applied[: applied.index(GZIP)]
    return max(0, len(packed) - _CHECKSUM_BYTES * applied.count(FLETCHER32))
