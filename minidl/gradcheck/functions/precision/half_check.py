"""The verdict on one array of a gradient in half precision, judged by a reference."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .constants import (
    CERTAIN_BARS,
    HALF_MISTAKE,
    LINES_ELSEWHERE,
    LINES_OF_HALF,
    MORE_EFFORT,
    UNCERTAIN,
    UPHILL_LINES,
)
from .half_lines import HalfLines
from .line_integral import MeanSlope
from .persistence import persists
from .relative_gaps import RelativeGap, hidden_error, mean_factor, root_mean_square


@dataclass(frozen=True)
class HalfVerdict:
    """What lines show of one array: its typical error, the one that may hide, and a mistake."""

    error: float
    resolution: float
    mistake: RelativeGap | None = None


def judge_half(lines: HalfLines, good: float, *, is_frugal: bool = False) -> HalfVerdict:
    """Return what a gradient in half precision shows along lines.

    Parameters
    ----------
    lines : HalfLines
        Measures gaps.
    good : float
        The resolution that is enough.
    is_frugal : bool, default False
        Whether to leave it at the first lines where they do not reach it.

    Returns
    -------
    HalfVerdict
        A mistake is larger than `HALF_MISTAKE` and the same at other points. Smaller gaps may be
        rounding that no other point changes, as where terms of a constant gradient cancel.
    """
    upward = lines.uphill(UPHILL_LINES)
    if upward and _is_wrong_factor(lines, upward):
        typical = sorted(upward, key=lambda gap: gap.factor)[len(upward) // 2]
        return HalfVerdict(abs(typical.factor), np.inf, typical)
    gaps = lines.random(LINES_OF_HALF)
    for effort in (1, MORE_EFFORT):
        if effort > 1:
            gaps += lines.elsewhere().random(LINES_OF_HALF, effort)
        error, resolution = root_mean_square(gaps), hidden_error(lines.value, gaps)
        if error > HALF_MISTAKE:
            wrong = max(gaps, key=lambda gap: abs(gap.value) / (HALF_MISTAKE + gap.bar))
            if abs(wrong.value) > wrong.bar and _is_mistake(lines, wrong):
                return HalfVerdict(error, resolution, wrong)
        if resolution <= good or is_frugal:
            break
    return HalfVerdict(error, resolution)


def _is_wrong_factor(lines: HalfLines, gaps: list[RelativeGap]) -> bool:
    """Return whether the gradient is too long or too short, here and at other points."""
    here = mean_factor(gaps)
    if here.is_outside(CERTAIN_BARS * HALF_MISTAKE):
        return True
    reach = UNCERTAIN * here.deviation
    if not abs(here.value) + reach > HALF_MISTAKE:
        return False
    other, there = lines.uphill_elsewhere(), list[RelativeGap]()
    for effort in (1, MORE_EFFORT):
        there += other.uphill(effort * LINES_ELSEWHERE, effort)
        elsewhere = mean_factor(there)
        if not abs(elsewhere.value) > HALF_MISTAKE:
            break
        if elsewhere.is_outside(HALF_MISTAKE):
            return bool(np.sign(elsewhere.value) * here.value + reach > HALF_MISTAKE)
    return False


def _is_mistake(lines: HalfLines, gap: RelativeGap) -> bool:
    """Return whether a gap along a random line stays at other points."""

    def at_other_point(distance: float) -> MeanSlope:
        other = lines.again(gap, distance)
        return _in_units_of_size(other) if other else MeanSlope()

    return persists(_in_units_of_size(gap), at_other_point, HALF_MISTAKE)[0]


def _in_units_of_size(gap: RelativeGap) -> MeanSlope:
    """Return the slopes in units of their size, with a bar of at least a mistake."""
    return replace(
        gap.slope,
        analytic=gap.slope.analytic / gap.size,
        numeric=gap.slope.numeric / gap.size,
        bar=HALF_MISTAKE + gap.bar,
    )
