"""Mistakes in the incoming gradient, after which the formula of a layer is right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...utils.typing import Array


def only(array: Array, row: int) -> Array:
    """Return `array` with zeros in all rows but one."""
    single_row = np.zeros_like(array)
    single_row[row] = array[row]
    return single_row


BATCH_MISTAKES: dict[str, Callable[[Array], Array]] = {
    "only the last example is in the sum over the batch": lambda dy: only(dy, -1),
    "the last example is left out of the sum over the batch": lambda dy: dy - only(dy, -1),
    "only the first example is in the sum over the batch": lambda dy: only(dy, 0),
    "the first example is left out of the sum over the batch": lambda dy: dy - only(dy, 0),
    "the examples of dy are in reverse order": lambda dy: dy[::-1].copy(),
    "the examples of dy are shifted by one": lambda dy: np.roll(dy, 1, axis=0),
    "dy squared instead of dy": lambda dy: dy * dy,
    "the absolute value of dy instead of dy": lambda dy: np.abs(dy),
    "the sign of dy instead of dy": lambda dy: np.sign(dy),
    "the positive part of dy instead of dy": lambda dy: np.maximum(dy, 0),
}
"""The mistake in words, and the wrong incoming gradient as a function of the right one."""

WORDS_WITHOUT_BATCH = {
    "only the last example is in the sum over the batch": "only dy[-1] is used",
    "the last example is left out of the sum over the batch": "dy[-1] is left out",
    "only the first example is in the sum over the batch": "only dy[0] is used",
    "the first example is left out of the sum over the batch": "dy[0] is left out",
    "the examples of dy are in reverse order": "dy is in reverse order along its first axis",
    "the examples of dy are shifted by one": "dy is shifted by one along its first axis",
}
"""The words for a function whose first axis is not known to be that of a batch."""
