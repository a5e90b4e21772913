"""The argument `method`, and the note on relative errors above the usual threshold."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError
from .constants import COURSE_EPSILON

METHODS = ("auto", "complex", "central")


def check_method(method: str, epsilon: float | None) -> None:
    """Raise `ArgumentError` unless `method` is known and `epsilon` is a step length or None."""
    if method not in METHODS:
        raise ArgumentError(f"method must be one of 'auto', 'complex', 'central', got {method!r}")
    if epsilon is not None and not (np.isfinite(epsilon) and epsilon > 0):
        raise ArgumentError(
            f"epsilon must be finite and > 0, got {epsilon!r}: {COURSE_EPSILON:g} is usual"
        )


def threshold_note(relative_error: float, epsilon: float) -> str:
    """Return why a correct gradient has a relative error above `COURSE_THRESHOLD`."""
    return (
        f"the difference {relative_error:.4g} is above the usual threshold of 1e-7, yet within "
        f"the error bars of epsilon={epsilon:g}: it is the rounding of the difference quotients, "
        "not a bug; the complex step has none"
    )


def kink_note(epsilon: float) -> str:
    """Return why difference quotients may be wrong although the gradient is right."""
    return (
        "some difference quotients are wrong, as a kink lies within "
        f"epsilon={epsilon:g} of the parameters"
    )
