"""Optimizers: how a step moves the parameters, in place."""

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from .arrays import Array
from .errors import ArgumentError, ShapeError, number
from .kernels import adam, choice, clipped, compiled, descent
from .schedules import Schedule, described, remade

Rate = float | Schedule


class Optimizer(ABC):
    """Base of all optimizers: define `start` (make the state) and `update` (one step).

    The state stays between calls of `fit`; another vector starts anew.

    Parameters
    ----------
    learning_rate : float or Schedule
        > 0, or how it changes with the number of steps made.
    clip_norm : float, optional
        > 0, to which a longer gradient is shortened: Pascanu et al. (2013, arXiv:1211.5063), algorithm 1.

    Attributes
    ----------
    steps_made : int
        On the vector.

    Raises
    ------
    ArgumentError, MissingExtraError
        For settings out of their range, of any optimizer; for `fast=True` without numba, at the first step.
    """

    def __init__(self, learning_rate: Rate, *, clip_norm: float | None = None) -> None:
        self.steps_made = 0
        self.learning_rate = learning_rate
        self._clip_norm = None if clip_norm is None else number(clip_norm, "clip_norm", "finite and > 0", self, "or None")
        self._buffers: dict[str, Array] = {}
        self._theta: Array | None = None

    @property
    def learning_rate(self) -> float:
        """The size of the next step; may be assigned. Step 0 of a `Schedule` is the optimizer's first."""
        return self._learning_rate if self._schedule is None else self._scheduled(self._schedule)

    @learning_rate.setter
    def learning_rate(self, value: Rate) -> None:
        schedule = value if isinstance(value, Schedule) else None
        cure = "take 0.0001 to 0.1, or pass a Schedule such as Cosine(0.01, steps=1000)"
        rate = number(value, "learning_rate", "finite and > 0", self, cure) if schedule is None else self._scheduled(schedule)
        self._learning_rate, self._schedule = rate, schedule

    @property
    def schedule(self) -> Schedule | None:
        """What the learning rate follows, if not a number."""
        return self._schedule

    @property
    def last_learning_rate(self) -> float:
        """The size of the last step; before the first, of that."""
        return self._learning_rate

    @property
    def clip_norm(self) -> float | None:
        """The norm of the longest gradient."""
        return self._clip_norm

    def _scheduled(self, schedule: Schedule) -> float:
        made = self.steps_made
        return float(number(schedule(made), f"the rate of {schedule} at step {made}", "finite and >= 0", self))

    def step(self, theta: Array, grad: Array) -> None:
        """Move `theta` (P,) in place along `grad` (P,), which is left as it is."""
        if theta is not self._theta:
            if theta.shape != grad.shape:
                raise ShapeError(f"theta and its gradient must have the same shape, got {theta.shape} and {grad.shape}")
            self.start(theta)
            self._theta, self.steps_made = theta, 0
        if self._schedule is not None:
            self._learning_rate = self._scheduled(self._schedule)
        if self._clip_norm is not None:
            grad = clipped(grad, self._clip_norm, self._buffers)
        self.update(theta, grad)
        self.steps_made += 1

    def state(self) -> dict[str, Any]:
        """Return what the next step depends on: the learning rate, and the attributes without a leading underscore."""
        held = {name: value for name, value in vars(self).items() if name[0] != "_"}
        for name, value in held.items():
            if not isinstance(value, int | float | str | np.ndarray | None):
                rule = "must be an array or a plain value to be kept, or begin with an underscore"
                raise ArgumentError(f"{type(self).__name__}.{name} {rule}, got {value!r}")
        return {"learning_rate": self._learning_rate, "_schedule": described(self._schedule)} | held

    def restore(self, theta: Array, state: dict[str, Any]) -> None:
        """Go on with `theta` as the optimizer of this `state`, whose schedule must be known or this one's."""
        held = dict(state)
        rate, schedule = held.pop("learning_rate"), remade(held.pop("_schedule"), self._schedule)
        self.start(theta)
        self._theta = theta
        for name, value in held.items():
            setattr(self, name, value.copy() if isinstance(value, np.ndarray) else value)
        self.learning_rate = rate if schedule is None else schedule
        self._learning_rate = float(rate)  # of the last step

    @abstractmethod
    def start(self, theta: Array) -> None:
        """Make the state for a vector like `theta`."""

    @abstractmethod
    def update(self, theta: Array, grad: Array) -> None:
        """Make one step on `theta` along `grad`."""

    def __repr__(self) -> str:
        told: dict[str, Any] = {name.lstrip("_"): value for name, value in vars(self).items() if isinstance(value, float)}
        told["learning_rate"] = self._learning_rate if self._schedule is None else self._schedule
        if self._clip_norm:
            told["clip_norm"] = told.pop("clip_norm")  # the last
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in told.items())})"


