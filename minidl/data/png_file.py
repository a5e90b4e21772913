"""What a PNG file declares and holds, checked before its pixels are unpacked."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 100_000
MAX_TEXTS = 4  # each may unpack to 1 MB; the orientation may be in one
MAX_SIDE = 2**31 - 1
_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"IEND")
_TEXTS = (b"iTXt", b"zTXt", b"tEXt")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the type of colour
_DEPTHS = {0: (1, 2, 4, 8, 16), 3: (1, 2, 4, 8)}
_OTHER_DEPTHS = (8, 16)
_PIECE_BYTES = 2**16
# First column, first row, and the steps to the next ones, of each pass.
_IN_ORDER = ((0, 0, 1, 1),)
_INTERLACED = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)


class PngHeader(NamedTuple):
    """The first chunk of a PNG file."""

    width: int
    height: int
    bits_per_pixel: int
    is_interlaced: bool

    @property
    def data_size(self) -> int:
        """The number of bytes that all rows have, unpacked."""
        size = 0
        for first_column, first_row, column_step, row_step in (
            _INTERLACED if self.is_interlaced else _IN_ORDER
        ):
            columns = -(-(self.width - first_column) // column_step)
            rows = -(-(self.height - first_row) // row_step)
            if columns > 0 and rows > 0:
                size += rows * (1 + -(-columns * self.bits_per_pixel // 8))
        return size


def read_header(content: bytes) -> PngHeader:
    """Return the header of a PNG file.

    Parameters
    ----------
    content : bytes
        The file, which begins with `SIGNATURE`.

    Returns
    -------
    PngHeader
        The header.

    Raises
    ------
    ValueError
        If there is none that is valid.
    """
    start = len(SIGNATURE)
    if content[start : start + 8] != b"\0\0\0\x0dIHDR" or len(content) < start + 8 + 13:
        raise ValueError("it has no header")
    values = struct.unpack_from(">IIBBBBB", content, start + 8)
    width, height, depth, colour, compression, filtering, interlace = values
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise ValueError(f"it declares {width} x {height} pixels")
    is_known = colour in _CHANNELS and depth in _DEPTHS.get(colour, _OTHER_DEPTHS)
    if not is_known or (compression, filtering) != (0, 0) or interlace > 1:
        raise ValueError("it declares a type of pixels that does not exist")
    return PngHeader(width, height, depth * _CHANNELS[colour], bool(interlace))


def complete_picture(content: bytes, header: PngHeader) -> bytes:
    """Return the file without animation and profiles, once it has all rows.

    The rows are unpacked piece by piece and counted, not kept.

    Parameters
    ----------
    content : bytes
        The file.
    header : PngHeader
        What `read_header` returned.

    Returns
    -------
    bytes
        A PNG file of one picture.

    Raises
    ------
    ValueError
        If rows are missing, or the file is damaged.
    """
    view = memoryview(content)
    kept: list[bytes | memoryview] = [SIGNATURE]
    counter = _RowCounter(header.data_size)
    position, n_texts = len(SIGNATURE), 0
    for _ in range(MAX_CHUNKS):
        if position + 12 > len(content):
            raise ValueError(f"it is truncated after {len(content):,} bytes")
        length, name = struct.unpack_from(">I4s", content, position)
        end = position + 12 + length
        if end > len(content):
            raise ValueError(f"it is truncated after {len(content):,} bytes")
        n_texts += name in _TEXTS
        if name in _KEPT or (name in _TEXTS and n_texts <= MAX_TEXTS):
            kept.append(view[position:end])
        if name == b"IDAT":
            counter.add(view[position + 8 : end - 4])
        if name == b"IEND":
            counter.check()
            return b"".join(kept)
        position = end
    raise ValueError(f"it has more than {MAX_CHUNKS:,} chunks")


class _RowCounter:
    """Counts the bytes that compressed rows unpack to."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._n_bytes = 0
        self._unpacker = zlib.decompressobj()

    def add(self, packed: memoryview) -> None:
        for start in range(0, len(packed), _PIECE_BYTES):
            piece: bytes | memoryview = packed[start : start + _PIECE_BYTES]
            while piece and self._n_bytes < self._size and not self._unpacker.eof:
                try:
                    self._n_bytes += len(self._unpacker.decompress(piece, _PIECE_BYTES))
                except zlib.error as error:
                    raise ValueError(f"its rows do not unpack: {error}") from None
                piece = self._unpacker.unconsumed_tail

    def check(self) -> None:
        if self._n_bytes < self._size:
            raise ValueError(f"rows are missing: it has {self._n_bytes:,} of {self._size:,} bytes")
