"""A hint for functions that lose the complex step, which is exact, by a buffer."""

from __future__ import annotations

_DISCARDED = "discards the imaginary part"
"""NumPy's words where complex numbers are written into real arrays."""

HINT = (
    "hint: an array such as np.zeros(shape), into which the function writes, discards imaginary "
    "parts; made with dtype=x.dtype it allows the complex step, which is exact and takes a seventh "
    "of the calls"
)


def complex_hint(notes: list[str]) -> list[str]:
    """Return the hint if one of the notes of a report mentions such an array."""
    return [HINT] if any(_DISCARDED in note for note in notes) else []
