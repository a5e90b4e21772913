"""Optimizer steps as loops that numba compiles: one pass over memory instead of up to ten."""

import functools
import importlib.util
from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np

from ..errors import ArgumentError, MissingDependencyError
from ..utils.typing import Array

Loop = Callable[..., None]


AUTO_COMPILE_MIN_SIZE = 50_000


"""Elements from which a loop is compiled unasked, which takes 0.3 s."""


def adam_step(theta: Array, grad: Array, mean: Array, square: Array, scalars: Array) -> None:
    """Make one step of Adam."""
    beta1, beta2, rate, epsilon = scalars[0], scalars[1], scalars[2], scalars[3]
    for i in range(theta.size):
        g = grad[i]
        m = beta1 * mean[i] + g
        s = beta2 * square[i] + g * g
        mean[i] = m
        square[i] = s
        theta[i] -= rate * (
            m / (np.sqrt(s) + epsilon)
        )  # to read the arrays again takes twice as long


def gradient_descent_step(theta: Array, grad: Array, scalars: Array) -> None:
    """Make one step of gradient descent."""
    rate = scalars[0]
    for i in range(theta.size):
        theta[i] -= rate * grad[i]


def check_fast(fast: bool | None, owner: object, *allowed: bool | None) -> bool | None:
    """Return `fast`, if it is allowed."""
    if fast not in allowed:
        raise ArgumentError(
            f"fast must be {' or '.join(map(str, allowed))}, got {fast!r} in {type(owner).__name__}"
        )
    return fast


def compile_step(loop: Loop, fast: bool | None, theta: Array) -> Loop | None:
    """Return `loop` compiled, or None where NumPy is to do the work; where `fast` is None, the size decides."""
    if fast is False or (fast is None and theta.size < AUTO_COMPILE_MIN_SIZE):
        return None
    if importlib.util.find_spec("numba") is None:
        if fast:
            raise MissingDependencyError(
                "fast=True needs numba, which is not installed: pip install minidl[fast]"
            )
        return None
    from concurrent.futures import ThreadPoolExecutor

    # In a thread, which Ctrl-C does not reach: interrupted, numba is broken or ends the process.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_compile, loop, theta.dtype).result()


@functools.cache
def _compile(loop: Loop, dtype: np.dtype[Any]) -> Loop:
    import numba

    # "numpy": x / 0 is inf; the test for an exception would keep the loop from being vectorised.
    njit = functools.partial(numba.njit, error_model="numpy", nogil=True)
    try:
        done: Loop = njit(cache=True)(loop)
    except RuntimeError:  # no folder for a cache can be written
        done = njit()(loop)
    done(*(np.ones(4, dtype) for _ in signature(loop).parameters))  # compiles
    return done
