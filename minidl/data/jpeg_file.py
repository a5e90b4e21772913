"""What a JPEG file declares and holds, checked before its pixels are unpacked."""

from __future__ import annotations

import re
from typing import NamedTuple

SIGNATURE = b"\xff\xd8\xff"
MAX_SCANS = 100  # a progressive photo has about 10; each is a pass over all pixels
MAX_SEGMENTS = 10_000
MAX_RESTARTS = 1_000_000
BYTES_PER_COEFFICIENT = 2
# What the pixels depend on: tables, frame, scans, restarts, and the segments that say how colours
# are stored (APP0, APP14) and which side is up (APP1).
_FRAMES = {0xC0: False, 0xC1: False, 0xC2: True}  # whether it is progressive
_TABLES = (0xC4, 0xDB, 0xDD, 0xE0, 0xE1, 0xEE)
_START_OF_SCAN, _END, _RESTART_INTERVAL = 0xDA, 0xD9, 0xDD
_OTHER_FRAMES = {*range(0xC3, 0xD0)} - {0xC4, 0xC8, 0xCC}
_NO_LENGTH = {0x01, *range(0xD0, 0xD8)}
_MARKER = re.compile(rb"\xff[^\x00\xff]")
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
# No decoder reads these bytes if all pixels are there before them.
_FILLING = bytes((37 * i * i + 11 * i + 90) % 251 for i in range(64))


class JpegFile(NamedTuple):
    """The first picture of a JPEG file.

    Parameters
    ----------
    content : bytes
        The file.
    spans : list of (int, int, bool)
        Start and end of what the pixels depend on, and whether it is their data.
    width, height : int
        The number of pixels.
    coefficient_bytes : int
        The memory that a decoder takes for coefficients: that of all pixels if they come in several
        scans.
    """

    content: bytes
    spans: list[tuple[int, int, bool]]
    width: int
    height: int
    coefficient_bytes: int

    def essential(self, *, filled: bool = False) -> bytes:
        """Return the file without what the pixels do not depend on.

        Parameters
        ----------
        filled : bool, default False
            Whether to add bytes where the data of pixels end. The pixels are the same, unless some
            are missing: a decoder makes these up without a word.

        Returns
        -------
        bytes
            A JPEG file.
        """
        view = memoryview(self.content)
        pieces: list[bytes | memoryview] = [SIGNATURE[:2]]
        for start, end, is_data in self.spans:
            piece: bytes | memoryview = view[start:end]
            if filled and is_data:
                piece = _RESTART.sub(lambda marker: _FILLING[:8] + marker[0], piece) + _FILLING
            pieces.append(piece)
        return b"".join(pieces)


