"""Optimizers that divide each element's step by the root of the running mean square of its gradient."""

from __future__ import annotations

import math

import numpy as np

from .. import kernels
from ..arrays import Array
from ..kernels import compiled
from ..schedules import Schedule
from .optimizer import Optimizer, choice, number, positive, share


class RMSProp(Optimizer):
    """RMSProp: s = beta s + (1 - beta) g**2; theta = theta - learning_rate * g / (sqrt(s) + epsilon).

    s starts at 0 and its bias is not corrected: the first steps are up to 1 / sqrt(1 - beta) times as large as the later ones. (As in
    PyTorch, where beta is called alpha.)

    Tieleman, Hinton, "Lecture 6.5: RMSProp", Coursera, Neural Networks for Machine Learning (2012).

    Parameters
    ----------
    learning_rate : float or Schedule, default 0.001
        > 0.
    beta : float, default 0.9
        The share of s that is kept, in [0, 1).
    epsilon : float, default 1e-8
        > 0, lest a step be divided by 0.
    clip_norm : float, optional
        > 0, the norm to which longer gradients are shortened; no clipping by default.

    Attributes
    ----------
    square : ndarray (P,)
        s / (1 - beta): a pass over memory fewer than s itself.

    Examples
    --------
    >>> theta = np.array([1.0, 1.0])
    >>> RMSProp(0.1, beta=0.75).step(theta, np.array([4.0, -0.04]))  # sqrt(s) is half of |g|
    >>> theta.round(4)
    array([0.8, 1.2])
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 1e-3,
        beta: float = 0.9,
        epsilon: float = 1e-8,
        *,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.beta = share(beta, "beta", self)
        self.epsilon = positive(epsilon, "epsilon", self)

    def start(self, theta: Array) -> None:
        """Make the running sum, at 0."""
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


class Adam(Optimizer):
    """Adam: steps by the running mean of the gradient over the root of its running mean square.

    v = beta1 v + (1 - beta1) g;  s = beta2 s + (1 - beta2) g**2;  v_hat = v / (1 - beta1**t);  s_hat = s / (1 - beta2**t);
    theta = theta - learning_rate * v_hat / (sqrt(s_hat) + epsilon), t = 1, 2, ...

    Kingma, Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1 (epsilon outside of the root, after the
    correction: PyTorch's and the course's form).

    Parameters
    ----------
    learning_rate : float or Schedule, default 0.001
        > 0.
    beta1, beta2 : float, default 0.9 and 0.999
        The shares of v and s that are kept, in [0, 1).
    epsilon : float, default 1e-8
        > 0, lest a step be divided by 0.
    clip_norm : float, optional
        > 0, the norm to which longer gradients are shortened; no clipping by default.
    fast : bool, optional
        Whether a step is one compiled loop (the extra `fast`) instead of ten passes of NumPy. By default it is for vectors of 50,000
        elements and more, where numba is installed. The results are the same to rounding.

    Attributes
    ----------
    mean, square : ndarray (P,)
        The running sums v / (1 - beta1) and s / (1 - beta2): two passes over memory fewer than v and s themselves.
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        *,
        clip_norm: float | None = None,
        fast: bool | None = None,
    ) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.beta1 = share(beta1, "beta1", self)
        self.beta2 = share(beta2, "beta2", self)
        self.epsilon = positive(epsilon, "epsilon", self)
        self.fast = choice(fast, self)

    def start(self, theta: Array) -> None:
        """Make both running sums, at 0."""
        self._compiled = compiled(kernels.adam, self.fast, theta)
        self.mean = np.zeros_like(theta)
        self.square = np.zeros_like(theta)
        self._step = np.empty_like(theta)
        self._scalars = np.empty(4, theta.dtype)

    def update(self, theta: Array, grad: Array) -> None:
        """Make one step."""
        t, beta1, beta2 = self.steps_made + 1, self.beta1, self.beta2
        root = math.sqrt((1 - beta2) / (1 - beta2**t))  # sqrt(s_hat) = root * sqrt(square)
        rate = self._learning_rate * (1 - beta1) / ((1 - beta1**t) * root)
        epsilon = self.epsilon / root
        mean, square, step, scalars = self.mean, self.square, self._step, self._scalars
        scalars[:] = beta1, beta2, rate, epsilon
        if self._compiled:
            self._compiled(theta, grad, mean, square, scalars)
            return
        mean *= scalars[0, ...]  # an array (), unlike scalars[0]: what is none NumPy converts first, which takes longer than a small step
        mean += grad
        np.multiply(grad, grad, out=step)
        square *= scalars[1, ...]
        square += step
        np.sqrt(square, out=step)
        step += scalars[3, ...]
        np.divide(mean, step, out=step)
        step *= scalars[2, ...]
        theta -= step


class AdamW(Adam):
    """Adam with decoupled weight decay: theta = theta - learning_rate * weight_decay * theta, then a step of `Adam`.

    Unlike an `L2` penalty the decay is no part of the gradient, so that it is neither divided by the root of the mean square, nor
    clipped, nor seen in the loss. An optimizer knows nothing of layers: it decays the whole vector, biases included, as PyTorch's does.

    Loshchilov, Hutter, "Decoupled weight decay regularization" (2019), algorithm 2, with the learning rate as the schedule multiplier
    of the decay too (PyTorch's form).

    Parameters
    ----------
    learning_rate : float or Schedule, default 0.001
        > 0.
    beta1, beta2 : float, default 0.9 and 0.999
        The shares of v and s that are kept, in [0, 1).
    epsilon : float, default 1e-8
        > 0, lest a step be divided by 0.
    weight_decay : float, default 0.01
        >= 0; with 0 it is Adam.
    clip_norm : float, optional
        > 0, the norm to which longer gradients are shortened; no clipping by default.
    fast : bool, optional
        As in `Adam`.

    Attributes
    ----------
    mean, square : ndarray (P,)
        As in `Adam`.

    Examples
    --------
    >>> theta = np.array([2.0])
    >>> AdamW(0.1, weight_decay=0.5).step(theta, np.array([0.0]))
    >>> theta
    array([1.9])
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        *,
        clip_norm: float | None = None,
        fast: bool | None = None,
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, clip_norm=clip_norm, fast=fast)
        self.weight_decay = number(weight_decay, "weight_decay", self, "finite and >= 0", lambda decay: decay >= 0)

    def update(self, theta: Array, grad: Array) -> None:
        """Make one step."""
        theta *= 1 - self._learning_rate * self.weight_decay
        super().update(theta, grad)
