import numpy as np
import pytest

from minidl.sklearn.random_state import N_SEEDS, new_rng


@pytest.mark.parametrize("seed", [0, 7, N_SEEDS - 1, np.int64(3)])
def test_an_integer_begins_as_scikit_learn_does(seed):
    rng = new_rng(seed, resume=False)
    np.testing.assert_array_equal(rng.uniform(size=3), np.random.RandomState(seed).uniform(size=3))


def test_a_random_state_is_drawn_from_itself():
    state = np.random.RandomState(1)
    assert new_rng(state, resume=False) is state


@pytest.mark.parametrize("make", [lambda: 3, lambda: np.random.RandomState(3), lambda: N_SEEDS])
def test_a_training_that_goes_on_has_a_generator_of_the_seed(make):
    first, again = (new_rng(make(), resume=True) for _ in range(2))
    assert isinstance(first, np.random.Generator)
    assert first.uniform() == again.uniform()


def test_without_a_seed_every_fit_is_another_one():
    first, other = (new_rng(None, resume=False).uniform() for _ in range(2))
    assert first != other


def test_a_generator_moves_on():
    generator = np.random.default_rng(0)
    first, other = (new_rng(generator, resume=False).uniform() for _ in range(2))
    assert first != other
