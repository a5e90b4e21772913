"""Gradients to which a known array is a factor too many or too few."""

from __future__ import annotations

import numpy as np

from ..evidence import Evidence, constant_ratio
from ..limits import MIN_SPARE_ELEMENTS
from .pattern import pattern

_POWERS = {
    1: ("* {name}", "an extra factor of {name}"),
    -1: ("/ {name}", "a factor of {name} is missing"),
    2: ("* {name}**2", "an extra factor of the square of {name}"),
    -2: (
        "/ {name}**2",
        "a factor of the square of {name} is missing: a quotient may be grouped otherwise",
    ),
}


def _fits(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Return whether an array can be broadcast to the shape of the whole."""
    padded = (1,) * (len(whole) - len(shape)) + shape
    return len(padded) == len(whole) and all(
        n in (1, m) for n, m in zip(padded, whole, strict=True)
    )


@pattern("known factor")
def known_factor(e: Evidence) -> str | None:
    """Match analytic = c v**p numeric for a known array v that is not constant."""
    if not e.lines.is_whole or e.numeric.size < MIN_SPARE_ELEMENTS or not e.numeric.all():
        return None
    known = {**e.inputs, "the output": e.output, "dy": e.cotangent}
    for name, array in known.items():
        if array is None or array.dtype.kind != "f" or array.size < 2 or not array.all():
            continue
        if not _fits(array.shape, e.numeric.shape):
            continue
        if np.abs(array).min() == np.abs(array).max():
            continue  # a number: the factor says as much
        for power, (product, words) in _POWERS.items():
            r = constant_ratio(e.analytic, array**power * e.numeric)
            if r is not None:
                number = "" if np.isclose(r, 1) else f"{r:.4g} * "
                finding = f"analytic = {number}numeric {product.format(name=name)}"
                return f"{finding} in {e.lines.all_elements()}: {words.format(name=name)}"
    return None
