"""Gradients that are off by a factor, an added constant or a clip."""

from __future__ import annotations

import numpy as np

from ....utils.typing import Array
from ...constants import (
    CONSTANT_AGREEMENT,
    MIN_LINE_FACTOR,
    MIN_SLIGHT_FACTOR,
    NEGLIGIBLE_ELEMENT,
    RATIO_AGREEMENT,
    SLIGHT_FACTOR_AGREEMENT,
)
from ..evidence import AXES, Evidence, are_close, constant_ratio, max_abs
from ..limits import MIN_SPARE_ELEMENTS
from .pattern import pattern

_MEANINGS = {
    "m": (
        "the mean's 1/m missing",
        "1/m applied twice: a mean instead of a sum, though the loss has divided by m already",
    ),
    "keep_prob": (
        "the mask unscaled: 1/keep_prob missing",
        "the mask scaled by 1/keep_prob twice",
    ),
}
"""For each factor of the evidence: the meaning of a ratio equal to it, and to its reciprocal."""


@pattern("constant factor")
def constant_factor(e: Evidence) -> str | None:
    """Match analytic = r numeric."""
    r = constant_ratio(e.analytic, e.numeric)
    if r is None or abs(r - 1) < RATIO_AGREEMENT:
        return None
    meanings = [
        meaning
        for meaning, ratio in _known_ratios(e).items()
        if np.isclose(r, ratio, rtol=RATIO_AGREEMENT)
    ]
    if not meanings and _is_one_number(e.numeric):
        return None  # any two numbers have a ratio
    if not meanings and r < 0:
        meanings = [f"the sign is wrong and there is an extra factor of {-r:.4g}"]
    digits = 4 if f"{r:.4g}" != "1" else 8
    conclusion = f"an extra factor of {r:.{digits}g}"
    if meanings:
        conclusion = f"consistent with {', or '.join(meanings)}"
    return f"analytic = {r:#.{digits}g} x numeric in {e.lines.all_elements()}: {conclusion}"


def _is_one_number(array: Array) -> bool:
    """Return whether one element is not zero, or all of up to three have one size."""
    sizes = np.abs(array[array != 0])
    is_few = array.size < MIN_SPARE_ELEMENTS
    return sizes.size == 1 or (is_few and are_close(sizes, np.full_like(sizes, sizes.max())))


def _known_ratios(e: Evidence) -> dict[str, float]:
    ratios = {
        "the sign is wrong": -1.0,
        "an extra factor of 2": 2.0,
        "an extra factor of 1/2, or a missing 2": 0.5,
    }
    for name, factor in e.factors.items():
        if factor in (0.0, 1.0):
            continue
        value = f"{name} = {factor:.4g}"
        generic = (f"an extra factor of {value}", f"an extra division by {value}")
        meanings = _MEANINGS.get(name, generic)
        for meaning, ratio in zip(meanings, (factor, 1 / factor), strict=True):
            ratios |= {meaning: ratio, f"{meaning} and the wrong sign": -ratio}
    return ratios


@pattern("slight factor", names_cause=False)
def slight_factor(e: Evidence) -> str | None:
    """Match analytic = (1 + r) numeric for a small r."""
    large = np.abs(e.numeric) > NEGLIGIBLE_ELEMENT * max_abs(e.numeric)
    excess = e.analytic[large] / e.numeric[large] - 1
    if (
        excess.size < 2
        or not np.allclose(excess, excess[0], rtol=SLIGHT_FACTOR_AGREEMENT, atol=0)
        or abs(excess[0]) < MIN_SLIGHT_FACTOR
    ):
        return None
    return (
        f"analytic = (1 + {excess[0]:.3g}) x numeric in {e.lines.all_elements()}: a slight factor"
    )


@pattern("scaled rows or columns", names_cause=False)
def scaled_lines(e: Evidence) -> str | None:
    """Match a matrix with a different factor on each row or column."""
    if not e.is_matrix:
        return None
    a, n = e.analytic, e.numeric
    for axis, line in AXES:
        square = (n * n).sum(axis=axis, keepdims=True)
        r = np.where(square > 0, (a * n).sum(axis=axis, keepdims=True) / square, 1.0)
        if are_close(a, r * n) and np.abs(r - 1).max() > MIN_LINE_FACTOR:
            return (
                f"each {line} is numeric's times its own factor ({r.min():.3g} to {r.max():.3g}): "
                f"a factor of each {line}, such as a norm or a sum, is missing or wrong, or "
                "taken along the wrong axis"
            )
    return None


@pattern("clipped")
def clipped(e: Evidence) -> str | None:
    """Match a gradient whose large elements were cut off."""
    limit = max_abs(e.analytic)
    expected = np.clip(e.numeric, -limit, limit)
    if not limit or not are_close(e.analytic, expected) or are_close(expected, e.numeric):
        return None
    count = np.count_nonzero(np.abs(e.numeric) > limit)
    if count < 2:  # one wrong element is its own bound
        return None
    if count == e.numeric.size < MIN_SPARE_ELEMENTS:
        return None  # two or three elements of one size
    return (
        f"analytic = numeric clipped to +-{limit:.6g} in {count} elements: clipped inside backward"
    )


@pattern("constant added", names_cause=False)
def constant_added(e: Evidence) -> str | None:
    """Match analytic = numeric + c."""
    gap = e.analytic - e.numeric
    if (
        gap.size < 3
        or not gap.any()
        or not np.allclose(gap, gap.flat[0], rtol=CONSTANT_AGREEMENT, atol=0)
    ):
        return None
    return (
        f"analytic - numeric = {gap.flat[0]:.4g} in {e.lines.all_elements()}: a constant is added"
    )
