"""Noise that shows the rounding error of an analytic gradient."""

from __future__ import annotations

import numpy as np

from ...utils.typing import Array
from ..constants import NOISE, RUNS
from ..numeric.function import Rng


def noisy_run_count(size: int) -> int:
    """Return how many noisy runs a gradient of that size gets; a probe of a large one is a sum, never small by chance."""
    return RUNS if size <= 20_000 else 4


def ulp_noise(array: Array, rng: Rng) -> Array:
    """Return `array` changed by a few ulps."""
    ulps = rng.random(array.shape, dtype=np.float32).astype(np.float64)
    ulps *= 2 * NOISE
    ulps += 1 - NOISE
    ulps *= array
    return ulps


def perturb_inplace(y: Array, rng: Rng) -> None:
    """Put noise on an output that its layer may remember."""
    if isinstance(y, np.ndarray) and y.flags.writeable and y.dtype == np.float64:
        y[...] = ulp_noise(y, rng)


def noisy_gradient(gradient: Array, rng: Rng) -> Array:
    """Return a gradient with noise of its mean size, too."""
    found: Array = ulp_noise(gradient, rng) + NOISE * np.abs(gradient).mean() * rng.uniform(
        -1, 1, gradient.shape
    )
    return found


def gradient_flow_noise(dy: Array, rng: Rng) -> Array:
    """Return the noise of a gradient made from `dy`."""
    size = np.abs(dy)
    ulps: Array = NOISE * (size + size.mean()) * rng.uniform(-1, 1, dy.shape)
    return ulps
