"""Gradients of something else: of a known mistake, of another array, of a penalty."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ....utils.typing import Array
from ...constants import CLOSE, RATIO_AGREEMENT
from ..evidence import Evidence, are_close, constant_ratio
from ..limits import MIN_SPARE_ELEMENTS
from .invariance import sums_to_zero
from .pattern import pattern


@pattern("known mistake", names_cause=False)
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
            return (
                f"analytic = the numeric gradient of {name}: gradients of two arrays swapped, "
                f"this one belongs to {name}"
            )
    return None


@pattern("a penalty's gradient")
def penalty_gradient(e: Evidence) -> str | None:
    """Match an error that is proportional to the weights or to their signs."""
    for name, r in penalty_coefficients(e):
        of_others = np.isclose(e.penalty_coefficients, r, rtol=RATIO_AGREEMENT)
        if e.analytic.size > 1 or of_others.any():  # any two numbers have a ratio
            return (
                f"analytic - numeric = {r:.4g} x {name}: consistent with the gradient of a "
                f"penalty (weight decay) that is {_penalty_mistakes(r)}"
            )
    return None


def penalty_coefficients(e: Evidence) -> Iterator[tuple[str, float]]:
    """Yield what the error is proportional to, in words, and the factor."""
    value = e.parameter_value
    if value is None or value.shape != e.analytic.shape:
        return
    if sums_to_zero(e.numeric * value, tuple(range(value.ndim))) and value.size > 1:
        return  # of an invariant function: a norm or a sum may be held fixed
    themselves, of_them = "the weights themselves", "the weights"
    if e.name:
        themselves, of_them = f"{e.name} itself", e.name
    r = constant_ratio(e.analytic - e.numeric, value)
    if r is not None and not _is_constant(value):
        yield themselves, r
    signs = np.sign(value)
    r = constant_ratio(e.analytic - e.numeric, signs)
    is_few = 1 < signs.size < MIN_SPARE_ELEMENTS  # two errors that sum to zero have one size
    if r is not None and not _is_constant(signs) and not is_few:
        yield f"the sign of {of_them}", r


def _is_constant(array: Array) -> bool:
    """Return whether several elements are one number: then a constant is added."""
    return array.size > 1 and bool((array == array.flat[0]).all())


def _penalty_mistakes(r: float) -> str:
    """Return which mistakes with a penalty of positive strength give an error of this sign."""
    if r > 0:
        return "wrong, added twice, doubled, or not in the cost, as on biases"
    return "wrong, missing or halved"
