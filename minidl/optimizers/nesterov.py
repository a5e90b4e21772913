"""Nesterov's accelerated gradient."""

from __future__ import annotations

import numpy as np

from ..utils.typing import Array
from .momentum import Momentum


class Nesterov(Momentum):
    """Nesterov's momentum, which looks ahead along the velocity.

    Step by step, from v = 0::

        v = beta * v + (1 - beta) * g
        theta = theta - learning_rate * (beta * v + (1 - beta) * g)

    This approximates momentum with the gradient at the look-ahead point
    ``theta - learning_rate * beta * v`` [1]_. The state `lookahead_velocity` is
    beta * v / (1 - beta), which saves passes over memory.

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
    Momentum : The same without looking ahead.

    References
    ----------
    .. [1] Y. Bengio, N. Boulanger-Lewandowski, R. Pascanu, "Advances in optimizing recurrent
       networks", 2013, https://arxiv.org/abs/1212.0901, section 3.5.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Nesterov
    >>> theta, optimizer = np.array([1.0]), Nesterov(0.1, beta=0.5)
    >>> for _ in range(2):
    ...     optimizer.step(theta, grad=np.array([4.0]))
    >>> theta.round(3)  # 1 - 0.1 * 3 - 0.1 * 3.5
    array([0.35])
    """

    state_names = ("lookahead_velocity",)
    option_name = "nesterov"

    def init_state(self, theta: Array) -> None:
        self.lookahead_velocity = np.zeros_like(theta)
        self._step = np.empty_like(theta)

    def update(self, theta: Array, grad: Array) -> None:
        velocity, step = self.lookahead_velocity, self._step
        velocity += grad
        velocity *= self.beta
        np.add(velocity, grad, out=step)
        step *= self.last_learning_rate * (1 - self.beta)
        theta -= step
