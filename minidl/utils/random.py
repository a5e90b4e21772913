"""Random number generators from a seed; NumPy's global generator is never used."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from ..errors import ArgumentError
from .typing import Seed

RandomStream: TypeAlias = "np.random.Generator | np.random.RandomState"


def as_rng(seed: Seed) -> RandomStream:
    """Return the random stream of a seed; a stream is returned as it is."""
    if isinstance(seed, np.random.Generator | np.random.RandomState):
        return seed
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool) and seed >= 0:
        return np.random.default_rng(int(seed))
    raise ArgumentError(
        f"seed must be a whole number >= 0, a numpy.random.Generator or a RandomState, got {seed!r}"
    )


def spawn_rngs(rng: RandomStream, count: int) -> list[np.random.Generator]:
    """Return `count` streams derived from `rng`, which does not move."""
    return [
        np.random.default_rng(child)
        for child in np.random.SeedSequence(draw_seed_words(copy.deepcopy(rng))).spawn(count)
    ]


def draw_seed_words(rng: RandomStream) -> list[int]:
    """Draw four whole numbers to start another stream."""
    draw = rng.integers if isinstance(rng, np.random.Generator) else rng.randint
    return [int(word) for word in draw(2**31, size=4)]


def get_rng_state(rng: RandomStream) -> dict[str, Any]:
    """Return where the stream stands, as values for JSON."""
    return dict(to_builtin(get_raw_rng_state(rng)))


def get_raw_rng_state(rng: RandomStream) -> dict[str, Any]:
    """Return where the stream stands, as NumPy tells it."""
    return dict(
        rng.get_state(legacy=False)
        if isinstance(rng, np.random.RandomState)
        else rng.bit_generator.state
    )


def set_rng_state(rng: RandomStream, state: Mapping[str, Any]) -> None:
    """Make the stream stand where one of the same kind stood."""
    try:
        if isinstance(rng, np.random.RandomState):
            rng.set_state(dict(state))
        else:
            rng.bit_generator.state = dict(state)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise ArgumentError(
            f"the state must be one of a {type(rng).__name__} of the same kind, but {error}: was it changed?"
        ) from None


def to_builtin(held: Any) -> Any:
    """Return a raw state with lists in place of arrays."""
    if isinstance(held, Mapping):
        return {name: to_builtin(value) for name, value in held.items()}
    return held.tolist() if isinstance(held, np.ndarray | np.generic) else held
