"""RMSProp."""

import math

import numpy as np

from ..utils.typing import Array
from ..utils.validation import check_number, greater_than, in_range
from .base import Optimizer, Rate


class RMSProp(Optimizer):
    """RMSProp: s = beta s + (1 - beta) g**2; theta = theta - learning_rate * g / (sqrt(s) + epsilon).

    s starts at 0, uncorrected; kept is `square` = s / (1 - beta). The other parameters are those of `Optimizer`.
    Tieleman, Hinton, Neural Networks for Machine Learning, lecture 6.5 (2012).

    Parameters
    ----------
    beta : float, default 0.9
        In [0, 1).
    epsilon : float, default 1e-8
        > 0.
    """

    option_name = "rmsprop"
    is_adaptive = True

    def __init__(
        self,
        learning_rate: Rate = 1e-3,
        beta: float = 0.9,
        epsilon: float = 1e-8,
        *,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.beta = check_number(beta, "beta", in_range(0, 1, closed="left"), self)
        self.epsilon = check_number(epsilon, "epsilon", greater_than(0), self)

    def init_state(self, theta: Array) -> None:
        """Make the state."""
        self.square = np.zeros_like(theta)
        self._step = np.empty_like(theta)

    def update(self, theta: Array, grad: Array) -> None:
        """Make one step."""
        square, step = self.square, self._step
        root = math.sqrt(1 - self.beta)  # sqrt(s) = root * sqrt(square)
        np.multiply(grad, grad, out=step)
        square *= self.beta
        square += step
        np.sqrt(square, out=step)
        step += self.epsilon / root
        np.divide(grad, step, out=step)
        step *= self._learning_rate / root
        theta -= step
