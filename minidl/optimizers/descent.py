"""Optimizers whose step is a multiple of the gradient, or of its running mean."""

from __future__ import annotations

import numpy as np

from .. import kernels
from ..arrays import Array
from ..kernels import compiled
from ..schedules import Schedule
from .optimizer import Optimizer, choice, share


class GradientDescent(Optimizer):
    """Gradient descent: theta = theta - learning_rate * g.

    Parameters
    ----------
    learning_rate : float or Schedule
        > 0.
    clip_norm : float, optional
        > 0, the norm to which longer gradients are shortened; no clipping by default.
    fast : bool, default False
        Whether a step is one compiled loop (the extra `fast`) instead of two passes of NumPy. The results are the same. It starts in half a
        second, which it wins back in thousands of steps: so other than `Adam` it waits to be asked.

    Examples
    --------
    >>> theta = np.array([1.0, -2.0])
    >>> GradientDescent(0.1).step(theta, 2 * theta)  # of the parabola sum(theta**2)
    >>> theta
    array([ 0.8, -1.6])
    """

    def __init__(self, learning_rate: float | Schedule, *, clip_norm: float | None = None, fast: bool = False) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.fast = choice(fast, self, (True, False))

    def start(self, theta: Array) -> None:
        """Make the scratch array."""
        self._compiled = compiled(kernels.descent, self.fast, theta)
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


class Momentum(Optimizer):
    """Gradient descent with momentum, as in the course: v = beta v + (1 - beta) g; theta = theta - learning_rate * v.

    v starts at 0 and its bias is not corrected. (PyTorch's momentum has no factor 1 - beta: its learning rate is
    learning_rate * (1 - beta).)

    Parameters
    ----------
    learning_rate : float or Schedule
        > 0.
    beta : float, default 0.9
        The share of v that is kept, in [0, 1).
    clip_norm : float, optional
        > 0, the norm to which longer gradients are shortened; no clipping by default.

    Attributes
    ----------
    velocity : ndarray (P,)
        v / (1 - beta): a pass over memory fewer than v itself.
    """

    def __init__(self, learning_rate: float | Schedule, beta: float = 0.9, *, clip_norm: float | None = None) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.beta = share(beta, "beta", self)

    def start(self, theta: Array) -> None:
        """Make the velocity, at 0."""
        self.velocity = np.zeros_like(theta)
        self._step = np.empty_like(theta)

    def update(self, theta: Array, grad: Array) -> None:
        """Make one step."""
        velocity, step = self.velocity, self._step
        velocity *= self.beta
        velocity += grad
        np.multiply(velocity, self._learning_rate * (1 - self.beta), out=step)
        theta -= step


class Nesterov(Optimizer):
    """Nesterov's momentum: v = beta v + (1 - beta) g; theta = theta - learning_rate * (beta v + (1 - beta) g).

    The gradient counts once more than in `Momentum`, which is as if it were taken where the velocity is about to lead. v starts at 0.
    With the factor 1 - beta of the course's momentum; torch.optim.SGD(nesterov=True, momentum=beta) has none: its learning rate is
    learning_rate * (1 - beta), and then its steps are these.

    Parameters
    ----------
    learning_rate : float or Schedule
        > 0.
    beta : float, default 0.9
        The share of v that is kept, in [0, 1).
    clip_norm : float, optional
        > 0, the norm to which longer gradients are shortened; no clipping by default.

    Attributes
    ----------
    ahead : ndarray (P,)
        beta v / (1 - beta): a pass over memory fewer than v itself.

    Notes
    -----
    Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning" (2013), in the form of Bengio,
    Boulanger-Lewandowski, Pascanu, "Advances in optimizing recurrent networks" (2013), section 3.5.

    Examples
    --------
    >>> theta = np.array([1.0])
    >>> Nesterov(0.1, beta=0.5).step(theta, np.array([4.0]))  # v = 2, and beta v + (1 - beta) g = 3
    >>> theta
    array([0.7])
    """

    def __init__(self, learning_rate: float | Schedule, beta: float = 0.9, *, clip_norm: float | None = None) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.beta = share(beta, "beta", self)

    def start(self, theta: Array) -> None:
        """Make the velocity, at 0."""
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
