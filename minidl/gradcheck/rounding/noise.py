"""Noise that reveals the rounding error of an analytic gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...utils.typing import Array
from ..constants import (
    LARGE_GRADIENT,
    NOISY_RUNS,
    NOISY_RUNS_OF_LARGE,
    NOISY_SCALES,
    RELATIVE_NOISE,
    SCALED_ROUNDING,
    SINGLE_NOISE,
)

REFUSALS = (TypeError, ValueError, AssertionError, ArithmeticError)
"""What a layer may raise that refuses float32, or overflows in it."""


def noisy_run_count(size: int) -> int:
    """Return how many noisy runs a gradient of that size gets."""
    return NOISY_RUNS if size <= LARGE_GRADIENT else NOISY_RUNS_OF_LARGE


def ulp_noise(array: Array, rng: np.random.Generator) -> Array:
    """Return `array`, each float changed by up to `RELATIVE_NOISE`; integers stay as they are."""
    if array.dtype.kind in "iu":
        return array.copy()
    factors = rng.random(array.shape, dtype=np.float32).astype(np.float64)
    factors *= 2 * RELATIVE_NOISE
    factors += 1 - RELATIVE_NOISE
    noisy: Array = factors * array
    return noisy


def in_single(array: Array, rng: np.random.Generator) -> Array:
    """Return an array in float32, with noise of some ulps of that; integers stay as they are."""
    if array.dtype.kind in "iu":
        return array.copy()
    noisy: Array = array * (1 + SINGLE_NOISE * rng.uniform(-1, 1, array.shape))
    return noisy.astype(np.float32)


def in_double(array: Array) -> Array:
    """Return an array of float32 in float64; integers stay as they are."""
    return array if array.dtype.kind in "iu" else array.astype(np.float64)


def widen_by_gaps(
    sizes: dict[Any, Array], double: Mapping[Any, Array], single: Mapping[Any, Array]
) -> None:
    """Let `sizes` of noise grow to the rounding in float64 that gaps in float32 indicate.

    Terms that cancel inside of a custom layer leave rounding that no noise on what goes in shows,
    as a gradient that is zero for every input. In float32 the same rounding is larger.

    Parameters
    ----------
    sizes : dict of ndarray
        The size of the noise of each element of each gradient. It is changed.
    double, single : mapping of ndarray
        The gradients at one point in float64 and in float32, by the same names.
    """
    scale = RELATIVE_NOISE / float(np.finfo(np.float32).eps)
    for name, gradient in single.items():
        if name in double and double[name].shape == gradient.shape:
            with np.errstate(all="ignore"):
                gap = scale * np.abs(gradient - double[name])
            gap = np.where(np.isfinite(gap), gap, 0.0)
            mean = gap.mean() if gap.size else 0.0  # one element may be rounded to itself
            sizes[name] = np.maximum(sizes.get(name, 0.0), gap + mean)


def widen_by_scales(
    sizes: dict[str, Array], gradients_at: Callable[[float], Mapping[str, Array]]
) -> None:
    """Let `sizes` of noise grow to the rounding that other scales of the incoming gradient show.

    Terms of dy that cancel, as those of a softmax that is nearly 1, leave rounding that no noise on
    dy shows: it moves all of them. Another scale rounds each in another way.

    Parameters
    ----------
    sizes : dict of ndarray
        The size of the noise of each element of each gradient. It is changed.
    gradients_at : callable
        ``gradients_at(scale)`` returns the gradients for the incoming gradient times `scale`. A
        change that is too large for rounding is left out: backward is not linear.
    """
    per_ulp = RELATIVE_NOISE / float(np.finfo(np.float64).eps)
    gradients = gradients_at(1.0)
    for scale in NOISY_SCALES:
        scaled = gradients_at(scale)
        for name, gradient in gradients.items():
            if name not in scaled or scaled[name].shape != gradient.shape or not gradient.size:
                continue
            with np.errstate(all="ignore"):
                gap = np.abs(scaled[name] / scale - gradient)
                if gap.max() <= SCALED_ROUNDING * np.abs(gradient).max():
                    sizes[name] = np.maximum(sizes.get(name, 0.0), per_ulp * (gap + gap.mean()))


def perturb_inplace(y: Array, rng: np.random.Generator) -> None:
    """Put noise on an output that its layer may have stored for backward."""
    if isinstance(y, np.ndarray) and y.flags.writeable and y.dtype == np.float64:
        y[...] = ulp_noise(y, rng)


def perturb_custom_inplace(y: Array, rng: np.random.Generator) -> None:
    """Put noise on the small elements of a custom layer's output.

    An element near 0 may be a difference of larger numbers, as x (1 + tanh(x)) is, and carry their
    rounding: noise of the mean size, but at most of half of the element, which keeps its sign.
    """
    if isinstance(y, np.ndarray) and y.flags.writeable and y.dtype == np.float64 and y.size:
        size = np.abs(y)
        y += np.minimum(RELATIVE_NOISE * size.mean(), 0.5 * size) * rng.uniform(-1, 1, y.shape)


def noisy_gradient(gradient: Array, rng: np.random.Generator) -> Array:
    """Return a gradient with noise relative to each element and to the mean size of all."""
    noisy: Array = ulp_noise(gradient, rng)
    noisy += RELATIVE_NOISE * np.abs(gradient).mean() * rng.uniform(-1, 1, gradient.shape)
    return noisy


def gradient_flow_noise(dy: Array, rng: np.random.Generator) -> Array:
    """Return noise for a gradient that is computed from `dy`."""
    size = np.abs(dy)
    noise: Array = RELATIVE_NOISE * (size + size.mean()) * rng.uniform(-1, 1, dy.shape)
    return noise


def reshaped_flow_noise(dy: Array, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Return noise for a gradient of another shape that a custom layer computes from `dy`.

    A derivative such as 1 - s**2 of a stored s carries the rounding of 1, whatever its size. The
    noise of an example follows its dy.
    """
    size = np.abs(dy)
    sizes = np.full(shape[:1], size.mean() if size.size else 0.0)
    if shape[:1] == dy.shape[:1] and size.size:
        sizes += size.reshape(len(dy), -1).mean(axis=1)
    sizes = sizes.reshape(sizes.shape + (1,) * (len(shape) - sizes.ndim))
    noise: Array = RELATIVE_NOISE * sizes * rng.uniform(-1, 1, shape)
    return noise


def noisy_loss_gradient(dy: Array, m: int, rng: np.random.Generator) -> Array:
    """Return a gradient of the loss of m examples with noise relative to each element and to 1/m.

    An element such as (p - t) / m is the difference of numbers up to 1.
    """
    noisy: Array = ulp_noise(dy, rng)
    noisy += RELATIVE_NOISE / m * rng.uniform(-1, 1, dy.shape)
    return noisy


def product_noise(
    x_size: float, dy: Array, shape: tuple[int, ...], rng: np.random.Generator
) -> Array:
    """Return noise for a parameter's gradient that is a sum of products of stored numbers with dy.

    What a custom layer stores cannot be perturbed. `x_size` is the largest number of its input.
    """
    size = RELATIVE_NOISE * np.abs(dy).max(initial=0.0) * x_size
    noise: Array = size * rng.uniform(-1, 1, shape)
    return noise


def input_size(x: Array) -> float:
    """Return the largest number of an input, as `product_noise` takes it; 1 of integers."""
    return 1.0 if x.dtype.kind in "iu" else float(np.abs(x).max(initial=0.0))
