"""Optimizer steps as loops compiled by numba: one pass over memory instead of up to ten."""

from __future__ import annotations

import inspect

import numpy as np

from ..utils.compiling import AUTO_COMPILE_MIN_SIZE, Loop, compile_loop, should_compile
from ..utils.typing import Array


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
    if not should_compile(fast, pays=theta.size >= AUTO_COMPILE_MIN_SIZE):
        return None
    n_arrays = len(inspect.signature(loop).parameters)
    return compile_loop(loop, ", ".join([f"{theta.dtype}[::1]"] * n_arrays))
