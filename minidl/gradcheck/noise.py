"""Noise that shows the rounding of an analytic gradient, and probes of gradients too large for each element."""

from __future__ import annotations

import numpy as np

from ..utils.typing import Array
from .jacobian import Rng, Subject
from .steps import EPS, Step
from .verdict import NOISE, SAFETY, Check, compare_probes

PROBES = 2  # at each of two points

Numbers = tuple[float, float, float, float]
"""Along a direction: analytic and numeric slope, error bar, sum of the terms' sizes."""


def noise(array: Array, rng: Rng) -> Array:
    """Return `array` changed by a few ulps."""
    ulps = rng.random(array.shape, dtype=np.float32).astype(np.float64)
    ulps *= 2 * NOISE
    ulps += 1 - NOISE
    ulps *= array
    return ulps


def shake(y: Array, rng: Rng) -> None:
    """Put noise on an output that its layer may remember."""
    if isinstance(y, np.ndarray) and y.flags.writeable and y.dtype == np.float64:
        y[...] = noise(y, rng)


def noisy_sum(gradient: Array, rng: Rng) -> Array:
    """Return a gradient with noise of its mean size, too."""
    found: Array = noise(gradient, rng) + NOISE * np.abs(gradient).mean() * rng.uniform(
        -1, 1, gradient.shape
    )
    return found


def flow_noise(dy: Array, rng: Rng) -> Array:
    """Return the noise of a gradient made from `dy`."""
    size = np.abs(dy)
    ulps: Array = NOISE * (size + size.mean()) * rng.uniform(-1, 1, dy.shape)
    return ulps


def equalised(analytic: Array, rng: Rng) -> Array:
    """Return a direction along which all elements weigh nearly the same: equal ones would cancel."""
    size = np.array(np.abs(analytic))
    size[~np.isfinite(size)] = 0.0
    floor = max(1e-3 * float(np.linalg.norm(size)) / np.sqrt(max(size.size, 1)), 1e-300)
    weights = (
        floor
        / np.maximum(size, floor)
        * (rng.random(analytic.shape, dtype=np.float32) + np.float32(0.5))
    )
    signed: Array = np.copysign(
        weights, rng.random(analytic.shape, dtype=np.float32) - np.float32(0.5)
    )
    return signed


def probe(analytic: Array, noisy: list[Array], u: Array, numeric: float, error: float) -> Numbers:
    """Return the numbers along u."""
    terms = analytic * u
    scale = float(np.abs(terms).sum())
    with np.errstate(all="ignore"):
        spread = max((abs(float(((other - analytic) * u).sum())) for other in noisy), default=0.0)
    rounding = spread * (SAFETY * EPS / NOISE) + 16 * EPS * scale
    return float(terms.sum()), numeric, error + (rounding if np.isfinite(rounding) else 0.0), scale


def compare_along(
    check: Check,
    subject: Subject,
    step: Step,
    analytic: Array,
    noisy: list[Array],
    rng: Rng,
    cotangent: Array,
    count: int = PROBES,
) -> list[tuple[Array, Numbers]]:
    """Fill in `check` from probes of every element; return them."""
    found = []
    for _ in range(count):
        u = equalised(analytic, rng)
        slope, error = subject.along(step, u)
        found.append(
            (
                u,
                probe(
                    analytic,
                    noisy,
                    u,
                    float((cotangent * slope).sum()),
                    float((np.abs(cotangent) * error).sum()),
                ),
            )
        )
    compare_probes(
        check,
        [numbers for _, numbers in found],
        analytic.size,
        f"{step.name}, probes of every element",
    )
    check.untested = int(np.count_nonzero(analytic == 0)) if check.verdict == "pass" else 0
    return found
