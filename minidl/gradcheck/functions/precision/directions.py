"""The directions along which an array is probed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....utils.typing import Array


class Direction(NamedTuple):
    """A direction; `is_random` says that its signs are random, not those of the gradient."""

    vector: Array
    is_random: bool


def uphill(gradient: Array, size: Array, rng: np.random.Generator) -> Direction:
    """Return a direction in which all terms of the slope add up: it sees a wrong factor best."""
    signs = np.where(gradient != 0, np.sign(gradient), _signs(gradient.size, rng))
    return Direction(_weighted(signs * size, rng), False)


def random_direction(size: Array, rng: np.random.Generator) -> Direction:
    """Return a direction that sees errors of any shape: no error cancels along many of them."""
    return Direction(_weighted(_signs(size.size, rng) * size, rng), True)


def _signs(count: int, rng: np.random.Generator) -> Array:
    signs: Array = rng.integers(0, 2, count) * 2.0 - 1.0
    return signs


def _weighted(vector: Array, rng: np.random.Generator) -> Array:
    """Return `vector` times random factors: otherwise equal terms cancel exactly."""
    weighted: Array = vector * rng.uniform(0.5, 1.5, vector.size)
    return weighted
