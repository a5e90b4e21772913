"""Schedules: learning rates that follow the number of steps made."""

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
        _check(self, rate="finite and > 0")

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
        _check(self, rate="finite and > 0", every="a whole number >= 1", factor="in (0, 1]")

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
        _check(self, rate="finite and > 0", every="a whole number >= 1", factor="in (0, 1]")

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
        Steps, >= 1.
    final : float, default 0.0
        In [0, rate].
    """

    rate: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        _check(self, rate="finite and > 0", steps="a whole number >= 1", final="finite and >= 0")
        if self.final > self.rate:
            raise ArgumentError(f"final must be in [0, rate] = [0, {self.rate:g}], got {self.final!r} in Cosine")

    def __call__(self, step: int) -> float:
        """Return the rate."""
        step = min(step, self.steps)
        return self.final + (self.rate - self.final) * (1 + math.cos(math.pi * step / self.steps)) / 2


@dataclass(frozen=True)
class WarmUp(Schedule):
    """A straight rise, then(0) * (step + 1) / steps, and then another schedule, then(step - steps).

    Goyal et al. (2017, arXiv:1706.02677), section 2.2.

    Parameters
    ----------
    steps : int
        Steps, >= 1.
    then : float or Schedule
    """

    steps: int
    then: float | Schedule

    def __post_init__(self) -> None:
        _check(self, steps="a whole number >= 1")
        if not isinstance(self.then, Schedule):
            rate = number(self.then, "then", "finite and > 0", self, "or a schedule such as Cosine(0.1, steps=1000)")
            object.__setattr__(self, "then", rate)

    def __call__(self, step: int) -> float:
        """Return the rate."""
        rate = self.then(max(0, step - self.steps)) if isinstance(self.then, Schedule) else self.then
        return rate * min(1, (step + 1) / self.steps)


_BUILT_IN: dict[str, type[Any]] = {kind.__name__: kind for kind in Schedule.__subclasses__()}


def described(schedule: Schedule | None) -> str:
    """Return a schedule as JSON: its class, and its settings or, of one's own, its text."""
    return json.dumps(schedule, default=_tree)


def _tree(schedule: Schedule) -> dict[str, Any]:
    kind = type(schedule)
    return {"class": kind.__name__} | (vars(schedule) if kind in _BUILT_IN.values() else {"text": repr(schedule)})


def remade(description: str, present: Schedule | None) -> Any:
    """Return the described schedule: the `present` one, or made of built-in ones."""

    def made(tree: dict[str, Any]) -> Any:
        kind = _BUILT_IN.get(tree.pop("class"))
        if kind is None or "text" in tree:
            raise ArgumentError(f"the learning rate followed {tree.get('text')}, got {present}: give the optimizer the same schedule")
        return kind(**tree)

    return present if described(present) == description else json.loads(description, object_hook=made)
