"""The rounding of an analytic gradient, from how it changes along a short line."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....utils.typing import Array
from ...constants import EPS
from ..analytic_gradient import AnalyticGradient
from ..cost_function import CostFunction
from .constants import (
    FAR_STAIRCASE,
    FORMAT_BITS,
    FULL_BITS,
    GRADIENT_POINTS,
    HALF_BITS,
    MOVING_NEIGHBOURS,
    NOISE_SHARE,
    NOISE_SPACINGS,
    NOISY_ELEMENT,
    STAIR_STEP,
    STAIRCASE,
    TINY_SPACING,
    TURNS,
)
from .difference_table import fourth_difference_noise
from .scale import parameter_scale, short_move
from .significant_bits import significant_bits


class GradientNoise(NamedTuple):
    """The relative rounding unit of each array, and the noise of each element.

    `chance` is the relative difference of two calls at the same point, and `turns` says which
    arrays look noisy since they turn within short moves.
    """

    units: list[float]
    deviation: Array
    bits: list[int]
    chance: float
    turns: list[bool]


def measure_gradient_noise(
    cost: CostFunction,
    gradient: AnalyticGradient,
    rng: np.random.Generator,
    *,
    is_coarse: bool,
    has_reference: bool = False,
) -> GradientNoise:
    """Measure it, on wider lines only while neighbours are equal.

    Where nothing else shows a low precision (`is_coarse`), a wide line would take kinks for noise.
    With a reference, numbers as round as 1/1024 that change from point to point are rounding.
    """
    if not gradient.is_callable:
        return _ready_made(cost, gradient)
    table = _table(cost, gradient, NOISE_SPACINGS[0], GRADIENT_POINTS, rng)
    bits = [significant_bits(table[:, leaf.part]) for leaf in cost.tree.leaves]
    is_coarse = is_coarse or _is_half(bits)
    if _share_that_moves(table, gradient.value) < MOVING_NEIGHBOURS:
        wider = _table(cost, gradient, NOISE_SPACINGS[1], 2 * GRADIENT_POINTS, rng)
        if gradient.value.any() and not any(bits):
            # A number such as -4, which does not move nearby, tells no format: others do.
            far = _table(cost, gradient, NOISE_SPACINGS[2], GRADIENT_POINTS, rng)
            bits = [significant_bits(far[:, leaf.part]) for leaf in cost.tree.leaves]
            if has_reference and not any(bits) and _share_that_moves(far, gradient.value) > 0:
                bits = [FORMAT_BITS[0]] * len(bits)
        is_coarse = is_coarse or _is_half(bits)
        stays = _share_that_moves(table, gradient.value) < STAIRCASE
        if is_coarse or _share_that_moves(wider, gradient.value) > STAIRCASE:
            table = wider
        is_single = all(0 < count < FULL_BITS for count in bits) and not _is_half(bits)
        if has_reference and stays and is_single:
            # Products in float32 of numbers rounded to bfloat16, say, seldom move over short steps.
            far = _table(cost, gradient, NOISE_SPACINGS[2], GRADIENT_POINTS, rng)
            if _is_staircase(far, gradient.value):
                table = far
    deviation = fourth_difference_noise(table)
    units = []
    for leaf, count in zip(cost.tree.leaves, bits, strict=True):
        part = leaf.part
        unit = _relative_noise(deviation[part], gradient.value[part])
        units.append(max(unit, 2.0 ** -(count or FULL_BITS)))
    norm = float(np.linalg.norm(gradient.value))
    again = float(np.linalg.norm(gradient.at(cost.theta) - gradient.value))
    chance = again / norm if norm else 0.0
    return GradientNoise(units, deviation, bits, chance, _turns(units, cost, gradient, rng))


def _turns(
    units: list[float], cost: CostFunction, gradient: AnalyticGradient, rng: np.random.Generator
) -> list[bool]:
    """Return for each array whether it turns within short moves, which looks like noise.

    The gradient of sin(1e6 x) does, and hardly changes over tiny moves. What is left of terms that
    cancel changes over these as over those, and a number in a lower precision does not change.
    """
    if max(units) < NOISE_SHARE:
        return [False] * len(units)
    table = _table(cost, gradient, TINY_SPACING, GRADIENT_POINTS, rng)
    deviation = fourth_difference_noise(table)
    turns = []
    for unit, leaf in zip(units, cost.tree.leaves, strict=True):
        part, value = leaf.part, gradient.value[leaf.part]
        moves = _share_that_moves(table[:, part], value) >= MOVING_NEIGHBOURS
        is_less = _relative_noise(deviation[part], value) <= TURNS * unit
        turns.append(unit >= NOISE_SHARE and moves and is_less)
    return turns


def _is_half(bits: list[int]) -> bool:
    return any(0 < count <= HALF_BITS for count in bits)


def _ready_made(cost: CostFunction, gradient: AnalyticGradient) -> GradientNoise:
    """Return what the format of arrays tells, which cannot be asked again."""
    bits = [significant_bits(gradient.value[leaf.part]) for leaf in cost.tree.leaves]
    units = [2.0 ** -(count or FULL_BITS) for count in bits]
    return GradientNoise(units, np.zeros(cost.theta.size), bits, 0.0, [False] * len(units))


def _table(
    cost: CostFunction,
    gradient: AnalyticGradient,
    spacing: float,
    points: int,
    rng: np.random.Generator,
) -> Array:
    move = short_move(cost.theta, parameter_scale(cost.tree), np.zeros(cost.theta.size), rng)
    rows = []
    for step in range(1, points + 1):
        try:
            rows.append(gradient.at(cost.theta + spacing * step * move))
        except Exception:  # outside of the domain
            rows.append(np.full(cost.theta.size, np.nan))
    table = np.array(rows)
    return np.where(np.isfinite(table).all(axis=0), table, 0.0)


def _share_that_moves(table: Array, value: Array) -> float:
    """Return the share of neighbours that differ, among elements that are not zero."""
    moved = (np.diff(table, axis=0) != 0)[:, value != 0]
    return float(moved.mean()) if moved.size else 1.0


def _is_staircase(table: Array, value: Array) -> bool:
    """Return whether many elements change, each by as little as half precision rounds.

    Where kinks are crossed, few change, and by more.
    """
    if _share_that_moves(table, value) < FAR_STAIRCASE:
        return False
    steps = np.abs(np.diff(table, axis=0))[:, value != 0] / np.abs(value[value != 0])
    return float(np.median(steps[steps > 0])) < STAIR_STEP


def _relative_noise(deviation: Array, value: Array) -> float:
    """Return the median of all elements but tiny ones: some may have crossed a kink."""
    size = np.abs(value)
    counted = size > NOISY_ELEMENT * float(np.sqrt(np.mean(size**2)))
    return float(np.median(deviation[counted] / size[counted])) if counted.any() else EPS
