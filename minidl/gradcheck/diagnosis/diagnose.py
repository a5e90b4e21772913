"""Find the pattern that a wrong gradient fits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..constants import SMALL_ERROR
from .evidence import Evidence, max_abs
from .patterns import PATTERNS, SMALL_ERROR_PATTERNS
from .patterns.precision import float32

UNKNOWN = "unknown cause: no known mistake looks like this"


class Diagnosis(NamedTuple):
    """What a wrong gradient looks like, in words, and whether that is a cause."""

    words: str
    names_cause: bool


def find_pattern(evidence: Evidence) -> Diagnosis:
    """Return the diagnosis of the first pattern that fits, or `UNKNOWN`."""
    with np.errstate(all="ignore"):
        gap = max_abs(evidence.analytic - evidence.numeric)
        is_small = gap <= SMALL_ERROR * max_abs(evidence.numeric) or float32.match(evidence)
        for pattern in SMALL_ERROR_PATTERNS if is_small else PATTERNS:
            words = pattern.match(evidence)
            if words:
                return Diagnosis(words, pattern.names_cause)
    return Diagnosis(UNKNOWN, False)


def diagnose(evidence: Evidence) -> str:
    """Return the words of `find_pattern`."""
    return find_pattern(evidence).words
