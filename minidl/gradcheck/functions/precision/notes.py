"""What a report says about the precision of a function."""

from __future__ import annotations

from ...result import Check
from ..analytic_gradient import AnalyticGradient
from ..cost_function import CostFunction
from .constants import (
    LOW_PRECISION,
    SINGLE_PRECISION,
)
from .measure import Precision

_FORMATS = {8: "bfloat16", 11: "float16", 24: "float32"}


def precision_notes(
    cost: CostFunction, gradient: AnalyticGradient, precision: Precision, checks: list[Check]
) -> list[str]:
    """Return the precision that was measured, and what the check could see."""
    notes = []
    if not precision.cost_is_exact:
        noise = precision.cost.deviation / (abs(cost.base) or 1.0)
        notes.append(
            f"the cost computes in {_format(precision.cost.bits, noise)} inside, or with noise: "
            f"its values are known to within {noise:.0e} of them"
        )
    notes += [
        f"the gradient of {check.parameter} is rounded to {_FORMATS[bits]}"
        for check, bits in zip(checks, precision.gradient.bits, strict=True)
        if bits in _FORMATS and bits < 24
    ]
    seen = [check.resolution for check in checks if check.verdict == "pass"]
    if seen:
        notes.append(
            "integrals of the gradient along lines were compared with differences of the cost: "
            f"errors of {max(seen):.0e} of the norm of an array would have been seen"
        )
    return notes


def _format(bits: int, noise: float) -> str:
    if bits in _FORMATS:
        return _FORMATS[bits]
    if noise > LOW_PRECISION:
        return "half precision"
    return "float32" if noise > SINGLE_PRECISION else "lower precision than float64"
