"""Errors that are small but too large for rounding."""

from __future__ import annotations

import numpy as np

from ...constants import (
    FLOAT32_ERRORS,
    FLOAT32_MEDIAN,
    FLOAT32_SIGNS,
    FLOAT32_SMALL,
    MAX_SLIGHT_ERROR,
    TINY,
)
from ..evidence import Evidence, max_abs
from .pattern import pattern


@pattern("float32")
def float32(e: Evidence) -> str | None:
    """Match rounding to single precision."""
    gap = np.abs(e.analytic - e.numeric)
    relative = gap / np.maximum(np.abs(e.numeric), FLOAT32_SMALL * max_abs(e.numeric))
    worst = relative.max(initial=0.0)
    is_rounded = np.array_equal(e.analytic, e.numeric.astype(np.float32))
    smallest, largest = FLOAT32_ERRORS
    looks_rounded = smallest < worst < largest and _both_signs(e)
    if is_rounded or (looks_rounded and np.median(relative) < FLOAT32_MEDIAN):
        return (
            f"relative errors of up to {worst:.1e}, of both signs, of the size of float32's "
            "rounding: computed or stored in float32 inside"
        )
    return None


def _both_signs(e: Evidence) -> bool:
    larger = (np.abs(e.analytic) > np.abs(e.numeric))[e.wrong]
    low, high = FLOAT32_SIGNS
    return bool(larger.size and low <= larger.mean() <= high)


@pattern("slight error", names_cause=False)
def slight_error(e: Evidence) -> str | None:
    """Match small errors in several elements."""
    worst = max_abs(e.analytic - e.numeric) / max(max_abs(e.numeric), TINY)
    if worst > MAX_SLIGHT_ERROR or np.count_nonzero(e.wrong) < 2:
        return None
    return (
        f"errors of up to {worst:.1e} of the largest element, not of rounding: consistent with an "
        "epsilon or a clip on one side only, forward or backward"
    )
