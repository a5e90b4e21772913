"""Schedules: how a learning rate changes while a model learns. One is accepted wherever a learning rate is.

Each is a plain value: a function of the number of steps that the optimizer has made, and of nothing else. One step is one batch; an
epoch has ceil(m / batch_size) of them.
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import ArgumentError


class Schedule(ABC):
    """Base of all schedules; define `__call__` in a frozen dataclass, so that equal ones are equal and their text says all of them.

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class Inverse(Schedule):
    ...     rate: float
    ...     def __call__(self, step):
    ...         return self.rate / (1 + step)
    >>> Inverse(0.1)(4)
    0.02
    """

    @abstractmethod
    def __call__(self, step: int) -> float:
        """Return the learning rate, finite and >= 0, of the next step where `step` = 0, 1, ... are made already."""


# What a setting must be: in words, as a test, and the type that it is kept in.
_Rule = tuple[str, Callable[[Any], Any], Callable[[Any], Any]]


def _number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool) and math.isfinite(value)


_POSITIVE: _Rule = ("a number > 0, finite", lambda value: _number(value) and value > 0, float)
_SHARE: _Rule = ("in (0, 1]", lambda value: _number(value) and 0 < value <= 1, float)
_WHOLE: _Rule = ("a whole number of steps >= 1", lambda value: isinstance(value, int | np.integer) and _number(value) and value >= 1, int)


def _check(schedule: Schedule, **rules: _Rule) -> None:
    for name, (words, holds, kind) in rules.items():
        value = getattr(schedule, name)
        if not holds(value):
            raise ArgumentError(f"{name} must be {words}, got {value!r} in {type(schedule).__name__}")
        object.__setattr__(schedule, name, kind(value))


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
        """Return rate."""
        return self.rate


@dataclass(frozen=True)
class StepDecay(Schedule):
    """A stair: rate * factor**floor(step / every).

    Parameters
    ----------
    rate : float
        > 0, that of the first steps.
    every : int
        >= 1, after how many steps the rate falls.
    factor : float, default 0.1
        In (0, 1], what it is multiplied with then.

    Examples
    --------
    >>> schedule = StepDecay(0.1, every=1000, factor=0.5)
    >>> schedule(0), schedule(999), schedule(1000), schedule(2000)
    (0.1, 0.1, 0.05, 0.025)
    """

    rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        _check(self, rate=_POSITIVE, every=_WHOLE, factor=_SHARE)

    def __call__(self, step: int) -> float:
        """Return rate * factor**floor(step / every)."""
        return self.rate * self.factor ** (step // self.every)


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """A smooth fall: rate * factor**(step / every), the curve on which the stairs of `StepDecay` lie.

    Parameters
    ----------
    rate : float
        > 0, that of the first step.
    every : int
        >= 1, in how many steps the rate falls by `factor`.
    factor : float, default 0.1
        In (0, 1].

    Examples
    --------
    >>> schedule = ExponentialDecay(0.1, every=1000, factor=0.25)
    >>> schedule(0), schedule(500), schedule(1000)
    (0.1, 0.05, 0.025)
    """

    rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        _check(self, rate=_POSITIVE, every=_WHOLE, factor=_SHARE)

    def __call__(self, step: int) -> float:
        """Return rate * factor**(step / every)."""
        return float(self.rate * self.factor ** (step / self.every))


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a wave of the cosine: final + (rate - final) * (1 + cos(pi * step / steps)) / 2; from `steps` on it stays at `final`.

    Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017), equation 5, without the restarts.

    Parameters
    ----------
    rate : float
        > 0, that of the first step.
    steps : int
        >= 1, in how many steps it falls: as a rule all of the training, epochs * ceil(m / batch_size).
    final : float, default 0.0
        In [0, rate]. At a rate of 0 nothing is learned any more.

    Examples
    --------
    >>> schedule = Cosine(0.1, steps=1000)
    >>> schedule(0), round(schedule(500), 12), schedule(1000), schedule(5000)
    (0.1, 0.05, 0.0, 0.0)
    """

    rate: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        _check(self, rate=_POSITIVE, steps=_WHOLE)
        _check(self, final=(f"in [0, rate] = [0, {self.rate:g}]", lambda value: _number(value) and 0 <= value <= self.rate, float))

    def __call__(self, step: int) -> float:
        """Return final + (rate - final) * (1 + cos(pi * step / steps)) / 2, or final."""
        if step >= self.steps:
            return self.final
        return self.final + (self.rate - self.final) * (1 + math.cos(math.pi * step / self.steps)) / 2


@dataclass(frozen=True)
class WarmUp(Schedule):
    """A straight rise before another schedule: then(0) * (step + 1) / steps, and from `steps` on then(step - steps).

    Small first steps keep the optimizer's running means, which know a batch or two only, from doing damage. Goyal et al., "Accurate,
    large minibatch SGD" (2017), section 2.2.

    Parameters
    ----------
    steps : int
        >= 1, how many steps the rise takes.
    then : float or Schedule
        What comes after; a number stays.

    Examples
    --------
    >>> schedule = WarmUp(4, then=Cosine(0.1, steps=1000))
    >>> [round(schedule(step), 4) for step in (0, 1, 2, 3, 4, 504, 1004)]
    [0.025, 0.05, 0.075, 0.1, 0.1, 0.05, 0.0]
    """

    steps: int
    then: float | Schedule

    def __post_init__(self) -> None:
        _check(self, steps=_WHOLE)
        if not isinstance(self.then, Schedule):
            _check(self, then=("a number > 0, finite, or a schedule such as Cosine(0.1, steps=1000)", _POSITIVE[1], float))

    def __call__(self, step: int) -> float:
        """Return then(0) * (step + 1) / steps, or then(step - steps)."""
        after = max(0, step - self.steps)
        rate = self.then(after) if isinstance(self.then, Schedule) else self.then
        return rate if step >= self.steps else rate * ((step + 1) / self.steps)


BUILT_IN: dict[str, type[Any]] = {kind.__name__: kind for kind in (Constant, StepDecay, ExponentialDecay, Cosine, WarmUp)}


def described(schedule: Schedule | None) -> str:
    """Return the class and the settings of a schedule as JSON; one of one's own has its text instead."""
    return json.dumps(_tree(schedule))


def remade(description: str, present: Schedule | None) -> Schedule | None:
    """Return the schedule that `described` gave this of; raise `ArgumentError` if it is neither built in nor the `present` one."""
    made: Schedule | None = _made(json.loads(description), present)
    return made


def _tree(held: Any) -> Any:
    if not isinstance(held, Schedule):
        return held
    name = type(held).__name__
    if BUILT_IN.get(name) is not type(held):
        return {"class": name, "text": repr(held)}
    return {"class": name, **{setting: _tree(value) for setting, value in vars(held).items()}}


def _made(tree: Any, present: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    if _tree(present) == tree:
        return present
    settings = {name: _made(value, getattr(present, name, None)) for name, value in tree.items() if name != "class"}
    if tree["class"] not in BUILT_IN or "text" in tree:
        raise ArgumentError(f"the learning rate followed {tree.get('text')}, got {present}: give the optimizer the same schedule")
    return BUILT_IN[tree["class"]](**settings)
