"""Gradients that were never computed."""

from __future__ import annotations

import numpy as np

from ..evidence import Evidence, max_abs
from .pattern import pattern


@pattern("not finite")
def not_finite(e: Evidence) -> str | None:
    """Match NaN and infinity."""
    count = np.count_nonzero(~np.isfinite(e.analytic))
    if not count:
        return None
    return (
        f"{count} of {e.analytic.size} elements are NaN or infinite: never written by backward, "
        "or divided by zero"
    )


@pattern("all zero", names_cause=False)
def all_zero(e: Evidence) -> str | None:
    """Match a gradient of zeros."""
    if e.analytic.any() or not e.numeric.any():
        return None
    return (
        f"analytic = 0 in {e.lines.all_elements()} where numeric is up to "
        f"{max_abs(e.numeric):.3g}: missing, detached, or not propagated"
    )
