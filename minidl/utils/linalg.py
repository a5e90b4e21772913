"""Matrix products written into an output array."""

from __future__ import annotations

from typing import Any

import numpy as np

from .sparse_rows import SparseRows
from .typing import Array
from .underflow import repeat_without_underflow

UNTHREADED, THREADED = 1_000_000, 4_000_000
"""OpenBLAS makes products of up to so many multiplications on the calling thread, and others on
threads that go on to wait for work by spinning, for some 20 ms. Up to the second number, a thread
more saves less than 0.1 ms, and takes a processor from others, such as those of a convolution."""


def common_dtype(a: Array | SparseRows, b: Array) -> np.dtype[Any]:
    """Return `np.result_type(a, b)`, faster if the dtypes are equal.

    `np.result_type` alone takes longer than a small matrix product.
    """
    return a.dtype if a.dtype == b.dtype else np.result_type(a.dtype, b.dtype)


def matmul_into(a: Array | SparseRows, b: Array | SparseRows, out: Array) -> Array:
    """Write the matrix product ``a @ b`` into an output array.

    Parameters
    ----------
    a : ndarray or SparseRows of shape (m, k)
        The left factor.
    b : ndarray or SparseRows of shape (k, n)
        The right factor; at most one of them is sparse.
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
    if isinstance(a, SparseRows):
        out[...] = a @ b  # type: ignore[operator]  # b is an array
        return out
    if isinstance(b, SparseRows):
        return b.premultiplied(a, out)
    n_products = len(a) * b.size
    if n_products > UNTHREADED and n_products <= THREADED and a.ndim == b.ndim == 2:
        n_pieces = -(-n_products // UNTHREADED)
        if len(a) >= 2 * n_pieces:  # a single row would be a vector, which takes longer
            return _in_pieces(a, b, out, n_pieces)
    # `dot` has a third of the overhead, but only accepts an `out` exactly as it would create it.
    try:
        return a.dot(b, out)
    except ValueError:
        pass
    except FloatingPointError:
        return repeat_without_underflow(a.dot, b, out)
    return _matmul(a, b, out)


def _in_pieces(a: Array, b: Array, out: Array, n_pieces: int) -> Array:
    length = -(-len(out) // n_pieces)
    for first in range(0, len(out), length):
        piece = slice(first, first + length)
        _matmul(a[piece], b, out[piece])  # `dot` would copy rows of a transposed array
    return out


def _matmul(a: Array, b: Array, out: Array) -> Array:
    try:
        return np.matmul(a, b, out=out)
    except FloatingPointError:
        return repeat_without_underflow(np.matmul, a, b, out)
