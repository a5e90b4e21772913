"""Describe how many elements of a gradient are wrong, where, and by which factors."""

from __future__ import annotations

import numpy as np

from .evidence import Evidence, format_indices, format_ranges

_RATIO_BINS = (
    ("< -1", -1.001),
    ("-1", -0.999),
    ("-1..0", -1e-9),
    ("0", 1e-9),
    ("0..1/2", 0.499),
    ("1/2", 0.501),
    ("1/2..1", 0.999),
    ("1", 1.001),
    ("1..2", 1.999),
    ("2", 2.001),
    ("> 2", np.inf),
)
"""The name and the upper edge of each bin of the histogram of analytic / numeric."""


def error_summary(evidence: Evidence) -> str:
    """Return the number of wrong elements, their places, and a histogram of ratios."""
    is_wrong = evidence.wrong
    block = evidence.lines
    computed = "" if block.is_whole else f" that were computed (of {np.prod(block.shape)})"
    parts = [f"{np.count_nonzero(is_wrong)} of {is_wrong.size} elements{computed} wrong"]
    if evidence.analytic.ndim == 2:
        for axis, line in enumerate(("row", "column")):
            lines, total = evidence.wrong_lines(axis), block.shape[axis]
            if not block.is_searched(axis):
                parts.append(f"{line}s {format_indices(lines)} at least")
                continue
            listed = "all" if len(lines) == total else format_indices(lines)
            parts.append(f"{line}s {listed} of {total}")
    elif 0 < np.count_nonzero(is_wrong) < is_wrong.size:
        parts += _places_along_axes(evidence)
    comparable = is_wrong & (evidence.numeric != 0) & np.isfinite(evidence.analytic)
    if comparable.any():
        edges = [-np.inf, *(edge for _, edge in _RATIO_BINS)]
        ratios = evidence.analytic[comparable] / evidence.numeric[comparable]
        counts, _ = np.histogram(ratios, bins=edges)
        histogram = [
            f"{name}: {count}"
            for (name, _), count in zip(_RATIO_BINS, counts, strict=True)
            if count
        ]
        parts.append("ratios " + ", ".join(histogram))
    return "; ".join(parts)


def _places_along_axes(evidence: Evidence) -> list[str]:
    """Say for each axis of a vector, or of an array of three axes or more, where it is wrong."""
    places, shape = [], evidence.lines.shape
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        wrong = evidence.wrong_lines(axis)
        is_searched = evidence.lines.is_searched(axis)
        known = np.arange(size) if is_searched else evidence.lines.indices[axis]
        right = np.setdiff1d(known, wrong)
        place = f"axis {axis}: " if len(shape) > 1 else ""
        if len(wrong) == size:
            places.append(f"{place}wrong at all {size}")
        else:
            found = f"{place}wrong at {format_ranges(wrong)}"
            places.append(f"{found}, right at {format_ranges(right)}" if right.size else found)
    return places
