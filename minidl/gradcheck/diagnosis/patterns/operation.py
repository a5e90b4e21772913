"""Gradients that a mistake in one operation of the function would give."""

from __future__ import annotations

import numpy as np

from ...constants import CLOSE
from ..evidence import Evidence, max_abs
from .origin import known_mistake, other_array, penalty_gradient
from .pattern import Pattern, pattern
from .scale import clipped, constant_factor
from .shape import has_scaled_lines, one_element, transposed

_SAY_MORE: tuple[Pattern, ...] = (
    one_element,
    constant_factor,
    transposed,
    other_array,
    clipped,
    penalty_gradient,
)
"""What tells more of a gradient than one operation that would give it."""


@pattern("one operation", names_cause=False)
def one_operation(e: Evidence) -> str | None:
    """Match what a mistake in the backward of one operation of the function gives."""
    if e.find_operation is None or not e.lines.is_whole:
        return None
    if has_scaled_lines(e) or any(other.match(e) for other in _SAY_MORE):
        return None
    mixes_elements = e.input is not None and not e.is_elementwise
    if not mixes_elements and known_mistake.match(e):
        return None  # plainer words, and of an activation or a linear function surely these
    words = e.find_operation()
    is_coarse = max_abs(np.asarray(e.bar)) > CLOSE * max_abs(e.numeric)
    within = "rounding" if is_coarse else f"{CLOSE:g} of the error"
    return f"consistent with: {words} (equal to within {within})" if words else None
