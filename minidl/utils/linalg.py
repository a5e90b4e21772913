"""Matrix products written into an output array."""

from __future__ import annotations

from typing import Any

import numpy as np

from .typing import Array
from .underflow import repeat_without_underflow


def common_dtype(a: Array, b: Array) -> np.dtype[Any]:
    """Return `np.result_type(a, b)`, faster if the dtypes are equal.

    `np.result_type` alone takes longer than a small matrix product.
    """
    return a.dtype if a.dtype == b.dtype else np.result_type(a, b)


def matmul_into(a: Array, b: Array, out: Array) -> Array:
    """Write the matrix product ``a @ b`` into an output array.

    Parameters
    ----------
    a : ndarray of shape (m, k)
        The left factor.
    b : ndarray of shape (k, n)
        The right factor.
    out : ndarray of shape (m, n)
        The output array, of any dtype that can hold the product.

    Returns
    -------
    ndarray
        `out`.

    Raises
    ------
    ValueError
        If the shapes do not match.
    """
    # `dot` has a third of the overhead, but only accepts an `out` exactly as it would create it.
    try:
        return a.dot(b, out)
    except ValueError:
        pass
    except FloatingPointError:
        return repeat_without_underflow(a.dot, b, out)
    try:
        return np.matmul(a, b, out=out)
    except FloatingPointError:
        return repeat_without_underflow(np.matmul, a, b, out)
