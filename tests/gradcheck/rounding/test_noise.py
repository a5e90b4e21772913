"""Noise that reveals rounding."""

import numpy as np

from minidl.gradcheck.constants import RELATIVE_NOISE
from minidl.gradcheck.rounding.noise import ulp_noise


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
