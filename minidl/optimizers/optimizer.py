"""The contract of an optimizer, and what all have in common: the learning rate or its schedule, clipping, the state."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import Array, scratch
from ..errors import ArgumentError, MinidlError, ShapeError
from ..schedules import Schedule, described, remade


class Optimizer(ABC):
    """Base of all optimizers: define `start` (make the state) and `update` (one step).

    An optimizer serves one vector at a time and keeps its state between calls of `fit`; given another vector it starts anew.

    Parameters
    ----------
    learning_rate : float or Schedule
        > 0, or how it changes with the number of steps made, such as `Cosine(0.01, steps=1000)`.
    clip_norm : float, optional
        > 0. A gradient whose norm is larger is shortened to it before the step: g * clip_norm / ||g||, over all parameters at once and
        with the penalties' share. No clipping by default.

    Attributes
    ----------
    steps_made : int
        How many steps were made on the vector.

    Notes
    -----
    Clipping: Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks" (2013), algorithm 1.
    """

    def __init__(self, learning_rate: float | Schedule, *, clip_norm: float | None = None) -> None:
        self.steps_made = 0
        self.learning_rate = learning_rate
        self._clip_norm = None if clip_norm is None else number(clip_norm, "clip_norm", self, "None, or finite and > 0", lambda c: c > 0)
        self._buffers: dict[str, Array] = {}
        self._theta: Array | None = None

    @property
    def learning_rate(self) -> float:
        """The size of the next step. Assign a number or a `Schedule`, also between steps: its step 0 is the optimizer's first."""
        return self._learning_rate if self._schedule is None else self._scheduled(self._schedule)

    @learning_rate.setter
    def learning_rate(self, value: float | Schedule) -> None:
        if isinstance(value, Schedule):
            self._learning_rate = self._scheduled(value)
            self._schedule: Schedule | None = value
            return
        cure = "typical values are 0.0001 to 0.1, or pass a Schedule such as Cosine(0.01, steps=1000)"
        self._learning_rate = number(value, "learning_rate", self, "finite and > 0", lambda rate: rate > 0, cure)
        self._schedule = None

    @property
    def schedule(self) -> Schedule | None:
        """What the learning rate follows; None where it is a number."""
        return self._schedule

    @property
    def last_learning_rate(self) -> float:
        """The size of the last step; before the first, of that."""
        return self._learning_rate

    @property
    def clip_norm(self) -> float | None:
        """The norm to which longer gradients are shortened, if they are."""
        return self._clip_norm

    def _scheduled(self, schedule: Schedule) -> float:
        rate = schedule(self.steps_made)
        return number(rate, f"the rate of {schedule} at step {self.steps_made}", self, "finite and >= 0", lambda rate: rate >= 0)

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
            grad = self._clipped(grad, self._clip_norm)
        self.update(theta, grad)
        self.steps_made += 1

    def _clipped(self, grad: Array, most: float) -> Array:
        norm = _norm(grad)
        if not norm > most:  # that of a NaN is none
            return grad
        return np.multiply(grad, most / norm, out=scratch(self._buffers, "clipped", grad.shape, grad.dtype))

    def state(self) -> dict[str, Any]:
        """Return what the next step depends on: the attributes without a leading underscore, the learning rate and its schedule.

        Raises
        ------
        ArgumentError
            If an attribute is neither an array nor a plain value.
        """
        held = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        for name, value in held.items():
            if not (value is None or isinstance(value, bool | int | float | str | np.ndarray)):
                raise ArgumentError(
                    f"the state of an optimizer must be arrays and plain values, but {type(self).__name__}.{name} is {value!r}: "
                    f"name what need not be kept with a leading underscore"
                )
        return {"learning_rate": self._learning_rate, "_schedule": described(self._schedule)} | held

    def restore(self, theta: Array, state: dict[str, Any]) -> None:
        """Go on with `theta` as the optimizer whose `state` this was would have gone on.

        Raises
        ------
        ArgumentError
            If its learning rate followed a schedule of one's own that this optimizer has not.
        """
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
        """Make one step on `theta` along `grad`, with the state that `start` made."""

    def __repr__(self) -> str:
        rate = self._learning_rate if self._schedule is None else self._schedule
        own = {name.lstrip("_"): value for name, value in vars(self).items() if isinstance(value, float) and name not in _BASE}
        clips = {} if self._clip_norm is None else {"clip_norm": self._clip_norm}
        settings = {"learning_rate": rate} | own | clips
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in settings.items())})"


_BASE = ("_learning_rate", "_clip_norm")


def number(value: Any, name: str, owner: object, rule: str, holds: Callable[[float], bool], cure: str = "") -> float:
    """Return `value` as a float, or say the `rule` that it breaks."""
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not (real and math.isfinite(value) and holds(value)):
        raise _refused(value, name, owner, rule, cure)
    return float(value)


def share(value: float, name: str, owner: object) -> float:
    """Return `value` as a float in [0, 1), or say that it is none."""
    return number(value, name, owner, "in [0, 1)", lambda value: 0 <= value < 1)


def positive(value: float, name: str, owner: object) -> float:
    """Return `value` as a float > 0, or say that it is none."""
    return number(value, name, owner, "finite and > 0", lambda value: value > 0)


def choice(fast: bool | None, owner: object, allowed: tuple[bool | None, ...] = (None, True, False)) -> bool | None:
    """Return `fast`, or say that it is none of those allowed."""
    if fast not in allowed:
        raise ArgumentError(f"fast must be {', '.join(map(str, allowed[:-1]))} or {allowed[-1]}, got {fast!r} in {type(owner).__name__}")
    return fast


def _refused(value: Any, name: str, owner: object, rule: str, cure: str) -> MinidlError:
    return ArgumentError(f"{name} must be {rule}, got {value!r} in {type(owner).__name__}{cure and f': {cure}'}")


def _norm(vector: Array) -> float:
    """Return the length of `vector`; NaN where an element is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        square = float(vector.dot(vector))
    if math.isfinite(square):
        return math.sqrt(square)
    largest = float(max(vector.max(), -vector.min()))  # the squares overflow, or there is an element that is not finite
    if not math.isfinite(largest):
        return math.nan
    scaled = vector / largest
    return largest * math.sqrt(float(scaled.dot(scaled)))
