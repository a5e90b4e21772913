"""Optimizers: how a step of training moves the parameter vector along its gradient.

Each acts on the whole vector at once, in place, and knows nothing of layers. The steps are written as passes over scratch arrays:
nothing is allocated after the first.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np

from .arrays import Array
from .errors import ArgumentError, ShapeError


class Optimizer(ABC):
    """Base of all optimizers: define `start` (make the state) and `update` (one step).

    An optimizer serves one vector at a time and keeps its state between calls of `fit`; given another vector it starts anew.

    Parameters
    ----------
    learning_rate : float
        > 0. May be changed between steps.
    """

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self._theta: Array | None = None

    @property
    def learning_rate(self) -> float:
        """The size of a step."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if not (isinstance(value, int | float | np.number) and math.isfinite(value) and value > 0):
            raise ArgumentError(
                f"learning_rate must be finite and > 0, got {value!r} in {type(self).__name__}: typical values are 0.0001 to 0.1"
            )
        self._learning_rate = float(value)

    def step(self, theta: Array, grad: Array) -> None:
        """Move `theta` (P,) in place along `grad` (P,), which is left as it is."""
        if theta is not self._theta:
            if theta.shape != grad.shape:
                raise ShapeError(f"theta and its gradient must have the same shape, got {theta.shape} and {grad.shape}")
            self.start(theta)
            self._theta = theta
        self.update(theta, grad)

    @abstractmethod
    def start(self, theta: Array) -> None:
        """Make the state for a vector like `theta`."""

    @abstractmethod
    def update(self, theta: Array, grad: Array) -> None:
        """Make one step, with the state that `start` made."""

    def __repr__(self) -> str:
        settings = ", ".join(f"{name.lstrip('_')}={value}" for name, value in vars(self).items() if isinstance(value, float))
        return f"{type(self).__name__}({settings})"


def _share(value: float, name: str, where: str) -> float:
    if not (math.isfinite(value) and 0 <= value < 1):
        raise ArgumentError(f"{name} must be in [0, 1), got {value} in {where}")
    return float(value)


class GradientDescent(Optimizer):
    """Gradient descent: theta = theta - learning_rate * g.

    Examples
    --------
    >>> theta = np.array([1.0, -2.0])
    >>> GradientDescent(0.1).step(theta, 2 * theta)  # of the parabola sum(theta**2)
    >>> theta
    array([ 0.8, -1.6])
    """

    def start(self, theta: Array) -> None:
        """Make the scratch array."""
        self._step = np.empty_like(theta)

    def update(self, theta: Array, grad: Array) -> None:
        """Make one step."""
        np.multiply(grad, self._learning_rate, out=self._step)
        np.subtract(theta, self._step, out=theta)


class Momentum(Optimizer):
    """Gradient descent with momentum, as in the course: v = beta v + (1 - beta) g; theta = theta - learning_rate * v.

    v starts at 0 and its bias is not corrected. (PyTorch's momentum has no factor 1 - beta: its learning rate is
    learning_rate * (1 - beta).)
    """

    def __init__(self, learning_rate: float, beta: float = 0.9) -> None:
        super().__init__(learning_rate)
        self.beta = _share(beta, "beta", "Momentum")

    def start(self, theta: Array) -> None:
        """Make the velocity, at 0."""
        self._velocity = np.zeros_like(theta)
        self._step = np.empty_like(theta)

    def update(self, theta: Array, grad: Array) -> None:
        """Make one step."""
        velocity, step = self._velocity, self._step
        np.multiply(grad, 1 - self.beta, out=step)
        np.multiply(velocity, self.beta, out=velocity)
        np.add(velocity, step, out=velocity)
        np.multiply(velocity, self._learning_rate, out=step)
        np.subtract(theta, step, out=theta)


class Adam(Optimizer):
    """Adam: steps by the running mean of the gradient over the root of its running mean square.

    v = beta1 v + (1 - beta1) g;  s = beta2 s + (1 - beta2) g**2;  v_hat = v / (1 - beta1**t);  s_hat = s / (1 - beta2**t);
    theta = theta - learning_rate * v_hat / (sqrt(s_hat) + epsilon), t = 1, 2, ...

    Kingma, Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1 (epsilon outside of the root, after the
    correction: PyTorch's and the course's form).
    """

    def __init__(self, learning_rate: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> None:
        super().__init__(learning_rate)
        self.beta1 = _share(beta1, "beta1", "Adam")
        self.beta2 = _share(beta2, "beta2", "Adam")
        if not (math.isfinite(epsilon) and epsilon > 0):
            raise ArgumentError(f"epsilon must be finite and > 0, got {epsilon} in Adam")
        self.epsilon = float(epsilon)

    def start(self, theta: Array) -> None:
        """Make both running means, at 0."""
        self.t = 0
        self._mean = np.zeros_like(theta)
        self._square = np.zeros_like(theta)
        self._step = np.empty_like(theta)

    def update(self, theta: Array, grad: Array) -> None:
        """Make one step."""
        mean, square, step = self._mean, self._square, self._step
        self.t += 1
        np.multiply(grad, 1 - self.beta1, out=step)
        np.multiply(mean, self.beta1, out=mean)
        np.add(mean, step, out=mean)
        np.multiply(grad, grad, out=step)
        np.multiply(step, 1 - self.beta2, out=step)
        np.multiply(square, self.beta2, out=square)
        np.add(square, step, out=square)
        # learning_rate * v_hat / (sqrt(s_hat) + epsilon), its numerator and denominator multiplied by root2: two passes fewer.
        root2 = math.sqrt(1 - self.beta2**self.t)
        np.sqrt(square, out=step)
        np.add(step, self.epsilon * root2, out=step)
        np.divide(mean, step, out=step)
        np.multiply(step, self._learning_rate * root2 / (1 - self.beta1**self.t), out=step)
        np.subtract(theta, step, out=theta)
