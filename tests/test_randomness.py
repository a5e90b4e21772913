import numpy as np
import pytest

from minidl import ArgumentError
from minidl.randomness import spawn, stream

SEEDS = [lambda: 5, lambda: np.int64(5), lambda: np.random.default_rng(5), lambda: np.random.RandomState(5)]
each_seed = pytest.mark.parametrize("seed", SEEDS, ids=["int", "int64", "Generator", "RandomState"])


@each_seed
def test_the_same_seed_gives_the_same_numbers(seed):
    np.testing.assert_array_equal(stream(seed()).standard_normal(4), stream(seed()).standard_normal(4))


@pytest.mark.parametrize("rng", [np.random.default_rng(1), np.random.RandomState(1)])
def test_a_stream_is_returned_as_it_is(rng):
    assert stream(rng) is rng


@pytest.mark.parametrize("seed", [None, -1, 1.0, "1", True, [1], np.random])
def test_other_seeds_are_refused(seed):
    with pytest.raises(ArgumentError, match=r"seed must be a whole number >= 0, a numpy.random.Generator or a RandomState, got"):
        stream(seed)


@each_seed
def test_spawned_streams_differ_and_repeat(seed):
    first, again = (spawn(stream(seed()), 3) for _ in range(2))
    drawn = [rng.random() for rng in first]
    assert len(set(drawn)) == 3
    assert drawn == [rng.random() for rng in again]


@each_seed
def test_spawning_does_not_move_the_stream(seed):
    rng = stream(seed())
    spawn(rng, 2)
    assert rng.standard_normal() == stream(seed()).standard_normal()
