"""Gradient descent."""

import numpy as np

from ..utils.typing import Array
from .base import Optimizer, Rate
from .compiled import check_fast, compile_step, gradient_descent_step


class GradientDescent(Optimizer):
    """Gradient descent: theta = theta - learning_rate * g.

    The other parameters are those of `Optimizer`.

    Parameters
    ----------
    fast : bool, default False
        Steps by a compiled loop (the extra `fast`), with the same result.
    """

    option_name = "gd"
    estimator_name = "sgd"
    is_adaptive = False

    def __init__(
        self, learning_rate: Rate, *, clip_norm: float | None = None, fast: bool = False
    ) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.fast = check_fast(fast, self, True, False)

    def init_state(self, theta: Array) -> None:
        """Make the state."""
        self._compiled = compile_step(gradient_descent_step, self.fast, theta)
        self._step = np.empty_like(theta)
        self._scalars = np.empty(1, theta.dtype)

    def update(self, theta: Array, grad: Array) -> None:
        """Make one step."""
        if self._compiled:
            self._scalars[0] = self._learning_rate
            self._compiled(theta, grad, self._scalars)
            return
        np.multiply(grad, self._learning_rate, out=self._step)
        theta -= self._step
