"""Find the pattern that a wrong gradient fits."""

from __future__ import annotations

import numpy as np

from ..constants import SMALL_ERROR
from .evidence import Evidence, max_abs
from .patterns import PATTERNS, SMALL_ERROR_PATTERNS
from .patterns.precision import float32

UNKNOWN = "unknown cause: no known mistake looks like this"


def diagnose(evidence: Evidence) -> str:
    """Return the diagnosis of the first pattern that fits, or `UNKNOWN`."""
    with np.errstate(all="ignore"):
        gap = max_abs(evidence.analytic - evidence.numeric)
        is_small = gap <= SMALL_ERROR * max_abs(evidence.numeric) or float32.match(evidence)
        for pattern in SMALL_ERROR_PATTERNS if is_small else PATTERNS:
            diagnosis = pattern.match(evidence)
            if diagnosis:
                return diagnosis
    return UNKNOWN
