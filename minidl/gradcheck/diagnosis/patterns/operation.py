"""Gradients that a mistake in one operation of the function would give."""

from __future__ import annotations

from ...constants import CLOSE
from ..evidence import Evidence
from .pattern import pattern
from .shape import has_scaled_lines, one_element


@pattern("one operation", names_cause=False)
def one_operation(e: Evidence) -> str | None:
    """Match what a mistake in the backward of one operation of the function gives."""
    if e.find_operation is None or not e.lines.is_whole:
        return None
    if one_element.match(e) or has_scaled_lines(e):
        return None  # where it is wrong says more
    words = e.find_operation()
    return f"consistent with: {words} (equal to within {CLOSE:g} of the error)" if words else None
