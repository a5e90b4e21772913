"""Gradient descent with momentum."""

from __future__ import annotations

import numpy as np

from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from ..utils.validation import check_number, in_range
from .base import LearningRate, Optimizer


@explain_arguments("__init__")
class Momentum(Optimizer):
    """Gradient descent with momentum, along an exponential average of the gradients.

    Step by step, from v = 0::

        v = beta * v + (1 - beta) * g
        theta = theta - learning_rate * v

    This is the form of the DeepLearning.AI specialization; where v is accumulated without the
    factor 1 - beta, as in PyTorch, the same steps need a learning rate that is 1 - beta times as
    large. The state `velocity` is v / (1 - beta), which saves one pass over memory per step.

    Parameters
    ----------
    learning_rate : float or Schedule
        Size of a step, > 0, or a schedule that returns it for each step.
    beta : float, default 0.9
        Weight of the past in the average, in [0, 1): about 1 / (1 - beta) gradients count.
        With 0 it is gradient descent.
    clip_norm : float, optional
        Maximum Euclidean norm of the gradient, > 0: a longer gradient is scaled down to this norm
        before the step. By default gradients are not clipped.

    Raises
    ------
    ArgumentError
        If an argument is out of its range.

    See Also
    --------
    Nesterov : Momentum with the gradient at the point that the velocity leads to.

    References
    ----------
    .. [1] B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR
       Computational Mathematics and Mathematical Physics 4(5), 1964.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Momentum
    >>> theta, optimizer = np.array([1.0]), Momentum(0.1, beta=0.5)
    >>> for _ in range(2):
    ...     optimizer.step(theta, grad=np.array([4.0]))
    >>> theta  # 1 - 0.1 * 2 - 0.1 * 3
    array([0.5])
    """

    state_names = ("velocity",)
    option_name = "momentum"
    is_adaptive = False

    def __init__(
        self, learning_rate: LearningRate, beta: float = 0.9, *, clip_norm: float | None = None
    ) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.beta = check_number(beta, "beta", in_range(0, 1, closed="left"), self)

    def init_state(self, theta: Array) -> None:
        self.velocity = np.zeros_like(theta)
        self._step = np.empty_like(theta)

    def update(self, theta: Array, grad: Array) -> None:
        velocity, step = self.velocity, self._step
        velocity *= self.beta
        velocity += grad
        np.multiply(velocity, self.last_learning_rate * (1 - self.beta), out=step)
        theta -= step