class GradientDescent(Optimizer):
    """Gradient descent: theta = theta - learning_rate * g.

    The other parameters are those of `Optimizer`.

    Parameters
    ----------
    fast : bool, default False
        Steps by a compiled loop (the extra `fast`), with the same result.
    """

    def __init__(self, learning_rate: Rate, *, clip_norm: float | None = None, fast: bool = False) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.fast = choice(fast, self, True, False)

    def start(self, theta: Array) -> None:
        """Make the state."""
        self._compiled = compiled(descent, self.fast, theta)
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

    v starts at 0; kept is `velocity` = v / (1 - beta), which saves a pass over memory. The other parameters are those of `Optimizer`.

    Parameters
    ----------
    beta : float, default 0.9
        In [0, 1).
    """

    def __init__(self, learning_rate: Rate, beta: float = 0.9, *, clip_norm: float | None = None) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.beta = number(beta, "beta", "in [0, 1)", self)

    def start(self, theta: Array) -> None:
        """Make the state."""
        self.velocity = np.zeros_like(theta)
        self._step = np.empty_like(theta)

    def update(self, theta: Array, grad: Array) -> None:
        """Make one step."""
        velocity, step = self.velocity, self._step
        velocity *= self.beta
        velocity += grad
        np.multiply(velocity, self._learning_rate * (1 - self.beta), out=step)
        theta -= step


class Nesterov(Momentum):
    """Nesterov's momentum: v = beta v + (1 - beta) g; theta = theta - learning_rate * (beta v + (1 - beta) g).

    The gradient is as if taken where v is about to lead: Bengio et al. (2013, arXiv:1212.0901), section 3.5. v starts at 0; kept is
    `ahead` = beta v / (1 - beta). The parameters are those of `Momentum`.
    """

    def start(self, theta: Array) -> None:
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


class RMSProp(Optimizer):
    """RMSProp: s = beta s + (1 - beta) g**2; theta = theta - learning_rate * g / (sqrt(s) + epsilon).

    s starts at 0, uncorrected; kept is `square` = s / (1 - beta). The other parameters are those of `Optimizer`.
    Tieleman, Hinton, Neural Networks for Machine Learning, lecture 6.5 (2012).

    Parameters
    ----------
    beta : float, default 0.9
        In [0, 1).
    epsilon : float, default 1e-8
        > 0.
    """

    def __init__(self, learning_rate: Rate = 1e-3, beta: float = 0.9, epsilon: float = 1e-8, *, clip_norm: float | None = None) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.beta = number(beta, "beta", "in [0, 1)", self)
        self.epsilon = number(epsilon, "epsilon", "finite and > 0", self)

    def start(self, theta: Array) -> None:
        """Make the state."""
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
    """Adam: theta = theta - learning_rate * v / (1 - beta1**t) / (sqrt(s / (1 - beta2**t)) + epsilon), t = 1, 2, ...

    v = beta1 v + (1 - beta1) g; s = beta2 s + (1 - beta2) g**2; kept are `mean` = v / (1 - beta1) and `square` = s / (1 - beta2).
    The other parameters are those of `Optimizer`. Kingma, Ba (2015, arXiv:1412.6980), algorithm 1.

    Parameters
    ----------
    beta1, beta2 : float, default 0.9 and 0.999
        In [0, 1).
    epsilon : float, default 1e-8
        > 0.
    fast : bool, optional
        Steps by a compiled loop (the extra `fast`), with the same result to rounding. By default from 50,000 elements on.
    """

    def __init__(
        self,
        learning_rate: Rate = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        *,
        clip_norm: float | None = None,
        fast: bool | None = None,
    ) -> None:
        super().__init__(learning_rate, clip_norm=clip_norm)
        self.beta1 = number(beta1, "beta1", "in [0, 1)", self)
        self.beta2 = number(beta2, "beta2", "in [0, 1)", self)
        self.epsilon = number(epsilon, "epsilon", "finite and > 0", self)
        self.fast = choice(fast, self, None, True, False)

    def start(self, theta: Array) -> None:
        """Make the state."""
        self._compiled = compiled(adam, self.fast, theta)
        self.mean = np.zeros_like(theta)
        self.square = np.zeros_like(theta)
        self._step = np.empty_like(theta)
        self._scalars = np.empty(4, theta.dtype)

    def update(self, theta: Array, grad: Array) -> None:
        """Make one step."""
        t, beta1, beta2 = self.steps_made + 1, self.beta1, self.beta2
        root = math.sqrt((1 - beta2) / (1 - beta2**t))  # sqrt(s / (1 - beta2**t)) = root * sqrt(square)
        rate = self._learning_rate * (1 - beta1) / ((1 - beta1**t) * root)
        mean, square, step, scalars = self.mean, self.square, self._step, self._scalars
        scalars[:] = beta1, beta2, rate, self.epsilon / root
        if self._compiled:
            self._compiled(theta, grad, mean, square, scalars)
            return
        mean *= scalars[0, ...]  # an array (): NumPy would convert a number first
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

    Unlike `L2` it is neither scaled, nor clipped, nor in the loss, and acts on biases too. The other parameters are those of `Adam`.
    Loshchilov, Hutter (2019, arXiv:1711.05101), algorithm 2.

    Parameters
    ----------
    weight_decay : float, default 0.01
        >= 0.
    """

    def __init__(
        self,
        learning_rate: Rate = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        *,
        clip_norm: float | None = None,
        fast: bool | None = None,
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, clip_norm=clip_norm, fast=fast)
        self.weight_decay = number(weight_decay, "weight_decay", "finite and >= 0", self)

    def update(self, theta: Array, grad: Array) -> None:
        """Make one step."""
        theta *= 1 - self._learning_rate * self.weight_decay
        super().update(theta, grad)
