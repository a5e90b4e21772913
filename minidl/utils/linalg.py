"""Matrix products written into an output array."""

from __future__ import annotations

from typing import Any

import numpy as np

from .typing import Array


def common_dtype(a: Array, b: Array) -> np.dtype[Any]:
    """Return `np.result_type(a, b)`, which takes longer than a small product, sooner."""
    return a.dtype if a.dtype == b.dtype else np.result_type(a, b)


def matmul_into(a: Array, b: Array, out: Array) -> Array:
    """Write the matrix product a @ b into `out` and return it."""
    # `dot` is called in a third of the time, but wants an `out` as it would make it.
    try:
        return a.dot(b, out)
    except ValueError:
        return np.matmul(a, b, out=out)
