"""What a report says about the precision of a function."""

from __future__ import annotations

from ...result import Check
from ..analytic_gradient import AnalyticGradient
from ..cost_function import CostFunction
from .constants import LOW_PRECISION, SINGLE_BITS, SINGLE_PRECISION
from .measure import Precision

_FORMATS = {8: "bfloat16", 11: "float16", SINGLE_BITS: "float32"}


def precision_notes(
    cost: CostFunction, gradient: AnalyticGradient, precision: Precision, checks: list[Check]
) -> list[str]:
    """Return the precision that was measured, and what the check could see."""
    notes = []
    if not precision.cost_is_exact:
        noise = precision.cost.deviation / (abs(cost.base) or 1.0)
        notes.append(
            f"the cost computes in {_format(precision.cost.bits, noise)} inside, or with noise: "
            f"its values are exact to about {noise:.0e} of their size"
        )
    notes += [
        f"the gradient of {check.parameter} is rounded to {_FORMATS[bits]}, {_kind(bits)}, and was "
        "compared as such"
        for check, bits in zip(checks, precision.gradient.bits, strict=True)
        if bits in _FORMATS and (bits < SINGLE_BITS or precision.cost_is_exact)
    ]
    seen = [check.resolution for check in checks if check.verdict == "pass"]
    if seen:
        how = "integrals of the gradient along lines were" if gradient.is_callable else "it was"
        notes.append(
            f"{how} compared with differences of the cost: errors of {max(seen):.0e} of the norm "
            "of an array would have been seen"
        )
    return notes


def _kind(bits: int) -> str:
    return "single precision" if bits == SINGLE_BITS else "half precision"


def _format(bits: int, noise: float) -> str:
    if bits in _FORMATS:
        return _FORMATS[bits]
    if noise > LOW_PRECISION:
        return "half precision"
    return _FORMATS[SINGLE_BITS] if noise > SINGLE_PRECISION else "lower precision than float64"
