"""Gradients that a mistake in one operation of the function would give."""

from __future__ import annotations

from ...constants import CLOSE
from ..evidence import Evidence
from .pattern import pattern


@pattern("one operation")
def one_operation(e: Evidence) -> str | None:
    """Match what a mistake in the backward of one operation of the function gives."""
    words = e.find_operation() if e.find_operation is not None and e.lines.is_whole else ""
    return f"consistent with: {words} (equal to within {CLOSE:g} of the error)" if words else None
