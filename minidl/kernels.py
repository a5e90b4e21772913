"""Compiled loops for whoever installed the extra `fast` (numba); without it the same arithmetic is done by passes of NumPy.

NumPy moves the whole vector through memory once per operation, ten times for a step of Adam; a compiled loop does it once. Only what
is memory traffic and nothing else is worth that: the matrix products are BLAS already.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np

from .arrays import Array
from .errors import MissingExtraError

WORTH = 50_000
"""Elements from which a compiled loop is taken unasked: below, it would take thousands of steps to win back its start of 0.3 s."""


def adam(theta: Array, grad: Array, mean: Array, square: Array, scalars: Array) -> None:
    """Move `theta`, `mean` and `square` (P,) by one step of Adam, element by element: the loop that numba compiles.

    `scalars` (4,) are beta1, beta2, the rate and epsilon, in the others' dtype: as an array they cost the call a microsecond less.
    """
    beta1, beta2, rate, epsilon = scalars[0], scalars[1], scalars[2], scalars[3]
    for i in range(theta.size):
        g = grad[i]
        m = beta1 * mean[i] + g
        s = beta2 * square[i] + g * g
        mean[i] = m
        square[i] = s
        theta[i] -= rate * (m / (np.sqrt(s) + epsilon))  # m and s, not the arrays again: to read them anew takes twice as long


def descent(theta: Array, grad: Array, scalars: Array) -> None:
    """Move `theta` (P,) by one step of gradient descent; `scalars` (1,) is the learning rate."""
    rate = scalars[0]
    for i in range(theta.size):
        theta[i] -= rate * grad[i]


def compiled(loop: Callable[..., None], fast: bool | None, theta: Array) -> Callable[..., None] | None:
    """Return `loop` compiled, or None where NumPy is to do the work.

    Parameters
    ----------
    loop : function
        A loop of this module.
    fast : bool or None
        None: where numba is installed and `theta` is large enough. True insists, False forbids.
    theta : ndarray
        One of the arrays that it will be called with, all of the same dtype.

    Raises
    ------
    MissingExtraError
        If `fast` is true and numba is not installed.
    """
    if fast is False or (fast is None and theta.size < WORTH):
        return None
    if importlib.util.find_spec("numba") is None:
        if fast:
            raise MissingExtraError("fast=True needs numba, which is not installed: pip install 'minidl[fast]', or leave fast out")
        return None
    from concurrent.futures import ThreadPoolExecutor  # here, so that `import minidl` need not wait for it

    # In a thread of its own, for Ctrl-C reaches the main thread alone: numba that is interrupted while it compiles is broken, or ends the
    # process. Whoever leaves the `with` waits for it.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_compile, loop, theta.dtype).result()


@functools.cache
def _compile(loop: Callable[..., None], dtype: np.dtype[Any]) -> Callable[..., None]:
    import numba

    # "numpy": x / 0 is inf instead of an exception; only without that test can the loop be vectorised. The GIL is not needed.
    options: dict[str, Any] = {"error_model": "numpy", "nogil": True}
    try:
        done: Callable[..., None] = numba.njit(cache=True, **options)(loop)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        done = numba.njit(**options)(loop)
    done(*(np.ones(4, dtype) for _ in signature(loop).parameters))  # numba compiles at the first call
    return done
