"""RMSProp."""

from __future__ import annotations

import math

import numpy as np

from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from ..utils.validation import check_number, greater_than, in_range
from .base import LearningRate, Optimizer


@explain_arguments("__init__")
class RMSProp(Optimizer):
    """RMSProp: divides the gradient by the root of an exponential average of its squares.

    Step by step, from s = 0::

        s = beta * s + (1 - beta) * g**2
        theta = theta - learning_rate * g / (sqrt(s) + epsilon)

    The average is not corrected for its start at 0, so the first steps are longer. The state
    `mean_square` is s / (1 - beta), which saves one pass over memory per step.

    Parameters
    ----------
    learning_rate : float or Schedule, default 1e-3
        Size of a step, > 0, or a schedule that returns it for each step. About the distance that
        each parameter moves in a step, regardless of the scale of its gradient.
    beta : float, default 0.9
        Weight of the past in the average, in [0, 1).
    epsilon : float, default 1e-8
        Added to the root, > 0, so that a gradient of 0 does not divide by 0.
    clip_norm : float, optional
        Maximum Euclidean norm of the gradient, > 0: a longer gradient is scaled down to this norm
        before the step. By default gradients are not clipped.

    Raises
    ------
    ArgumentError
        If an argument is out of its range.

    See Also
    --------
    Adam : RMSProp with momentum, corrected for the start at 0.

    References
    ----------
    .. [1] T. Tieleman, G. Hinton, "Neural Networks for Machine Learning", lecture 6.5, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import RMSProp
    >>> theta = np.array([1.0, -2.0])
    >>> RMSProp(0.1, beta=0.75).step(theta, grad=np.array([4.0, -0.1]))
    >>> theta.round(3)  # the first step is learning_rate / sqrt(1 - beta)
    array([ 0.8, -1.8])
    """

    state_names = ("mean_square",)
    option_name = "rmsprop"
    is_adaptive = True

    def __init__(
        self,
        learning_rate: LearningRate = 1e-3,
        beta: float = 0.9,
        epsilon: float = 1e-8,
        *,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.beta = check_number(beta, "beta", in_range(0, 1, closed="left"), self)
        self.epsilon = check_number(epsilon, "epsilon", greater_than(0), self)

    def init_state(self, theta: Array) -> None:
        self.mean_square = np.zeros_like(theta)
        self._step = np.empty_like(theta)

    def update(self, theta: Array, grad: Array) -> None:
        mean_square, step = self.mean_square, self._step
        root = math.sqrt(1 - self.beta)  # sqrt(s) = root * sqrt(mean_square)
        np.multiply(grad, grad, out=step)
        mean_square *= self.beta
        mean_square += step
        np.sqrt(mean_square, out=step)
        step += self.epsilon / root
        np.divide(grad, step, out=step)
        step *= self.last_learning_rate / root
        theta -= step
