"""Adam with decoupled weight decay."""

from __future__ import annotations

from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from ..utils.validation import at_least, check_number
from .adam import Adam
from .base import LearningRate


@explain_arguments("__init__")
class AdamW(Adam):
    """Adam with decoupled weight decay: shrinks all parameters, then makes a step of `Adam`.

    Step by step, with v_hat and s_hat as in `Adam`::

        theta = theta - learning_rate * weight_decay * theta
        theta = theta - learning_rate * v_hat / (sqrt(s_hat) + epsilon)

    Unlike the gradient of an `L2` penalty, the decay is not divided by the root of the squared
    gradients, not clipped and not part of the loss; it also shrinks biases.

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
    weight_decay : float, default 0.01
        Strength of the decay, >= 0: a step removes the fraction learning_rate * weight_decay of
        each parameter.
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
    Adam : Without weight decay.
    L2 : A penalty that is part of the loss.

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", 2019,
       https://arxiv.org/abs/1711.05101, algorithm 2.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import AdamW
    >>> theta = np.array([1.0, -2.0])
    >>> AdamW(0.1, weight_decay=0.5).step(theta, grad=np.array([4.0, -0.1]))
    >>> theta.round(3)  # 0.95 * theta, then a step of 0.1
    array([ 0.85, -1.8 ])
    """

    option_name = "adamw"

    def __init__(
        self,
        learning_rate: LearningRate = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        *,
        clip_norm: float | None = None,
        fast: bool | None = None,
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, clip_norm=clip_norm, fast=fast)
        self.weight_decay = check_number(weight_decay, "weight_decay", at_least(0), self)

    def update(self, theta: Array, grad: Array) -> None:
        theta *= 1 - self.last_learning_rate * self.weight_decay
        super().update(theta, grad)
