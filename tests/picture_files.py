"""PNG and JPEG files in every mode, whole or not, for the tests of reading images."""

import io
import itertools
import re
import struct
import zlib
from typing import NamedTuple

import numpy as np

# Type of colour and bits: grey, red-green-blue, palette, grey with alpha, all four.
PNG_MODES = [
    *((0, bits) for bits in (1, 2, 4, 8, 16)),
    *((3, bits) for bits in (1, 2, 4, 8)),
    *itertools.product((2, 4, 6), (8, 16)),
]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, mode, *, interlaced=False, whole=False, missing=0, extra=b""):
    """Return a file of zeros: with a part of the first row, or whole but for some bytes."""
    colour, bits = mode
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    passes = [(width, height)]
    if interlaced:
        steps = ("0088", "4088", "0448", "2044", "0224", "1022", "0112")
        passes = [
            (len(range(width)[int(x) :: int(dx)]), len(range(height)[int(y) :: int(dy)]))
            for x, y, dx, dy in steps
        ]
    size = 5
    if whole:
        size = sum(n * (1 + -(-k * CHANNELS[colour] * bits // 8)) for k, n in passes if k) - missing
    colours = chunk(b"PLTE", bytes(3 * 2 ** min(bits, 8))) + chunk(b"tRNS", b"\x80")
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + (colours if colour == 3 else b"")
        + extra
        + chunk(b"IDAT", zlib.compress(bytes(size), 9))
        + chunk(b"IEND", b"")
    )


class JpegKind(NamedTuple):
    """How a JPEG file is written."""

    mode: str
    progressive: bool
    restarts: bool


JPEG_KINDS = [
    JpegKind(mode, progressive, restarts)
    for mode in ("L", "RGB", "CMYK")
    for progressive in (False, True)
    for restarts in (False, True)
]


def jpeg(kind, pixels=None, declared=None):
    """Return a file of pixels, or one that declares more of them than it has."""
    from PIL import Image

    if pixels is None:
        pixels = np.zeros((64, 64, 3), np.uint8)
    options = {"restart_marker_rows": 1} if kind.restarts else {}
    buffer = io.BytesIO()
    image = Image.fromarray(pixels).convert(kind.mode)
    image.save(buffer, "JPEG", quality=90, progressive=kind.progressive, **options)
    content = buffer.getvalue()
    if declared:
        frame = content.index(b"\xff\xc2" if kind.progressive else b"\xff\xc0") + 5
        content = content[:frame] + struct.pack(">HH", *declared[::-1]) + content[frame + 4 :]
    return content


def end_of_data(content, part):
    """Return the file with only a part of the data of its pixels, and a regular end."""
    start = re.search(rb"\xff\xda", content).end() + 12
    end = start + int(part * (len(content) - 2 - start))
    return content[:end].rstrip(b"\xff") + b"\xff\xd9"
