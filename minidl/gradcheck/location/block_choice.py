"""Choose the lines of a large array whose elements are computed."""

from __future__ import annotations

import numpy as np

from ...utils.typing import Array
from ..block import Block

_RIGHT_PART = 3
"""One of three lines of a block is a right one, where there are any: patterns need both."""


def choose_block(
    shape: tuple[int, ...], wrong: list[Array], known: tuple[Array | None, ...], size: int
) -> Block:
    """Return a block of about `size` elements, with some of the `wrong` lines and right ones.

    Axes of one length get the same lines, so that a transposition shows; so do arrays of one shape
    that are wrong everywhere, so that two arrays that were exchanged show. `known` becomes
    `Block.wrong`.
    """
    of_length: dict[int, list[Array]] = {}
    for n, lines in zip(shape, wrong, strict=True):
        of_length.setdefault(n, []).append(lines)
    chosen: dict[int, Array] = {}
    remaining = float(size)
    for count, n in zip(range(len(shape), 0, -1), sorted(shape), strict=True):
        side = max(2, int(remaining ** (1 / count)))
        if n not in chosen:
            chosen[n] = _choose_lines(n, of_length[n], side)
        remaining = max(remaining / len(chosen[n]), 1.0)
    return Block(tuple(chosen[n] for n in shape), shape, known)


def _choose_lines(n: int, wrong_sets: list[Array], side: int) -> Array:
    """Return `side` of n lines, with lines that are wrong along each axis of that length."""
    if n <= side:
        return np.arange(n)
    wrong = np.unique(np.concatenate(wrong_sets)).astype(int)
    right = np.setdiff1d(np.arange(n), wrong)
    from_right = min(len(right), max(side // _RIGHT_PART, side - len(wrong)))
    from_wrong = side - from_right
    fewest = _spread(np.sort(min(wrong_sets, key=len)), max(from_wrong // len(wrong_sets), 1))
    others = _spread(np.setdiff1d(wrong, fewest), from_wrong - len(fewest))
    return np.sort(np.concatenate([fewest, others, _spread(right, from_right)]))


def _spread(lines: Array, count: int) -> Array:
    """Return `count` of the lines: the first, the last, and others at random in between."""
    if len(lines) <= count:
        return lines
    if count < 2:
        return lines[:count]
    between = np.random.default_rng(0).choice(lines[1:-1], count - 2, replace=False)
    return np.concatenate([lines[:1], lines[-1:], between])
