"""Schedules: learning rates that follow the number of steps made."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from .errors import ArgumentError, number


class Schedule(ABC):
    """Base of all schedules: define `__call__` in a frozen dataclass."""

    @abstractmethod
    def __call__(self, step: int) -> float:
        """Return the learning rate, finite and >= 0, of step 0, 1, ..."""


def _check(schedule: Schedule, **rules: str) -> None:
    for name, rule in rules.items():
        object.__setattr__(schedule, name, number(getattr(schedule, name), name, rule, schedule))


_POSITIVE, _SHARE, _WHOLE = "finite and > 0", "in (0, 1]", "a whole number >= 1"


@dataclass(frozen=True)
class Constant(Schedule):
    """The same rate at every step.

    Parameters
    ----------
    rate : float
        > 0.
    """

    rate: float

    def __post_init__(self) -> None:
        _check(self, rate=_POSITIVE)

    def __call__(self, step: int) -> float:
        """Return the rate."""
        return self.rate


@dataclass(frozen=True)
class StepDecay(Schedule):
    """A stair: rate * factor**floor(step / every).

    Parameters
    ----------
    rate : float
        > 0.
    every : int
        Steps, >= 1.
    factor : float, default 0.1
        In (0, 1].
    """

    rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        _check(self, rate=_POSITIVE, every=_WHOLE, factor=_SHARE)

    def __call__(self, step: int) -> float:
        """Return the rate."""
        return self.rate * self.factor ** (step // self.every)


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """A smooth fall: rate * factor**(step / every). The parameters are those of `StepDecay`."""

    rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        _check(self, rate=_POSITIVE, every=_WHOLE, factor=_SHARE)

    def __call__(self, step: int) -> float:
        """Return the rate."""
        return float(self.rate * self.factor ** (step / self.every))


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a wave of the cosine: final + (rate - final) * (1 + cos(pi * step / steps)) / 2, and then final.

    Loshchilov, Hutter (2017, arXiv:1608.03983), equation 5, without its restarts.

    Parameters
    ----------
    rate : float
        > 0.
    steps : int
        >= 1, as a rule epochs * ceil(m / batch_size).
    final : float, default 0.0
        In [0, rate].
    """

    rate: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        _check(self, rate=_POSITIVE, steps=_WHOLE, final="finite and >= 0")
        if self.final > self.rate:
            raise ArgumentError(f"final must be in [0, rate] = [0, {self.rate:g}], got {self.final!r} in Cosine")

    def __call__(self, step: int) -> float:
        """Return the rate."""
        if step >= self.steps:
            return self.final
        return self.final + (self.rate - self.final) * (1 + math.cos(math.pi * step / self.steps)) / 2


@dataclass(frozen=True)
class WarmUp(Schedule):
    """A straight rise, then(0) * (step + 1) / steps, and then another schedule, then(step - steps).

    Goyal et al. (2017, arXiv:1706.02677), section 2.2.

    Parameters
    ----------
    steps : int
        >= 1.
    then : float or Schedule
    """

    steps: int
    then: float | Schedule

    def __post_init__(self) -> None:
        _check(self, steps=_WHOLE)
        if not isinstance(self.then, Schedule):
            rate = number(self.then, "then", _POSITIVE, self, "or a schedule such as Cosine(0.1, steps=1000)")
            object.__setattr__(self, "then", rate)

    def __call__(self, step: int) -> float:
        """Return the rate."""
        after = max(0, step - self.steps)
        rate = self.then(after) if isinstance(self.then, Schedule) else self.then
        return rate if step >= self.steps else rate * ((step + 1) / self.steps)


_BUILT_IN: dict[str, type[Any]] = {kind.__name__: kind for kind in Schedule.__subclasses__()}


def described(schedule: Schedule | None) -> str:
    """Return a schedule as JSON: its class, and its settings or, of one's own, its text."""
    return json.dumps(_tree(schedule))


def remade(description: str, present: Schedule | None) -> Any:
    """Return the schedule of a description: one of one's own must be the `present` one."""
    return _made(json.loads(description), present)


def _tree(held: Any) -> Any:
    if not isinstance(held, Schedule):
        return held
    name = type(held).__name__
    if _BUILT_IN.get(name) is not type(held):
        return {"class": name, "text": repr(held)}
    return {"class": name, **{setting: _tree(value) for setting, value in vars(held).items()}}


def _made(tree: Any, present: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    if _tree(present) == tree:
        return present
    settings = {name: _made(value, getattr(present, name, None)) for name, value in tree.items() if name != "class"}
    if tree["class"] not in _BUILT_IN or "text" in tree:
        raise ArgumentError(f"the learning rate followed {tree.get('text')}, got {present}: give the optimizer the same schedule")
    return _BUILT_IN[tree["class"]](**settings)
