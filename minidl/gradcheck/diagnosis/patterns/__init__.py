"""Error patterns by family, and the order in which they are tried.

To add one: write it in the file of its family and list it below, where it is to be tried; add a
case to ``CASES`` of its family in tests/gradcheck/diagnosis/patterns/, a row to docs/gallery.md and
a line to the changelog.
"""

from __future__ import annotations

from .factor import known_factor
from .invariance import broken_invariance, held_fixed
from .mask import equal_inputs, range_of_the_input, wrong_mask
from .missing import all_zero, not_finite
from .operation import one_operation
from .origin import known_mistake, other_array, penalty_gradient
from .pattern import Pattern
from .precision import float32, slight_error
from .scale import clipped, constant_added, constant_factor, scaled_lines, slight_factor
from .shape import all_equal, one_element, permuted, rows_or_columns, transposed

__all__ = ["ALL_PATTERNS", "PATTERNS", "SMALL_ERROR_PATTERNS"]

PATTERNS: tuple[Pattern, ...] = (
    not_finite,
    one_operation,
    all_zero,
    known_mistake,
    constant_factor,
    transposed,
    other_array,
    clipped,
    penalty_gradient,
    known_factor,
    equal_inputs,
    one_element,
    range_of_the_input,
    all_equal,
    rows_or_columns,
    wrong_mask,
    scaled_lines,
    held_fixed,
    constant_added,
    permuted,
    slight_error,
    broken_invariance,
)
"""The first that fits gives the diagnosis."""

SMALL_ERROR_PATTERNS: tuple[Pattern, ...] = (
    not_finite,
    clipped,
    slight_factor,
    float32,
    one_operation,
    constant_added,
    one_element,
    penalty_gradient,
    rows_or_columns,
    slight_error,
)
"""The same for gradients that are nearly right: all other patterns would fit by that alone."""

ALL_PATTERNS = {pattern.name: pattern for pattern in (*PATTERNS, *SMALL_ERROR_PATTERNS)}
"""Every pattern by its name."""
