"""Errors that are small but too large for rounding."""

from __future__ import annotations

import numpy as np

from ...constants import TINY
from ..evidence import Evidence, max_abs
from .pattern import pattern


@pattern("float32")
def float32(e: Evidence) -> str | None:
    """Match rounding to single precision."""
    gap = np.abs(e.analytic - e.numeric)
    relative = gap / np.maximum(np.abs(e.numeric), 1e-3 * max_abs(e.numeric))
    worst = relative.max(initial=0.0)
    is_rounded = np.array_equal(e.analytic, e.numeric.astype(np.float32))
    if is_rounded or (1e-10 < worst < 1e-3 and _both_signs(e) and np.median(relative) < 1e-6):
        return (
            f"relative errors of up to {worst:.1e}, of both signs, of the size of float32's "
            "rounding: computed or stored in float32 inside"
        )
    return None


def _both_signs(e: Evidence) -> bool:
    larger = (np.abs(e.analytic) > np.abs(e.numeric))[e.wrong]
    return bool(larger.size and 0.1 <= larger.mean() <= 0.9)


@pattern("slight error")
def slight_error(e: Evidence) -> str | None:
    """Match small errors in several elements."""
    worst = max_abs(e.analytic - e.numeric) / max(max_abs(e.numeric), TINY)
    if worst > 1e-4 or np.count_nonzero(e.wrong) < 2:
        return None
    return (
        f"errors of up to {worst:.1e} of the largest element, not of rounding: an epsilon or a "
        "clip on one side only, forward or backward"
    )