class _Frame(NamedTuple):
    width: int
    height: int
    factors: dict[int, tuple[int, int]]  # of each component: across and down
    is_progressive: bool

    @property
    def max_factors(self) -> tuple[int, int]:
        across, down = zip(*self.factors.values(), strict=True)
        return max(across), max(down)

    @property
    def n_coefficients(self) -> int:
        max_across, max_down = self.max_factors
        units = -(-self.width // (8 * max_across)) * -(-self.height // (8 * max_down))
        return units * 64 * sum(across * down for across, down in self.factors.values())

    def n_units(self, components: list[int]) -> int:
        """Return the number of units between which restarts are counted, in a scan."""
        max_across, max_down = self.max_factors
        width, height = self.width, self.height
        unit_width, unit_height = 8 * max_across, 8 * max_down
        if len(components) == 1:  # then a unit is a block of 8 x 8 of the component
            across, down = self.factors[components[0]]
            width, height = -(-width * across // max_across), -(-height * down // max_down)
            unit_width = unit_height = 8
        return -(-width // unit_width) * -(-height // unit_height)


def read_jpeg(content: bytes) -> JpegFile:
    """Return the first picture of a JPEG file.

    Parameters
    ----------
    content : bytes
        The file, which begins with `SIGNATURE`.

    Returns
    -------
    JpegFile
        The picture, not decoded.

    Raises
    ------
    ValueError
        If the file is damaged, or its kind is rare and not supported.
    """
    reader = _Reader(content)
    for _ in range(MAX_SEGMENTS):
        if reader.read_segment():
            return reader.result()
    raise ValueError(f"it has more than {MAX_SEGMENTS:,} segments")


class _Reader:
    """Reads segment by segment, and remembers what the pixels depend on."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 2
        self._spans: list[tuple[int, int, bool]] = []
        self._frame: _Frame | None = None
        self._restart_interval = 0
        self._scans: list[list[int]] = []  # the components of each
        self._n_restarts = 0
        self._missing_bits: dict[tuple[int, int], int] = {}  # of each component and coefficient

    def read_segment(self) -> bool:
        """Read a segment, and return whether it is the end of the picture."""
        content = self._content
        marker = _MARKER.search(content, self._position)
        if marker is None:
            raise ValueError(f"it is truncated after {len(content):,} bytes")
        start, code = marker.start(), content[marker.end() - 1]
        if code == _END:
            self._spans.append((start, start + 2, False))
            return True
        self._position = start + 2
        if code in _NO_LENGTH:
            return False
        size = int.from_bytes(content[start + 2 : start + 4], "big")
        self._position = start + 2 + size
        if size < 2 or self._position > len(content):
            raise ValueError(f"it is truncated after {len(content):,} bytes")
        body = content[start + 4 : self._position]
        if code in _OTHER_FRAMES:
            raise ValueError("it is lossless, hierarchical or arithmetically coded")
        if code in _FRAMES:
            self._read_frame(body, is_progressive=_FRAMES[code])
        if code == _RESTART_INTERVAL:
            self._restart_interval = int.from_bytes(body[:2], "big")
        if code in _FRAMES or code in _TABLES or code == _START_OF_SCAN:
            self._spans.append((start, self._position, False))
        if code == _START_OF_SCAN:
            self._read_scan(body)
        return False

    def _read_frame(self, body: bytes, *, is_progressive: bool) -> None:
        if self._frame is not None:
            raise ValueError("it declares its pixels twice")
        height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
        n_components = body[5] if len(body) > 5 else 0
        components = [body[6 + 3 * i : 9 + 3 * i] for i in range(n_components)]
        if any(len(component) < 3 for component in components):
            raise ValueError("its frame is too short")
        factors = {number: (sides >> 4, sides & 15) for number, sides, _ in components}
        are_valid = all(1 <= a <= 4 and 1 <= b <= 4 for a, b in factors.values())
        if not (width and height and factors and are_valid and len(factors) == n_components):
            raise ValueError(f"it declares {width} x {height} pixels of {n_components} components")
        self._frame = _Frame(width, height, factors, is_progressive)

    def _read_scan(self, header: bytes) -> None:
        frame = self._frame
        components = [*header[1 : 1 + 2 * header[0] : 2]] if header else []
        is_whole = bool(components) and len(header) == 4 + 2 * len(components)
        if frame is None or not is_whole or not {*components} <= {*frame.factors}:
            raise ValueError("it has a scan of unknown components")
        self._scans.append(components)
        first, last, bits = header[-3:] if frame.is_progressive else (0, 63, 0)
        for number in components:
            for coefficient in range(first, min(last, 63) + 1):
                self._missing_bits[number, coefficient] = bits & 15
        if len(self._scans) > MAX_SCANS:
            raise ValueError(f"it has more than {MAX_SCANS} scans")
        found = _END_OF_SCAN.search(self._content, self._position)
        end = found.start() if found else len(self._content)
        n_restarts = sum(1 for _ in _RESTART.finditer(self._content, self._position, end))
        self._spans.append((self._position, end, True))
        self._position = end
        self._n_restarts += n_restarts
        if self._n_restarts > MAX_RESTARTS:
            raise ValueError(f"it has more than {MAX_RESTARTS:,} restarts")
        if self._restart_interval:
            n_intervals = -(-frame.n_units(components) // self._restart_interval)
            if n_restarts < n_intervals - 1:
                raise ValueError(f"rows are missing: {n_restarts + 1:,} of {n_intervals:,} parts")

    def result(self) -> JpegFile:
        """Return the picture."""
        frame = self._frame
        if frame is None or not self._scans:
            raise ValueError("it has no pixels")
        if len(self._missing_bits) < 64 * len(frame.factors) or any(self._missing_bits.values()):
            raise ValueError("scans are missing")
        has_several_scans = frame.is_progressive or len(self._scans[0]) < len(frame.factors)
        size = BYTES_PER_COEFFICIENT * frame.n_coefficients if has_several_scans else 0
        return JpegFile(self._content, self._spans, frame.width, frame.height, size)
