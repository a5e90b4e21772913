"""How many significant bits numbers use: what format they were rounded to."""

from __future__ import annotations

import numpy as np

from ....utils.typing import Array
from .constants import FORMAT_BITS, FULL_BITS, ROUND_NUMBER_BITS, SAMPLED_VALUES


def significant_bits(values: Array) -> int:
    """Return the bits of the shortest format that holds all the values.

    Parameters
    ----------
    values : ndarray
        The numbers. Zeros, and what is not finite, do not count.

    Returns
    -------
    int
        8 (bfloat16), 11 (float16), 24 (float32) or 53; 0 where there is nothing to judge by, as
        all numbers are as round as 1, 0.5 or 5.
    """
    mantissas = np.frexp(np.abs(np.asarray(values, np.float64)).ravel())[0]
    mantissas = mantissas[(mantissas > 0) & np.isfinite(mantissas)]
    mantissas = mantissas[:: mantissas.size // SAMPLED_VALUES + 1]
    if not mantissas.size or _fit(mantissas, ROUND_NUMBER_BITS):
        return 0
    return next((bits for bits in FORMAT_BITS if _fit(mantissas, bits)), FULL_BITS)


def is_full(values: Array) -> bool:
    """Return whether the values use more bits than float32 has."""
    return significant_bits(values) in (0, FULL_BITS)


def _fit(mantissas: Array, bits: int) -> bool:
    return bool((np.ldexp(mantissas, bits) % 1 == 0).all())
