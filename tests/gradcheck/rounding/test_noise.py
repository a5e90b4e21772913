"""Noise that reveals rounding."""

import numpy as np

from minidl.gradcheck.constants import RELATIVE_NOISE
from minidl.gradcheck.rounding.noise import (
    input_size,
    product_noise,
    reshaped_flow_noise,
    ulp_noise,
)


def test_noise_is_small_and_spares_zeros_and_signs():
    rng = np.random.default_rng(0)
    x = np.array([0.0, 1.0, -5.0] * 100)
    noisy = ulp_noise(x, rng)
    assert (np.sign(noisy) == np.sign(x)).all()
    assert 0 < np.abs(noisy - x).max() <= 1.01 * RELATIVE_NOISE * 5


def test_complex_numbers_get_noise_too():
    """A layer that keeps what it met in the complex step gives complex gradients later."""
    noisy = ulp_noise(np.array([1 + 2j]), np.random.default_rng(0))
    assert 0 < np.abs(noisy - (1 + 2j)) <= 3 * RELATIVE_NOISE


def test_the_noise_of_products_is_that_of_stored_numbers_times_dy():
    noise = product_noise(3.0, np.array([1.0, -2.0]), (50, 2), np.random.default_rng(0))
    assert 0.9 * 6 * RELATIVE_NOISE < np.abs(noise).max() <= 6 * RELATIVE_NOISE
    assert input_size(np.array([1.0, -4.0])) == 4.0
    assert input_size(np.array([7, 8])) == 1.0  # numbers of words have no size
    assert input_size(np.zeros((0, 2))) == 0.0


def test_the_noise_of_an_example_follows_its_incoming_gradient():
    dy = np.repeat([[0.0], [1.0], [9.0]], 4, axis=1)
    noise = reshaped_flow_noise(dy, (3, 40), np.random.default_rng(0))
    sizes = np.abs(noise).max(axis=1) / RELATIVE_NOISE
    np.testing.assert_allclose(sizes, dy.mean() + dy[:, 0], rtol=0.2)
    reshaped = reshaped_flow_noise(dy, (2, 3, 4), np.random.default_rng(0))
    assert reshaped.shape == (2, 3, 4)
    assert reshaped_flow_noise(np.zeros((0, 2)), (0, 3), np.random.default_rng(0)).shape == (0, 3)
