"""Adam."""

from __future__ import annotations

import math

import numpy as np

from ..utils.compiling import check_fast
from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from ..utils.validation import check_number, greater_than, in_range
from .base import LearningRate, Optimizer
from .compiled import adam_step, compile_step


@explain_arguments("__init__")
class Adam(Optimizer):
    """Adam: momentum, divided by the root of an exponential average of the squared gradients.

    Step by step, for t = 1, 2, ... from v = 0 and s = 0::

        v = beta1 * v + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g**2
        v_hat = v / (1 - beta1**t)
        s_hat = s / (1 - beta2**t)
        theta = theta - learning_rate * v_hat / (sqrt(s_hat) + epsilon)

    The divisions by 1 - beta**t correct the averages for their start at 0. The state
    `first_moment` is v / (1 - beta1), `second_moment` is s / (1 - beta2), which saves passes over
    memory.

    Parameters
    ----------
    learning_rate : float or Schedule, default 1e-3
        Size of a step, > 0, or a schedule that returns it for each step. About the distance that
        each parameter moves in a step, regardless of the scale of its gradient.
    beta1 : float, default 0.9
        Weight of the past in the average of the gradients, in [0, 1).
    beta2 : float, default 0.999
        Weight of the past in the average of the squared gradients, in [0, 1).
    epsilon : float, default 1e-8
        Added to the root, > 0, so that a gradient of 0 does not divide by 0.
    clip_norm : float, optional
        Maximum Euclidean norm of the gradient, > 0: a longer gradient is scaled down to this norm
        before the step. By default gradients are not clipped.
    fast : bool, optional
        Whether a loop compiled by numba makes the steps (extra ``fast``); the
        results agree to rounding. By default it does if numba is installed and the model has at
        least 50,000 parameters.

    Raises
    ------
    ArgumentError
        If an argument is out of its range.
    MissingDependencyError
        At the first step, if `fast` is True and numba is not installed.

    See Also
    --------
    AdamW : Adam with decoupled weight decay.
    RMSProp : Without momentum and without the correction.

    References
    ----------
    .. [1] D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", 2015,
       https://arxiv.org/abs/1412.6980, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Adam
    >>> theta = np.array([1.0, -2.0])
    >>> Adam(0.1).step(theta, grad=np.array([4.0, -0.1]))
    >>> theta.round(3)  # the first step has the size of the learning rate
    array([ 0.9, -1.9])
    """

    state_names = ("first_moment", "second_moment")
    option_name = "adam"
    is_adaptive = True

    def __init__(
        self,
        learning_rate: LearningRate = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        *,
        clip_norm: float | None = None,
        fast: bool | None = None,
    ) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.beta1 = check_number(beta1, "beta1", in_range(0, 1, closed="left"), self)
        self.beta2 = check_number(beta2, "beta2", in_range(0, 1, closed="left"), self)
        self.epsilon = check_number(epsilon, "epsilon", greater_than(0), self)
        self.fast = check_fast(fast, self, None, True, False)

    def init_state(self, theta: Array) -> None:
        self._compiled = compile_step(adam_step, self.fast, theta)
        self.first_moment = np.zeros_like(theta)
        self.second_moment = np.zeros_like(theta)
        self._step = np.empty_like(theta)
        self._scalars = np.empty(4, theta.dtype)

    def update(self, theta: Array, grad: Array) -> None:
        t = self.step_count + 1
        beta1, beta2 = self.beta1, self.beta2
        # sqrt(s_hat) = root * sqrt(second_moment); numerator and denominator are divided by root.
        root = math.sqrt((1 - beta2) / (1 - beta2**t))
        rate = self.last_learning_rate * (1 - beta1) / ((1 - beta1**t) * root)
        first_moment, second_moment = self.first_moment, self.second_moment
        step, scalars = self._step, self._scalars
        scalars[:] = beta1, beta2, rate, self.epsilon / root
        if self._compiled:
            self._compiled(theta, grad, first_moment, second_moment, scalars)
            return
        first_moment *= scalars[0, ...]  # an array (), which NumPy need not convert
        first_moment += grad
        np.multiply(grad, grad, out=step)
        second_moment *= scalars[1, ...]
        second_moment += step
        np.sqrt(second_moment, out=step)
        step += scalars[3, ...]
        np.divide(first_moment, step, out=step)
        step *= scalars[2, ...]
        theta -= step
