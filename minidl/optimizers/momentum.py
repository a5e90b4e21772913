"""Gradient descent with momentum."""

import numpy as np

from ..utils.typing import Array
from ..utils.validation import check_number, in_range
from .base import Optimizer, Rate


class Momentum(Optimizer):
    """Gradient descent with momentum, as in the course: v = beta v + (1 - beta) g; theta = theta - learning_rate * v.

    v starts at 0; kept is `velocity` = v / (1 - beta), which saves a pass over memory. The other parameters are those of `Optimizer`.

    Parameters
    ----------
    beta : float, default 0.9
        In [0, 1).
    """

    option_name = "momentum"
    is_adaptive = False

    def __init__(
        self, learning_rate: Rate, beta: float = 0.9, *, clip_norm: float | None = None
    ) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.beta = check_number(beta, "beta", in_range(0, 1, closed="left"), self)

    def init_state(self, theta: Array) -> None:
        """Make the state."""
        self.velocity = np.zeros_like(theta)
        self._step = np.empty_like(theta)

    def update(self, theta: Array, grad: Array) -> None:
        """Make one step."""
        velocity, step = self.velocity, self._step
        velocity *= self.beta
        velocity += grad
        np.multiply(velocity, self._learning_rate * (1 - self.beta), out=step)
        theta -= step
