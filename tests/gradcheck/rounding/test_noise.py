"""Noise that reveals rounding."""

import numpy as np

from minidl.gradcheck.constants import RELATIVE_NOISE
from minidl.gradcheck.rounding.noise import (
    input_size,
    perturb_custom_inplace,
    product_noise,
    reshaped_flow_noise,
    ulp_noise,
    widen_by_scales,
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


def test_small_outputs_of_custom_layers_get_noise_of_the_mean_size_and_keep_their_sign():
    y = np.tile([0.0, -1e-20, 1e-9, 3.0], (100, 1))
    noisy = y.copy()
    perturb_custom_inplace(noisy, np.random.default_rng(0))
    largest = np.abs(noisy - y).max(axis=0)
    assert (np.sign(noisy) == np.sign(y)).all()
    mean = RELATIVE_NOISE * np.abs(y).mean()
    np.testing.assert_allclose(largest, [0.0, 0.5e-20, mean, mean], rtol=0.1)
    perturb_custom_inplace(np.zeros((0, 2)), np.random.default_rng(0))


def test_another_scale_shows_rounding_and_nothing_else():
    def gradients_at(scale):
        linear = np.array([1.0, 2.0 + (scale != 1) * 1e-14])
        other_shape = np.ones(1 + (scale != 1))
        return {"a": scale * linear, "b": scale**2 * np.ones(1), "c": scale * other_shape}

    sizes = {"a": np.array([1.0, 1e-20])}
    widen_by_scales(sizes, gradients_at)
    assert set(sizes) == {"a"}
    assert sizes["a"][0] == 1.0
    assert 1.4 < sizes["a"][1] / (RELATIVE_NOISE / np.finfo(float).eps * 1e-14) < 1.6
