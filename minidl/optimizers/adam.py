"""Adam."""

import math

import numpy as np

from ..utils.typing import Array
from ..utils.validation import check_number, greater_than, in_range
from .base import Optimizer, Rate
from .compiled import adam_step, check_fast, compile_step


class Adam(Optimizer):
    """Adam: theta = theta - learning_rate * v / (1 - beta1**t) / (sqrt(s / (1 - beta2**t)) + epsilon), t = 1, 2, ...

    v = beta1 v + (1 - beta1) g; s = beta2 s + (1 - beta2) g**2; kept are `mean` = v / (1 - beta1) and `square` = s / (1 - beta2).
    The other parameters are those of `Optimizer`. Kingma, Ba (2015, arXiv:1412.6980), algorithm 1.

    Parameters
    ----------
    beta1, beta2 : float, default 0.9 and 0.999
        In [0, 1).
    epsilon : float, default 1e-8
        > 0.
    fast : bool, optional
        Steps by a compiled loop (the extra `fast`), with the same result to rounding. By default from 50,000 elements on.
    """

    option_name = "adam"
    is_adaptive = True

    def __init__(
        self,
        learning_rate: Rate = 1e-3,
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
        """Make the state."""
        self._compiled = compile_step(adam_step, self.fast, theta)
        self.mean = np.zeros_like(theta)
        self.square = np.zeros_like(theta)
        self._step = np.empty_like(theta)
        self._scalars = np.empty(4, theta.dtype)

    def update(self, theta: Array, grad: Array) -> None:
        """Make one step."""
        t, beta1, beta2 = self.step_count + 1, self.beta1, self.beta2
        root = math.sqrt(
            (1 - beta2) / (1 - beta2**t)
        )  # sqrt(s / (1 - beta2**t)) = root * sqrt(square)
        rate = self._learning_rate * (1 - beta1) / ((1 - beta1**t) * root)
        mean, square, step, scalars = self.mean, self.square, self._step, self._scalars
        scalars[:] = beta1, beta2, rate, self.epsilon / root
        if self._compiled:
            self._compiled(theta, grad, mean, square, scalars)
            return
        mean *= scalars[0, ...]  # an array (): NumPy would convert a number first
        mean += grad
        np.multiply(grad, grad, out=step)
        square *= scalars[1, ...]
        square += step
        np.sqrt(square, out=step)
        step += scalars[3, ...]
        np.divide(mean, step, out=step)
        step *= scalars[2, ...]
        theta -= step
