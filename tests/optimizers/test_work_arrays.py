import pickle

import numpy as np

from minidl import GradientDescent


class PerElement(GradientDescent):
    """Has an array of the user, and one that only a step needs."""

    def __init__(self, rates):
        super().__init__(1.0)
        self._rates = rates

    def init_state(self, theta):
        self._product = np.empty_like(theta)

    def update(self, theta, grad):
        np.multiply(self._rates, grad, out=self._product)
        theta -= self._product


def test_a_copy_keeps_arrays_of_the_constructor_and_not_the_numbers_of_work_arrays():
    optimizer, theta = PerElement(np.array([0.5, 2.0])), np.ones(2)
    optimizer.step(theta, np.ones(2))
    other, other_theta = pickle.loads(pickle.dumps((optimizer, theta)))
    np.testing.assert_array_equal(other._rates, [0.5, 2.0])
    assert np.isnan(other._product).all()
    other.step(other_theta, np.ones(2))
    np.testing.assert_array_equal(other_theta, [0.0, -3.0])
