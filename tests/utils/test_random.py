import json

import numpy as np
import pytest

from minidl import ArgumentError
from minidl.utils.random import (
    as_rng,
    check_seed,
    draw_seed_words,
    get_global_rng_state,
    get_raw_rng_state,
    get_rng_state,
    set_global_rng_state,
    set_rng_state,
    spawn_rngs,
)

SEEDS = [
    lambda: 5,
    lambda: np.int64(5),
    lambda: np.random.default_rng(5),
    lambda: np.random.RandomState(5),
]
each_seed = pytest.mark.parametrize("seed", SEEDS, ids=["int", "int64", "Generator", "RandomState"])


@each_seed
def test_the_same_seed_gives_the_same_numbers(seed):
    np.testing.assert_array_equal(
        as_rng(seed()).standard_normal(4), as_rng(seed()).standard_normal(4)
    )


@pytest.mark.parametrize("rng", [np.random.default_rng(1), np.random.RandomState(1)])
def test_a_generator_is_returned_unchanged(rng):
    assert as_rng(rng) is rng


@pytest.mark.parametrize("seed", [None, -1, 1.0, "1", True, [1], np.random])
def test_other_seeds_are_refused(seed):
    with pytest.raises(
        ArgumentError,
        match=r"seed must be an integer >= 0, a numpy.random.Generator or a RandomState, got",
    ):
        as_rng(seed)


@each_seed
def test_spawned_generators_differ_and_repeat(seed):
    first, again = (spawn_rngs(as_rng(seed()), 3) for _ in range(2))
    numbers = [rng.random() for rng in first]
    assert len(set(numbers)) == 3
    assert numbers == [rng.random() for rng in again]


@each_seed
def test_spawning_does_not_advance_the_parent(seed):
    rng = as_rng(seed())
    spawn_rngs(rng, 2)
    assert rng.standard_normal() == as_rng(seed()).standard_normal()


BITS = (np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64)
KINDS = {
    bits.__name__: lambda seed, bits=bits: np.random.Generator(bits(seed)) for bits in BITS
} | {"RandomState": np.random.RandomState}


@pytest.mark.parametrize("kind", KINDS)
def test_a_generator_continues_from_the_state_of_another(kind):
    rng, other = KINDS[kind](1), KINDS[kind](2)
    rng.standard_normal(3)  # a RandomState stores one of two normals for the next call
    state, raw_state = json.loads(json.dumps(get_rng_state(rng))), get_raw_rng_state(rng)
    expected = rng.standard_normal(5).tolist(), rng.permutation(20).tolist()
    for saved_state in (state, raw_state):
        set_rng_state(other, saved_state)
        assert (other.standard_normal(5).tolist(), other.permutation(20).tolist()) == expected


@pytest.mark.parametrize(
    "state",
    [{}, {"bit_generator": "PCG64"}, {"bit_generator": "PCG64", "state": {"state": "x", "inc": 1}}],
)
@pytest.mark.parametrize("kind", ["PCG64", "RandomState"])
def test_the_state_of_another_kind_of_generator_is_refused(kind, state):
    rng, unchanged = KINDS[kind](1), KINDS[kind](1)
    with pytest.raises(
        ArgumentError,
        match=(
            f"the state must be that of a {type(rng).__name__} of the same kind, but .*: "
            "pass a state"
        ),
    ):
        set_rng_state(rng, state)
    assert rng.standard_normal() == unchanged.standard_normal()


@each_seed
def test_drawing_seed_words_advances_the_generator(seed):
    rng = as_rng(seed())
    first, second = draw_seed_words(rng), draw_seed_words(rng)
    assert first == draw_seed_words(as_rng(seed())) != second
    assert all(isinstance(word, int) and 0 <= word < 2**31 for word in first + second)


def test_the_global_generator_is_given_back_with_its_cached_normal():
    state = get_global_rng_state()
    np.random.standard_normal()  # noqa: NPY002
    first = np.random.standard_normal(3).tolist()  # noqa: NPY002
    set_global_rng_state(state)
    np.random.standard_normal()  # noqa: NPY002
    assert np.random.standard_normal(3).tolist() == first  # noqa: NPY002
    set_global_rng_state(state)


def test_a_seed_of_checks_is_a_number_that_every_generator_takes():
    for seed in (0, np.int64(3), 2**32 - 1):
        check_seed(seed)
        np.random.RandomState(seed)
    for value in (-1, 2**32, 1.0, "a", None, True, [1, 2], np.random.default_rng(0)):
        with pytest.raises(ArgumentError, match=r"seed must be an integer from 0 to .*seed=0"):
            check_seed(value)
