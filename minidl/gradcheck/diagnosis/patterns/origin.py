"""Gradients of something else: of a known mistake, of another array, of a penalty."""

from __future__ import annotations

import numpy as np

from ...constants import CLOSE
from ..evidence import Evidence, are_close, constant_ratio
from .pattern import pattern


@pattern("known mistake")
def known_mistake(e: Evidence) -> str | None:
    """Match the gradient that a known mistake would give."""
    for words, gradient in e.candidates:
        if are_close(e.analytic, gradient) and not are_close(gradient, e.numeric):
            return (
                f"consistent with: {words} (equal to within {CLOSE:g} in {e.lines.all_elements()})"
            )
    return None


@pattern("another array's gradient")
def other_array(e: Evidence) -> str | None:
    """Match the numeric gradient of another array."""
    for name, other in e.other_gradients.items():
        if are_close(e.analytic, other) and not are_close(other, e.numeric):
            return f"analytic = the numeric gradient of {name}: gradients of two arrays swapped"
    return None


@pattern("a penalty's gradient")
def penalty_gradient(e: Evidence) -> str | None:
    """Match an error that is proportional to the weights or to their signs."""
    value = e.parameter_value
    if value is None or value.shape != e.analytic.shape or e.analytic.size < 2:
        return None
    for name, expected in (
        ("the weights themselves", value),
        ("the sign of the weights", np.sign(value)),
    ):
        r = constant_ratio(e.analytic - e.numeric, expected)
        if r is not None:
            return (
                f"analytic - numeric = {r:.4g} x {name}: consistent with a penalty's gradient "
                "that is wrong, missing or added twice"
            )
    return None
