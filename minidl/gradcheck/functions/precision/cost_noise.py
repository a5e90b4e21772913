"""The noise of a cost: rounding, chance, or the steps of a coarse result."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....utils.typing import Array
from ..cost_function import CostFunction
from .constants import (
    DISTINCT_VALUES,
    EXACT_NOISE,
    FULL_BITS,
    LINE_POINTS,
    NOISE_REPEATS,
    NOISE_SPACINGS,
)
from .difference_table import ecnoise
from .safe_calls import value_or_nan
from .scale import parameter_scale, short_move
from .significant_bits import is_full, significant_bits


class CostNoise(NamedTuple):
    """What is known about the noise of a cost.

    `deviation` is one standard deviation, absolute. `spacing` is how far parameters must move,
    relative to themselves, for the rounding of two values to be independent. `bits` is how many
    the values use. `is_constant` says that no value differed from another.
    """

    deviation: float
    spacing: float
    bits: int
    is_constant: bool = False


def values_along(cost: CostFunction, move: Array, spacing: float) -> Array:
    """Return the cost at equal distances along `move`; not at the point, which may be a kink."""
    steps = spacing * np.arange(1, LINE_POINTS + 1)
    return np.array([value_or_nan(cost, cost.theta + step * move) for step in steps])


def is_smooth(cost: CostFunction, gradient: Array, rng: np.random.Generator) -> bool:
    """Return whether the cost changes along short lines as exactly as float64 allows.

    A second line is for kinks on the first; a tighter spacing for functions so large that kinks are
    everywhere. Values that hardly differ there are the steps of a coarser format; and so may be
    values that do not differ at all, whatever a gradient of zeros, or one that is not finite, says.
    """
    size = abs(cost.base) + float(np.abs(gradient * cost.theta).sum())
    scale, signs = parameter_scale(cost.tree), np.sign(gradient)
    for spacing in NOISE_SPACINGS[:1] * 2 + (2.0**-30,):
        values = values_along(cost, short_move(cost.theta, scale, signs, rng), spacing)
        quiet = ecnoise(values).deviation <= EXACT_NOISE * size
        moves = len(np.unique(values)) >= DISTINCT_VALUES or not signs.any()
        if quiet and moves and is_full(values):
            return True
    return False


def measure_cost_noise(cost: CostFunction, gradient: Array, rng: np.random.Generator) -> CostNoise:
    """Measure it along lines that rise, on which terms do not cancel and ties look like steps."""
    repeats = np.array([cost.at(cost.theta) for _ in range(NOISE_REPEATS)])
    chance = float(np.std(repeats, ddof=1))
    scale, signs = parameter_scale(cost.tree), np.sign(gradient)
    tables, deviation, spacing = [], 0.0, NOISE_SPACINGS[0]
    for spacing, uphill in zip(
        (NOISE_SPACINGS[0], *NOISE_SPACINGS), (signs, 0 * signs, signs, signs), strict=True
    ):
        values = values_along(cost, short_move(cost.theta, scale, uphill, rng), spacing)
        if not np.isfinite(values).all():
            continue
        tables.append(values)
        found = ecnoise(values)
        if spacing < NOISE_SPACINGS[-1] or deviation == 0 or found.is_reliable:
            deviation = max(deviation, found.deviation)
        if len(np.unique(values)) >= DISTINCT_VALUES:
            break
    every = np.concatenate([*tables, repeats])
    bits = significant_bits(every) or FULL_BITS
    half_ulp = 2.0**-bits * float(np.abs(every).max()) / np.sqrt(3)
    deviation = max(deviation, half_ulp, chance, 0.0 if chance else _smallest_step(tables))
    is_constant = bool((every == every[0]).all())
    return CostNoise(float(deviation), spacing, bits, is_constant)


def _smallest_step(tables: list[Array]) -> float:
    """Return the noise of values that jump between few levels, whatever their size."""
    noise = 0.0
    for values in tables:
        steps = np.diff(np.unique(values))
        if 0 < steps.size < DISTINCT_VALUES:
            noise = max(noise, float(steps.min()) / np.sqrt(12))
    return noise
