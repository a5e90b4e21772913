"""Gradient descent."""

from __future__ import annotations

import numpy as np

from ..utils.compiling import check_fast
from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from .base import LearningRate, Optimizer
from .compiled import compile_step, gradient_descent_step


@explain_arguments("__init__")
class GradientDescent(Optimizer):
    """Gradient descent: ``theta = theta - learning_rate * g``.

    With mini-batches, g is the gradient of the objective on one batch, and this is stochastic
    gradient descent.

    Parameters
    ----------
    learning_rate : float or Schedule
        Size of a step, > 0, or a schedule that returns it for each step.
    clip_norm : float, optional
        Maximum Euclidean norm of the gradient, > 0: a longer gradient is scaled down to this norm
        before the step. By default gradients are not clipped.
    fast : bool, default False
        Whether a loop compiled by numba makes the steps (extra ``fast``); the
        results are equal bit for bit.

    Raises
    ------
    ArgumentError
        If an argument is out of its range.
    MissingDependencyError
        At the first step, if `fast` is True and numba is not installed.

    See Also
    --------
    Momentum : Averages the gradients of the last steps.
    Adam : Also adapts the step size of each parameter.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import GradientDescent
    >>> theta = np.array([1.0, -2.0])
    >>> GradientDescent(0.1).step(theta, grad=np.array([2.0, -1.0]))
    >>> theta
    array([ 0.8, -1.9])
    """

    option_name = "gd"
    is_adaptive = False

    def __init__(
        self, learning_rate: LearningRate, *, clip_norm: float | None = None, fast: bool = False
    ) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.fast = check_fast(fast, self, True, False)

    def init_state(self, theta: Array) -> None:
        self._compiled = compile_step(gradient_descent_step, self.fast, theta)
        self._step = np.empty_like(theta)
        self._scalars = np.empty(1, theta.dtype)

    def update(self, theta: Array, grad: Array) -> None:
        if self._compiled:
            self._scalars[0] = self.last_learning_rate
            self._compiled(theta, grad, self._scalars)
            return
        np.multiply(grad, self.last_learning_rate, out=self._step)
        theta -= self._step
