"""The solvers "sgd" and "adam" of scikit-learn's networks, step by step as they are there."""

from __future__ import annotations

import math

import numpy as np

from ..optimizers.adam import Adam
from ..optimizers.base import LearningRate, Optimizer
from ..utils.typing import Array
from ..utils.validation import check_flag, check_number, in_range


class SGD(Optimizer):
    """Stochastic gradient descent, whose velocity is in steps.

    Step by step, from v = 0::

        v = momentum * v - learning_rate * g
        theta = theta + v                                      (nesterov=False)
        theta = theta + momentum * v - learning_rate * g       (nesterov=True)

    Unlike in `Momentum`, no gradient is multiplied by 1 - momentum, so that the same steps need a
    learning rate that is 1 - momentum times as large; and a gradient counts with the learning rate
    of its own step, also in later ones.

    Parameters
    ----------
    learning_rate : float or Schedule
        Size of a step, > 0, or a schedule that returns it for each step.
    momentum : float, default 0.9
        The fraction of the velocity that is kept, in [0, 1].
    nesterov : bool, default True
        Whether to look ahead along the velocity.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.sklearn.solvers import SGD
    >>> theta, optimizer = np.array([2.0]), SGD(0.1, 0.5, nesterov=False)
    >>> for _ in range(2):
    ...     optimizer.step(theta, grad=np.array([4.0]))
    >>> theta.round(3)  # 2 - 0.4 - 0.6
    array([1.])
    """

    state_names = ("velocity",)
    is_adaptive = False

    def __init__(
        self, learning_rate: LearningRate, momentum: float = 0.9, *, nesterov: bool = True
    ) -> None:
        super().__init__(learning_rate)
        self.momentum = check_number(momentum, "momentum", in_range(0, 1), self)
        self.nesterov = check_flag(nesterov, "nesterov", self)

    def init_state(self, theta: Array) -> None:
        self.velocity = np.zeros_like(theta)
        self._step, self._ahead = np.empty_like(theta), np.empty_like(theta)

    def update(self, theta: Array, grad: Array) -> None:
        velocity, step = self.velocity, self._step
        np.multiply(grad, self.last_learning_rate, out=step)
        velocity *= self.momentum
        velocity -= step
        if not self.nesterov:
            theta += velocity
            return
        np.multiply(velocity, self.momentum, out=self._ahead)
        self._ahead -= step
        theta += self._ahead


class AdamEpsilonHat(Adam):
    """Adam that adds epsilon to the root before its correction, as in section 2 of the paper.

    The step is ``learning_rate * v_hat / (sqrt(s_hat) + epsilon_hat / sqrt(1 - beta2**t))``, in the
    notation of `Adam`, which adds epsilon itself.

    Parameters
    ----------
    learning_rate : float or Schedule, default 1e-3
        Size of a step, > 0, or a schedule that returns it for each step.
    beta1, beta2 : float, default 0.9 and 0.999
        Weights of the past in both averages, in [0, 1).
    epsilon_hat : float, default 1e-8
        What is added, > 0.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.sklearn.solvers import AdamEpsilonHat
    >>> theta = np.array([1.0])
    >>> AdamEpsilonHat(0.1, epsilon_hat=1.0, beta2=0.75).step(theta, grad=np.array([4.0]))
    >>> theta.round(4)  # 1 - 0.1 * 4 / (4 + 1 / sqrt(1 - 0.75))
    array([0.9333])
    """

    def __init__(
        self,
        learning_rate: LearningRate = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon_hat: float = 1e-8,
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon_hat)
        self.epsilon_hat = self.epsilon

    def update(self, theta: Array, grad: Array) -> None:
        self.epsilon = self.epsilon_hat / math.sqrt(1 - self.beta2 ** (self.step_count + 1))
        super().update(theta, grad)
