"""Masked arrays, whose mask NumPy's conversions drop without a word."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError


def check_not_masked(values: Any, name: str) -> None:
    """Raise `ArgumentError` if an array, or one of a list of arrays, has masked elements.

    Parameters
    ----------
    values : object
        What the user passed.
    name : str
        Name of the argument, for the message.

    Raises
    ------
    ArgumentError
        If elements are masked. A masked array without masked elements is like any other array.
    """
    if type(values) is np.ndarray:  # nearly always
        return
    arrays = values if isinstance(values, list | tuple) else (values,)
    for array in arrays:
        if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
            n_masked = int(np.ma.getmaskarray(array).sum())
            raise ArgumentError(
                f"{name} must not have masked elements, got {n_masked} of {array.size}: "
                f"fill them ({name}.filled(0)), or drop such rows (np.ma.compress_rows({name}))"
            )
