import numpy as np

from minidl.gradcheck.functions.precision.directions import random_direction, uphill


def test_uphill_all_terms_add_up():
    gradient = np.array([1.0, -2.0, 0.0])
    direction = uphill(gradient, np.full(3, 2.0), np.random.default_rng(0))
    assert not direction.is_random
    assert (gradient * direction.vector >= 0).all()
    assert ((np.abs(direction.vector) >= 1) & (np.abs(direction.vector) <= 3)).all()


def test_a_random_direction_has_the_given_sizes():
    size = np.array([1.0, 0.0, 100.0])
    direction = random_direction(size, np.random.default_rng(0))
    assert direction.is_random
    assert ((np.abs(direction.vector) >= size / 2) & (np.abs(direction.vector) <= 1.5 * size)).all()
