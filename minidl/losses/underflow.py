"""Underflow in losses raises nothing, also where they are called alone."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from ..utils.typing import Array
from ..utils.underflow import repeat_without_underflow
from .base import Loss

LossClass = TypeVar("LossClass", bound=type[Loss])


def ignore_underflow(cls: LossClass) -> LossClass:
    """Guard `forward`, `backward` and `per_position` of a loss, as a class decorator.

    They are called again where NumPy raised: they write only work arrays. A training, which has set
    NumPy's error state, calls them each step, so the guards have fixed arguments, which is fast.

    Parameters
    ----------
    cls : type of Loss
        The loss, which defines all three.

    Returns
    -------
    type of Loss
        The class itself.
    """
    methods = vars(cls)
    guards = {
        "forward": _guard_forward(methods["forward"]),
        "backward": _guard(methods["backward"]),
        "per_position": _guard(methods["per_position"]),
    }
    for name, method in guards.items():
        setattr(cls, name, method)
    return cls


def _guard_forward(forward: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(forward)
    def guarded(self: Loss, prediction: Array, target: Array) -> Any:
        try:
            return forward(self, prediction, target)
        except FloatingPointError:
            return repeat_without_underflow(forward, self, prediction, target)

    return guarded


def _guard(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def guarded(self: Loss) -> Any:
        try:
            return method(self)
        except FloatingPointError:
            return repeat_without_underflow(method, self)

    return guarded
