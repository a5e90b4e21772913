"""Ways in which bytes go wrong: cut off, flipped, spliced, blanked, pushed in, torn out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Bytes = Callable[[bytearray, np.random.Generator], bytearray]

_NASTY = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Return `content` with one to three changes; half of them fall into what is not zeros nor pictures: HDF5's own bookkeeping."""
    found = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        found = _WAYS[int(rng.integers(len(_WAYS)))](found, rng) if found else found
    return bytes(found)


def _place(content: bytearray, rng: np.random.Generator) -> int:
    """Return a position: anywhere, or (more often) where HDF5 writes its bookkeeping, near one of its signatures."""
    if rng.random() < 0.3:
        return int(rng.integers(len(content)))
    marks = [
        at
        for mark in (b"\x89HDF", b"TREE", b"HEAP", b"SNOD", b"GCOL", b"OHDR", b"FRHP")
        for at in _all(content, mark)
    ]
    start = marks[int(rng.integers(len(marks)))] if marks and rng.random() < 0.7 else 0
    return min(len(content) - 1, start + int(rng.integers(512 if start else 4096)))


def _all(content: bytearray, mark: bytes) -> list[int]:
    found, at = [], content.find(mark)
    while at >= 0 and len(found) < 50:
        found.append(at)
        at = content.find(mark, at + 1)
    return found


def _cut(content: bytearray, rng: np.random.Generator) -> bytearray:
    return content[: int(rng.integers(len(content)))]


def _flip(content: bytearray, rng: np.random.Generator) -> bytearray:
    for _ in range(int(rng.integers(1, 9))):
        content[_place(content, rng)] ^= 1 << int(rng.integers(8))
    return content


def _set(content: bytearray, rng: np.random.Generator) -> bytearray:
    at, width = _place(content, rng), int(rng.choice([1, 2, 4, 8]))
    piece = bytes([_NASTY[int(rng.integers(len(_NASTY)))]]) * width
    content[at : at + width] = piece[: len(content) - at]
    return content


def _count(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Put a small or large number where a length or an address may stand."""
    at, width = _place(content, rng) & ~7, int(rng.choice([2, 4, 8]))
    number = int(
        rng.choice([len(content), len(content) - 1, 2**16 - 1, 2**31 - 1, int(rng.integers(4096))])
    ) % 2 ** (8 * width)
    content[at : at + width] = number.to_bytes(width, "little")[: len(content) - at]
    return content


def _splice(content: bytearray, rng: np.random.Generator) -> bytearray:
    source, goal, length = _place(content, rng), _place(content, rng), int(rng.integers(1, 256))
    piece = content[source : source + length]
    content[goal : goal + len(piece)] = piece
    return content


def _insert(content: bytearray, rng: np.random.Generator) -> bytearray:
    at = _place(content, rng)
    return content[:at] + bytearray(rng.bytes(int(rng.integers(1, 64)))) + content[at:]


def _tear(content: bytearray, rng: np.random.Generator) -> bytearray:
    at = _place(content, rng)
    return content[:at] + content[at + int(rng.integers(1, 64)) :]


def _blank(content: bytearray, rng: np.random.Generator) -> bytearray:
    at, length = _place(content, rng), int(rng.integers(1, 4096))
    content[at : at + length] = bytes(len(content[at : at + length]))
    return content


_WAYS: tuple[Bytes, ...] = (_cut, _flip, _flip, _set, _count, _splice, _insert, _tear, _blank)
