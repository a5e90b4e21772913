"""A hint for functions that lose the complex step, which is exact, by a buffer."""

from __future__ import annotations

import re

_DISCARDED = re.compile(r"discards the imaginary part in (line \d+ of [^)]+)")
"""NumPy's words where complex numbers are written into real arrays, and where that is."""


def complex_hint(notes: list[str]) -> list[str]:
    """Return the hint if one of the notes of a report mentions such an array."""
    places = [found[1] for note in notes if (found := _DISCARDED.search(note))]
    return [
        f"hint: an array such as np.zeros(shape), into which the function writes in {place}, "
        "discards imaginary parts; made with dtype=x.dtype it allows the complex step, which is "
        "exact and takes a seventh of the calls"
        for place in places[:1]
    ]
