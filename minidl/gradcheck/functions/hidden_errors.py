"""Error bars that could hide a mistake."""

from __future__ import annotations

import numpy as np

from ..constants import MAX_BAR_FRACTION
from ..numeric.differences import ComplexStep, RichardsonDifference, Scheme
from ..numeric.numeric_gradient import NumericGradient
from ..result import Check
from ..rounding.compare import resolution
from .constants import MAX_BAR_EXACT, MAX_BAR_RICHARDSON


def largest_bar(scheme: Scheme) -> float:
    """Return up to which resolution a gradient in float64 passes, by this scheme."""
    if isinstance(scheme, ComplexStep):
        return MAX_BAR_EXACT
    return MAX_BAR_RICHARDSON if isinstance(scheme, RichardsonDifference) else MAX_BAR_FRACTION


def hide_no_errors(check: Check, scheme: Scheme, numeric: NumericGradient | None = None) -> None:
    """Make a check unresolved that passes, but would not have seen a slight mistake.

    A check of zeros has no resolution, and rounding alone that of the terms which cancel: both stay
    as they are. At kinks many slopes are right, so how well their limits are known hides nothing.

    Parameters
    ----------
    check : Check
        A comparison of all elements, in float64.
    scheme : Scheme
        How the numeric side was computed.
    numeric : NumericGradient, optional
        What it says about kinks.
    """
    if check.verdict != "pass" or check.diagnosis:
        return
    seen = check.resolution
    if check.kinks and numeric is not None and check.bar is not None and check.numeric is not None:
        bars = np.where(numeric.lower == numeric.upper, check.bar.ravel(), 0.0)
        seen = resolution(bars, check.numeric)
    if largest_bar(scheme) < seen < np.inf:
        check.verdict = "unresolved"
        check.diagnosis = "rounding floor: it hides slight errors"
