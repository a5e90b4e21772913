"""Reads picture bombs: small files that declare, or hold, very many pixels, in every mode.

Each is read in a process of which the peak memory is measured. Reading must take less than 64 MB,
raise nothing but minidl's errors, and refuse every picture of which rows are missing.
"""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minidl import MinidlError
from minidl.data import read_image

from .children import run_each
from .report import Result

DEFAULT_COUNT = 1000
SECONDS = 60.0
MEMORY = 4 * 2**30  # of a child: what takes more than allowed must be measured, not killed
MAX_GROWTH = 64_000_000
# Type of colour and bits: grey, red-green-blue, palette, grey with alpha, all four.
MODES = (
    *((0, bits) for bits in (1, 2, 4, 8, 16)),
    *((3, bits) for bits in (1, 2, 4, 8)),
    *itertools.product((2, 4, 6), (8, 16)),
)
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
BLOCK = 2**20  # zeros that are compressed together


class Bomb(NamedTuple):
    """A picture, and whether it has all rows that it declares."""

    kind: str
    content: bytes
    is_complete: bool


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def packed_zeros(size: int) -> bytes:
    """Return zeros, compressed as zlib does, without making them."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(9, wbits=-15)
    end = last.compress(bytes(size % BLOCK)) + last.flush()
    checksum = size % 65521 << 16 | 1  # Adler-32
    return b"\x78\xda" + block * (size // BLOCK) + end + struct.pack(">I", checksum)


def png_bomb(rng: np.random.Generator) -> Bomb:
    """Return a random PNG file."""
    colour, bits = MODES[rng.integers(len(MODES))]
    is_interlaced = bool(rng.integers(2))
    # From some thousands of pixels to 10 billion; each side from 1.
    n_pixels = 10 ** rng.uniform(3.5, 10)
    width = int(np.clip(n_pixels ** rng.uniform(0.2, 0.8), 1, 2**31 - 1))
    height = int(np.clip(n_pixels / width, 1, 2**31 - 1))
    size = _data_size(width, height, CHANNELS[colour] * bits, is_interlaced)
    is_complete = size < 2**30 and bool(rng.integers(2))
    if not is_complete:
        size = int(min(size, 2**28) * rng.uniform(0, 0.999))
    pieces = [
        chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, is_interlaced))
    ]
    if colour == 3:
        pieces += [chunk(b"PLTE", bytes(768)), chunk(b"tRNS", bytes(rng.integers(1, 256)))]
    extra = rng.choice(["plain", "animated", "texts", "profile"])
    if extra == "animated":
        frame = struct.pack(">IIIIIHHBB", 0, width, height, 0, 0, 1, 1, 0, 0)
        pieces += [chunk(b"acTL", struct.pack(">II", 1000, 0)), chunk(b"fcTL", frame)]
    if extra == "texts":
        text = zlib.compress(bytes(1_000_000), 9)
        pieces += [chunk(b"zTXt", b"key%d\0\0" % i + text) for i in range(100)]
    if extra == "profile":
        pieces += [chunk(b"iCCP", b"name\0\0" + packed_zeros(2**28))]
    pieces.append(chunk(b"IDAT", packed_zeros(size)))
    content = b"\x89PNG\r\n\x1a\n" + b"".join(pieces) + chunk(b"IEND", b"")
    name = f"PNG, {extra}" + (", interlaced" if is_interlaced else "")
    return Bomb(name, content, is_complete)


def _data_size(width: int, height: int, bits: int, is_interlaced: bool) -> int:
    passes = [(range(width), range(height))]
    if is_interlaced:
        starts_and_steps = ("0088", "4088", "0448", "2044", "0224", "1022", "0112")
        passes = [
            (range(width)[int(x) :: int(dx)], range(height)[int(y) :: int(dy)])
            for x, y, dx, dy in starts_and_steps
        ]
    return sum(
        len(rows) * (1 + -(-len(columns) * bits // 8)) for columns, rows in passes if columns
    )


def jpeg_bomb(rng: np.random.Generator) -> Bomb:
    """Return a random JPEG file."""
    from PIL import Image

    mode = str(rng.choice(["L", "RGB", "CMYK"]))
    is_progressive = bool(rng.integers(2))
    side = int(10 ** rng.uniform(1, 3.4))
    options: dict[str, Any] = {"progressive": is_progressive}
    if rng.integers(2):
        options["restart_marker_rows"] = 1
    buffer = io.BytesIO()
    Image.new(mode, (side, side), 77 if mode == "L" else (77,) * len(mode)).save(
        buffer, "JPEG", **options
    )
    content = buffer.getvalue()
    is_complete = bool(rng.integers(2))
    if not is_complete:  # more pixels are declared than the data have
        frame = content.index(b"\xff\xc2" if is_progressive else b"\xff\xc0") + 5
        sides = struct.pack(">HH", *(int(n) for n in rng.integers(2 * side + 64, 65_536, 2)))
        content = content[:frame] + sides + content[frame + 4 :]
    if rng.integers(4) == 0:
        content += bytes(rng.integers(1, 2**20))
    return Bomb(f"JPEG, {mode}" + (", progressive" if is_progressive else ""), content, is_complete)


def make_bomb(number: int, seed: int) -> Bomb:
    """Return a random picture."""
    rng = np.random.default_rng([seed, number])
    return jpeg_bomb(rng) if number % 4 == 3 else png_bomb(rng)


def run(count: int, seed: int, scratch: Path) -> Result:
    """Read `count` pictures."""

    def write(number: int) -> dict[str, Any]:
        kind, content, is_complete = make_bomb(number, seed)
        (scratch / str(number)).write_bytes(content)
        return {"kind": kind, "is_complete": is_complete}

    # Not here: memory that this process has freed would hide what its children take.
    made = run_each(range(count), write, seconds=SECONDS, memory=MEMORY)
    paths = [scratch / str(number) for number in range(count)]
    kinds = [str(outcome.result["kind"]) for outcome in made]
    are_complete = [bool(outcome.result["is_complete"]) for outcome in made]
    outcomes = [run_each([path], _attempt, seconds=SECONDS, memory=MEMORY)[0] for path in paths]
    violations = []
    counts: Counter[tuple[str, str]] = Counter()
    growth: dict[str, int] = {}
    for kind, path, is_complete, outcome in zip(kinds, paths, are_complete, outcomes, strict=True):
        verdict = str(outcome.result.get("verdict", outcome.status))
        grown = int(outcome.result.get("grown", 0))
        counts[kind, verdict] += 1
        growth[kind] = max(growth.get(kind, 0), grown)
        is_right = verdict == "refused" or (verdict == "read" and is_complete)
        if not is_right or grown > MAX_GROWTH:
            violations.append(
                f"number {path.name}, {kind}, {'whole' if is_complete else 'rows missing'}: "
                f"{verdict}, {grown / 1e6:.0f} MB"
            )
    rows: list[list[Any]] = [["picture", "files", "refused", "read", "peak MB"]]
    for kind in sorted(growth):
        n_refused, n_read = counts[kind, "refused"], counts[kind, "read"]
        rows.append([kind, kinds.count(kind), n_refused, n_read, round(growth[kind] / 1e6, 1)])
    rows.append(
        [
            "all",
            count,
            *(sum(row[i] for row in rows[1:]) for i in (2, 3)),
            max(row[4] for row in rows[1:]),
        ]
    )
    numbers = {"files": count, "refused": rows[-1][2], "peak_bytes": max(growth.values())}
    return Result(rows, numbers, violations)


def _attempt(path: Path) -> dict[str, Any]:
    """Read a picture, and return the verdict and by how much the peak of memory grew."""
    before = _reset_peak()
    try:
        read_image(path)
        verdict = "read"
    except MinidlError as error:
        verdict = "refused" if str(error).isprintable() else f"unprintable: {error!r}"
    except Exception as error:
        verdict = repr(error)[:200]
    return {"verdict": verdict, "grown": _peak() - before}


def _reset_peak() -> int:
    """Make the peak memory of this process its present memory, and return that."""
    Path("/proc/self/clear_refs").write_text("5")  # Linux
    return _peak()


def _peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
