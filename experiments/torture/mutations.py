"""Ways to corrupt bytes: truncate, flip, splice, blank, insert, delete."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Mutation = Callable[[bytearray, np.random.Generator], bytearray]

EDGE_BYTES = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)
SIGNATURES = (b"\x89HDF", b"TREE", b"HEAP", b"SNOD", b"GCOL", b"OHDR", b"FRHP")
MAX_POSITIONS = 50  # of each signature


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Return content with one to three changes, half of them in HDF5's own metadata."""
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        if changed:
            mutation = MUTATIONS[int(rng.integers(len(MUTATIONS)))]
            changed = mutation(changed, rng)
    return bytes(changed)


def _position(content: bytearray, rng: np.random.Generator) -> int:
    """Return a position: anywhere, or more often near a signature of HDF5's metadata."""
    if rng.random() < 0.3:
        return int(rng.integers(len(content)))
    starts = [start for signature in SIGNATURES for start in _find_all(content, signature)]
    start = starts[int(rng.integers(len(starts)))] if starts and rng.random() < 0.7 else 0
    return min(len(content) - 1, start + int(rng.integers(512 if start else 4096)))


def _find_all(content: bytearray, signature: bytes) -> list[int]:
    positions: list[int] = []
    position = content.find(signature)
    while position >= 0 and len(positions) < MAX_POSITIONS:
        positions.append(position)
        position = content.find(signature, position + 1)
    return positions


def _truncate(content: bytearray, rng: np.random.Generator) -> bytearray:
    return content[: int(rng.integers(len(content)))]


def _flip(content: bytearray, rng: np.random.Generator) -> bytearray:
    for _ in range(int(rng.integers(1, 9))):
        content[_position(content, rng)] ^= 1 << int(rng.integers(8))
    return content


def _overwrite(content: bytearray, rng: np.random.Generator) -> bytearray:
    position, width = _position(content, rng), int(rng.choice([1, 2, 4, 8]))
    piece = bytes([EDGE_BYTES[int(rng.integers(len(EDGE_BYTES)))]]) * width
    content[position : position + width] = piece[: len(content) - position]
    return content


def _overwrite_number(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Write a small or large number where a length or an address may be."""
    position, width = _position(content, rng) & ~7, int(rng.choice([2, 4, 8]))
    number = int(
        rng.choice([len(content), len(content) - 1, 2**16 - 1, 2**31 - 1, int(rng.integers(4096))])
    ) % 2 ** (8 * width)
    content[position : position + width] = number.to_bytes(width, "little")[
        : len(content) - position
    ]
    return content


def _splice(content: bytearray, rng: np.random.Generator) -> bytearray:
    source = _position(content, rng)
    target = _position(content, rng)
    length = int(rng.integers(1, 256))
    piece = content[source : source + length]
    content[target : target + len(piece)] = piece
    return content


def _insert(content: bytearray, rng: np.random.Generator) -> bytearray:
    position = _position(content, rng)
    return content[:position] + bytearray(rng.bytes(int(rng.integers(1, 64)))) + content[position:]


def _delete(content: bytearray, rng: np.random.Generator) -> bytearray:
    position = _position(content, rng)
    return content[:position] + content[position + int(rng.integers(1, 64)) :]


def _blank(content: bytearray, rng: np.random.Generator) -> bytearray:
    position, length = _position(content, rng), int(rng.integers(1, 4096))
    content[position : position + length] = bytes(len(content[position : position + length]))
    return content


MUTATIONS: tuple[Mutation, ...] = (
    _truncate,
    _flip,
    _flip,
    _overwrite,
    _overwrite_number,
    _splice,
    _insert,
    _delete,
    _blank,
)
