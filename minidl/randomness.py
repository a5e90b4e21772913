"""Random streams from a seed: never the global stream of NumPy."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from .arrays import Seed
from .errors import ArgumentError

RandomStream: TypeAlias = "np.random.Generator | np.random.RandomState"


def stream(seed: Seed) -> RandomStream:
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


def spawn(rng: RandomStream, count: int) -> list[np.random.Generator]:
    """Return `count` independent streams derived from `rng`, whose own stream does not move.

    Dropout and shuffling draw from streams of their own, so that adding a Dropout layer leaves the initial weights as they were.
    """
    return [np.random.default_rng(child) for child in np.random.SeedSequence(words(copy.deepcopy(rng))).spawn(count)]


def words(rng: RandomStream) -> list[int]:
    """Draw four whole numbers from `rng`, from which other streams can start."""
    drawn = rng.integers(2**31, size=4) if isinstance(rng, np.random.Generator) else rng.randint(2**31, size=4)
    return [int(word) for word in drawn]


def state_of(rng: RandomStream) -> dict[str, Any]:
    """Return where the stream stands, as plain values that JSON can hold.

    Examples
    --------
    >>> rng = stream(0)
    >>> state = state_of(rng)
    >>> first = rng.random()
    >>> set_state(rng, state)
    >>> rng.random() == first
    True
    """
    state: dict[str, Any] = plain(raw_state(rng))
    return state


def raw_state(rng: RandomStream) -> dict[str, Any]:
    """Return where the stream stands as NumPy tells it, which takes a third of the time."""
    return dict(rng.get_state(legacy=False) if isinstance(rng, np.random.RandomState) else rng.bit_generator.state)


def set_state(rng: RandomStream, state: Mapping[str, Any]) -> None:
    """Make the stream stand where `state_of` found one of the same kind.

    Raises
    ------
    ArgumentError
        If `state` is none of such a stream.
    """
    try:
        if isinstance(rng, np.random.RandomState):
            rng.set_state(dict(state))
        else:
            rng.bit_generator.state = dict(state)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise ArgumentError(f"the state must be one of a {type(rng).__name__} of the same kind, but {error}: was it changed?") from None


def plain(held: Any) -> Any:
    """Return a raw state with lists in place of arrays; `set_state` takes both."""
    if isinstance(held, Mapping):
        return {name: plain(value) for name, value in held.items()}
    return held.tolist() if isinstance(held, np.ndarray | np.generic) else held
