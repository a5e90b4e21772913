"""Random streams from a seed: never the global stream of NumPy."""

from __future__ import annotations

import copy

import numpy as np

from .arrays import Seed
from .errors import ArgumentError


def stream(seed: Seed) -> np.random.Generator | np.random.RandomState:
    """Return the random stream that `seed` stands for; a stream is returned as it is.

    Raises
    ------
    ArgumentError
        If `seed` is neither a whole number >= 0 nor a stream. `None` is refused: every run can be repeated.

    Examples
    --------
    >>> stream(0).standard_normal() == stream(0).standard_normal()
    True
    """
    if isinstance(seed, np.random.Generator | np.random.RandomState):
        return seed
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool) and seed >= 0:
        return np.random.default_rng(int(seed))
    raise ArgumentError(f"seed must be a whole number >= 0, a numpy.random.Generator or a RandomState, got {seed!r}: pass e.g. seed=0")


def spawn(rng: np.random.Generator | np.random.RandomState, count: int) -> list[np.random.Generator]:
    """Return `count` independent streams derived from `rng`, whose own stream does not move.

    Dropout and shuffling draw from streams of their own, so that adding a Dropout layer leaves the initial weights as they were.
    """
    twin = copy.deepcopy(rng)
    words = twin.integers(2**31, size=4) if isinstance(twin, np.random.Generator) else twin.randint(2**31, size=4)
    return [np.random.default_rng(child) for child in np.random.SeedSequence(words.tolist()).spawn(count)]
