"""The base class of all optimizers."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..schedules.base import Schedule
from ..schedules.serialization import schedule_from_json, schedule_to_json
from ..utils.typing import Array
from ..utils.validation import at_least, check_number, greater_than
from .clipping import clip_by_norm

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
    step_count : int
        On the vector.

    Raises
    ------
    ArgumentError, MissingDependencyError
        For settings out of their range, of any optimizer; for `fast=True` without numba, at the first step.
    """

    option_name: ClassVar[str | None] = None
    """Name on the command line, of a built-in optimizer."""

    estimator_name: ClassVar[str | None] = None
    """Name in the estimators; by default `option_name` with underscores."""

    is_adaptive: ClassVar[bool] = False
    """True if the size of a step hardly depends on the scale of the gradient, as in `Adam`."""

    def __init__(self, learning_rate: Rate, *, clip_norm: float | None = None) -> None:
        self.step_count = 0
        self.learning_rate = learning_rate
        self._clip_norm = (
            None
            if clip_norm is None
            else check_number(clip_norm, "clip_norm", greater_than(0), self, "or None")
        )
        self._workspace: dict[str, Array] = {}
        self._theta: Array | None = None

    @property
    def learning_rate(self) -> float:
        """The size of the next step; may be assigned. Step 0 of a `Schedule` is the optimizer's first."""
        return self._learning_rate if self._schedule is None else self._scheduled(self._schedule)

    @learning_rate.setter
    def learning_rate(self, value: Rate) -> None:
        schedule = value if isinstance(value, Schedule) else None
        cure = "take 0.0001 to 0.1, or pass a Schedule such as Cosine(0.01, steps=1000)"
        rate = (
            check_number(value, "learning_rate", greater_than(0), self, cure)
            if schedule is None
            else self._scheduled(schedule)
        )
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
        made = self.step_count
        return float(
            check_number(
                schedule(made), f"the rate of {schedule} at step {made}", at_least(0), self
            )
        )

    def step(self, theta: Array, grad: Array) -> None:
        """Move `theta` (P,) in place along `grad` (P,), which is left as it is."""
        if theta is not self._theta:
            if theta.shape != grad.shape:
                raise ShapeError(
                    f"theta and its gradient must have the same shape, got {theta.shape} and {grad.shape}"
                )
            self.init_state(theta)
            self._theta, self.step_count = theta, 0
        if self._schedule is not None:
            self._learning_rate = self._scheduled(self._schedule)
        if self._clip_norm is not None:
            grad = clip_by_norm(grad, self._clip_norm, self._workspace)
        self.update(theta, grad)
        self.step_count += 1

    def state(self) -> dict[str, Any]:
        """Return what the next step depends on: the learning rate, and the attributes without a leading underscore."""
        held = {name: value for name, value in vars(self).items() if name[0] != "_"}
        for name, value in held.items():
            if not isinstance(value, int | float | str | np.ndarray | None):
                rule = "must be an array or a plain value to be kept, or begin with an underscore"
                raise ArgumentError(f"{type(self).__name__}.{name} {rule}, got {value!r}")
        return {
            "learning_rate": self._learning_rate,
            "_schedule": schedule_to_json(self._schedule),
        } | held

    def restore(self, theta: Array, state: dict[str, Any]) -> None:
        """Go on with `theta` as the optimizer of this `state`, whose schedule must be known or this one's."""
        held = dict(state)
        rate, schedule = (
            held.pop("learning_rate"),
            schedule_from_json(held.pop("_schedule"), self._schedule),
        )
        self.init_state(theta)
        self._theta = theta
        for name, value in held.items():
            setattr(self, name, value.copy() if isinstance(value, np.ndarray) else value)
        self.learning_rate = rate if schedule is None else schedule
        self._learning_rate = float(rate)  # of the last step

    @abstractmethod
    def init_state(self, theta: Array) -> None:
        """Make the state for a vector like `theta`."""

    @abstractmethod
    def update(self, theta: Array, grad: Array) -> None:
        """Make one step on `theta` along `grad`."""

    def __repr__(self) -> str:
        told: dict[str, Any] = {
            name.lstrip("_"): value
            for name, value in vars(self).items()
            if isinstance(value, float)
        }
        told["learning_rate"] = self._learning_rate if self._schedule is None else self._schedule
        if self._clip_norm:
            told["clip_norm"] = told.pop("clip_norm")  # the last
        return (
            f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in told.items())})"
        )
