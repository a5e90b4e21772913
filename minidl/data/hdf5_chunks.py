"""The chunks of a compressed HDF5 data set, unpacked here before HDF5 may.

Its library does not check what a chunk unpacks to: of a short one it returns memory that was never written, or writes over memory
that is not its own, and one of 300 kB can fill 300 MB although it stands for 100 bytes. So each chunk is unpacked first, never beyond
the size that it must have.
"""

from __future__ import annotations

import math
import zlib
from itertools import product
from typing import Any

GZIP, SHUFFLE, FLETCHER32 = 1, 2, 3
FILTERS = {GZIP: "gzip", SHUFFLE: "shuffle", FLETCHER32: "fletcher32"}
"""Built into every HDF5; any other could load a plug-in, or unpacks to a size that cannot be foreseen."""

_ORDERS: tuple[list[int], ...] = ([], [SHUFFLE], [GZIP], [SHUFFLE, GZIP])
_SUM = 4  # bytes of a fletcher32 check sum


def filter_numbers(data: Any) -> list[int]:
    """Return the filters in the order in which they were applied."""
    settings = data.id.get_create_plist()
    return [settings.get_filter(i)[0] for i in range(settings.get_nfilters())]


def filters_known(data: Any) -> bool:
    """Return whether the filters are of those above and in an order that unpacks in one step; the check sum may stand anywhere."""
    found = filter_numbers(data)
    return found.count(FLETCHER32) <= 1 and [number for number in found if number != FLETCHER32] in _ORDERS


def chunk_count(data: Any) -> int:
    """Return how many chunks the shape makes; 1 for an array that is stored in one piece."""
    return 1 if not data.chunks else int(math.prod(-(-size // side) for size, side in zip(data.shape, data.chunks, strict=True)))


def chunk_size(data: Any) -> int:
    """Return the bytes of a chunk, unpacked."""
    return int(math.prod(data.chunks) * data.dtype.itemsize)


def misfit(data: Any, content: bytes) -> str | None:
    """Return what is wrong with the chunks of a data set, whose file has this content: their size or place; None if nothing is."""
    stored: list[Any] = []
    data.id.chunk_iter(stored.append)
    total = sum(chunk.size for chunk in stored)
    if total > len(content):
        return f"chunks of {total:,} bytes in a file of {len(content):,}"
    due, filters, packed = chunk_size(data), filter_numbers(data), {}
    for chunk in stored:  # from the file itself: HDF5 would read one of the wrong size into too small a buffer
        held = packed[chunk.chunk_offset] = content[chunk.byte_offset : chunk.byte_offset + chunk.size]
        size = _unpacked(held, filters, chunk.filter_mask, due)
        if size != due:
            return f"a chunk of {f'more than {due:,}' if size > due else f'{size:,}'} bytes in place of {due:,}"
    for corner in product(*(range(0, size, side) for size, side in zip(data.shape, data.chunks, strict=True))):
        # As HDF5 looks it up when it reads: it takes a chunk that it does not find for zeros.
        if corner not in packed or data.id.read_direct_chunk(corner)[1] != packed[corner]:
            return f"another chunk or none at {corner}"
    return None


def _unpacked(packed: bytes, filters: list[int], mask: int, due: int) -> int:
    """Return the size of a chunk once its filters are undone, last to first; beyond `due` it tells only that it is more."""
    sums = 0
    for place, number in reversed(list(enumerate(filters))):
        if mask >> place & 1:  # this chunk was stored without it: packing would have made it larger
            continue
        if number == FLETCHER32:
            sums += _SUM
        elif number == GZIP:
            packed, sums = zlib.decompressobj().decompress(packed, due + _SUM + 1), 0
    return max(0, len(packed) - sums)
