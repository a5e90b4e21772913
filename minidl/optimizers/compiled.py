"""Optimizer steps as loops compiled by numba: one pass over memory instead of up to ten."""

from __future__ import annotations

import functools
import importlib.util
import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..errors import ArgumentError, MissingDependencyError
from ..utils.typing import Array

Loop: TypeAlias = Callable[..., None]

# From this number of parameters on, `fast=None` compiles the loop, which takes 0.3 s.
AUTO_COMPILE_MIN_SIZE = 50_000


def adam_step(
    theta: Array, grad: Array, first_moment: Array, second_moment: Array, scalars: Array
) -> None:
    """Make one step of Adam in place.

    Parameters
    ----------
    theta, grad : ndarray of shape (P,)
        The parameter vector, modified, and its gradient.
    first_moment, second_moment : ndarray of shape (P,)
        The state of `Adam`, modified.
    scalars : ndarray of shape (4,)
        beta1, beta2, learning rate and epsilon, the last two with their bias correction.
    """
    beta1, beta2, rate, epsilon = scalars[0], scalars[1], scalars[2], scalars[3]
    for i in range(theta.size):
        g = grad[i]
        m = beta1 * first_moment[i] + g
        s = beta2 * second_moment[i] + g * g
        first_moment[i] = m
        second_moment[i] = s
        # m and s, not first_moment[i] and second_moment[i]: reading these again is twice as slow.
        theta[i] -= rate * (m / (np.sqrt(s) + epsilon))


def gradient_descent_step(theta: Array, grad: Array, scalars: Array) -> None:
    """Make one step of gradient descent in place.

    Parameters
    ----------
    theta, grad : ndarray of shape (P,)
        The parameter vector, modified, and its gradient.
    scalars : ndarray of shape (1,)
        The learning rate.
    """
    rate = scalars[0]
    for i in range(theta.size):
        theta[i] -= rate * grad[i]


def check_fast(fast: bool | None, owner: object, *allowed: bool | None) -> bool | None:
    """Return the argument `fast`, or raise `ArgumentError` if it is not an allowed value."""
    if fast not in allowed:
        raise ArgumentError(
            f"fast must be {' or '.join(map(str, allowed))}, got {fast!r} in {type(owner).__name__}"
        )
    return fast


def compile_step(loop: Loop, fast: bool | None, theta: Array) -> Loop | None:
    """Return a compiled loop for vectors such as `theta`.

    Parameters
    ----------
    loop : callable
        `adam_step` or `gradient_descent_step`.
    fast : bool or None
        Whether to compile; None: if numba is installed and `theta` is large enough.
    theta : ndarray of shape (P,)
        The parameter vector, whose dtype the loop is compiled for.

    Returns
    -------
    callable or None
        The compiled loop; None if NumPy should make the step.

    Raises
    ------
    MissingDependencyError
        If `fast` is True and numba is not installed.
    """
    if fast is False or (fast is None and theta.size < AUTO_COMPILE_MIN_SIZE):
        return None
    if importlib.util.find_spec("numba") is None:
        if fast:
            raise MissingDependencyError(
                "fast=True needs numba, which is not installed: pip install minidl[fast]"
            )
        return None
    from concurrent.futures import ThreadPoolExecutor

    # In a thread, which Ctrl-C does not reach: an interrupt while numba compiles would leave it
    # broken or end the process.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_compile, loop, theta.dtype).result()


@functools.cache
def _compile(loop: Loop, dtype: np.dtype[Any]) -> Loop:
    import numba

    # "numpy": x / 0 is inf. A test for division by zero would keep the loop from being vectorized.
    njit = functools.partial(numba.njit, error_model="numpy", nogil=True)
    try:
        compiled: Loop = njit(cache=True)(loop)
    except RuntimeError:  # there is no folder that numba can write its cache to
        compiled = njit()(loop)
    # The first call compiles the loop for this dtype.
    compiled(*(np.ones(4, dtype) for _ in inspect.signature(loop).parameters))
    return compiled
