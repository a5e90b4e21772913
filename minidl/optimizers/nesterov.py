"""Nesterov's accelerated gradient."""

import numpy as np

from ..utils.typing import Array
from .momentum import Momentum


class Nesterov(Momentum):
    """Nesterov's momentum: v = beta v + (1 - beta) g; theta = theta - learning_rate * (beta v + (1 - beta) g).

    The gradient is as if taken where v is about to lead: Bengio et al. (2013, arXiv:1212.0901), section 3.5. v starts at 0; kept is
    `ahead` = beta v / (1 - beta). The parameters are those of `Momentum`.
    """

    option_name = "nesterov"

    def init_state(self, theta: Array) -> None:
        """Make the state."""
        self.ahead = np.zeros_like(theta)
        self._step = np.empty_like(theta)

    def update(self, theta: Array, grad: Array) -> None:
        """Make one step."""
        ahead, step = self.ahead, self._step
        ahead += grad
        ahead *= self.beta
        np.add(ahead, grad, out=step)
        step *= self._learning_rate * (1 - self.beta)
        theta -= step
