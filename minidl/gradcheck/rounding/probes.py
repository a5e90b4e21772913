"""Directional probes of gradients that are too large to compute element by element."""

from __future__ import annotations

import numpy as np

from ...utils.typing import Array
from ..constants import EPS, NOISE, SAFETY
from ..numeric.differences import Step
from ..numeric.function import Function, Rng
from ..result import Check
from .compare import compare_probes

PROBES = 2  # at each of two points


ProbeValues = tuple[float, float, float, float]


"""Along a direction: analytic and numeric slope, error bar, sum of the terms' sizes."""


def balanced_direction(analytic: Array, rng: Rng) -> Array:
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


def directional_check(
    analytic: Array, noisy: list[Array], u: Array, numeric: float, error: float
) -> ProbeValues:
    """Return the numbers along u."""
    terms = analytic * u
    scale = float(np.abs(terms).sum())
    with np.errstate(all="ignore"):
        spread = max((abs(float(((other - analytic) * u).sum())) for other in noisy), default=0.0)
    rounding = spread * (SAFETY * EPS / NOISE) + 16 * EPS * scale
    return float(terms.sum()), numeric, error + (rounding if np.isfinite(rounding) else 0.0), scale


def check_directions(
    check: Check,
    subject: Function,
    step: Step,
    analytic: Array,
    noisy: list[Array],
    rng: Rng,
    cotangent: Array,
    count: int = PROBES,
) -> list[tuple[Array, ProbeValues]]:
    """Fill in `check` from probes of every element; return them."""
    found = []
    for _ in range(count):
        u = balanced_direction(analytic, rng)
        slope, error = subject.along(step, u)
        found.append(
            (
                u,
                directional_check(
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
