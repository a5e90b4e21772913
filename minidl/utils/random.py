"""Random number generators made from seeds; NumPy's global generator is never used."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from ..errors import ArgumentError
from .typing import Seed

# A string: NumPy imports its random module when it is first used.
RandomGenerator: TypeAlias = "np.random.Generator | np.random.RandomState"


def as_rng(seed: Seed, name: str = "seed") -> RandomGenerator:
    """Return a random number generator made from a seed.

    Parameters
    ----------
    seed : int, numpy.random.Generator or numpy.random.RandomState
        An integer >= 0 seeds a new `numpy.random.Generator`; a generator is returned as it is.
    name : str, default "seed"
        Its name in the error message.

    Returns
    -------
    numpy.random.Generator or numpy.random.RandomState
        The generator.

    Raises
    ------
    ArgumentError
        If the seed is anything else.
    """
    if isinstance(seed, np.random.Generator | np.random.RandomState):
        return seed
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool) and seed >= 0:
        return np.random.default_rng(int(seed))
    raise ArgumentError(
        f"{name} must be an integer >= 0, a numpy.random.Generator or a RandomState, "
        f"got {seed!r}: pass e.g. {name}=0"
    )


def check_seed(seed: int) -> None:
    """Raise `ArgumentError` unless a seed is a number that every generator takes."""
    is_whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    if not is_whole or not 0 <= seed < 2**32:
        raise ArgumentError(
            f"seed must be an integer from 0 to 2**32 - 1, got {seed!r}: pass e.g. seed=0"
        )


def spawn_rngs(rng: RandomGenerator, n_generators: int) -> list[np.random.Generator]:
    """Return independent generators derived from another one.

    Parameters
    ----------
    rng : numpy.random.Generator or numpy.random.RandomState
        The parent, whose state does not change.
    n_generators : int
        Number of generators.

    Returns
    -------
    list of numpy.random.Generator
        Generators in the same states whenever the parent is in the same state.
    """
    seed_words = draw_seed_words(copy.deepcopy(rng))
    return [
        np.random.default_rng(child)
        for child in np.random.SeedSequence(seed_words).spawn(n_generators)
    ]


def draw_seed_words(rng: RandomGenerator) -> list[int]:
    """Draw four integers in [0, 2**31) that seed another generator."""
    draw = rng.integers if isinstance(rng, np.random.Generator) else rng.randint
    return [int(word) for word in draw(2**31, size=4)]


def get_rng_state(rng: RandomGenerator) -> dict[str, Any]:
    """Return the state of a generator as values that JSON can hold."""
    return dict(to_builtin(get_raw_rng_state(rng)))


def get_raw_rng_state(rng: RandomGenerator) -> dict[str, Any]:
    """Return the state of a generator as NumPy represents it, with arrays."""
    if isinstance(rng, np.random.RandomState):
        return dict(rng.get_state(legacy=False))
    return dict(rng.bit_generator.state)


def set_rng_state(rng: RandomGenerator, state: Mapping[str, Any]) -> None:
    """Set the state of a generator.

    Parameters
    ----------
    rng : numpy.random.Generator or numpy.random.RandomState
        The generator, modified.
    state : dict of str to object
        What `get_rng_state` or `get_raw_rng_state` returned for a generator of the same kind.

    Raises
    ------
    ArgumentError
        If it is not such a state; the generator is unchanged then.
    """
    try:
        if isinstance(rng, np.random.RandomState):
            rng.set_state(dict(state))
        else:
            rng.bit_generator.state = dict(state)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise ArgumentError(
            f"the state must be that of a {type(rng).__name__} of the same kind, but {error}: "
            "pass a state of the same generator, unchanged"
        ) from None


def get_global_rng_state() -> dict[str, Any]:
    """Return the state of NumPy's global generator, which minidl never draws from."""
    return dict(np.random.get_state(legacy=False))  # noqa: NPY002


def set_global_rng_state(state: Mapping[str, Any]) -> None:
    """Set the state of NumPy's global generator, so that other code's calls leave no trace.

    Parameters
    ----------
    state : dict of str to object
        What `get_global_rng_state` returned.
    """
    np.random.set_state(dict(state))  # noqa: NPY002


def to_builtin(value: Any) -> Any:
    """Return a raw state with lists and built-in numbers instead of arrays and NumPy scalars."""
    if isinstance(value, Mapping):
        return {name: to_builtin(item) for name, item in value.items()}
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
