"""Optimizers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import ArgumentError
from ..gradcheck import Report
from ..gradcheck.rules import locked, reported, tried, writes
from ..optimizers import Optimizer


def check_optimizer(make: Callable[[], Optimizer], *, steps: int = 20_000) -> Report:
    """Check an optimizer: the rules of `Optimizer`, and that it gets down a parabola and a curved valley.

    Parameters
    ----------
    make : callable
        Returns a new optimizer at each call, with a learning rate that suits slopes of about 1: 0.01 to 0.1 for most.
    steps : int, default 20000
        How many steps it may take at most.

    Examples
    --------
    >>> from minidl import Adam, GradientDescent
    >>> check_optimizer(lambda: GradientDescent(0.1)).ok, check_optimizer(lambda: Adam(0.01)).ok
    (True, True)
    """
    first, second = make(), make()
    if not isinstance(first, Optimizer):
        raise ArgumentError(f"make must return an Optimizer, got {first!r}: pass a callable such as lambda: Adam(0.01)")
    if first is second:
        raise ArgumentError("make must return a new optimizer at each call, got the same twice: pass a callable such as lambda: Adam(0.01)")

    checks = tried(str(first), {name: partial(rule, make, steps) for name, rule in _OPTIMIZER_RULES.items()})
    return reported(checks, f"{first} alone")


def _walk(optimizer: Optimizer, theta: Array, slope: Callable[[Array], Array], steps: int = 5) -> Array:
    for _ in range(steps):
        optimizer.step(theta, slope(theta))
    return theta


def _start(dtype: Any = np.float64) -> Array:
    return np.array([1.0, -2.0, 0.5, 3.0], dtype)


def _bowl(theta: Array) -> Array:
    """Return the slope of a parabola with its minimum, 0, at 0; curvatures from 0.1 to 1."""
    slope: Array = theta * np.array([1.0, 0.3, 0.1, 0.5], theta.dtype)
    return slope


def _in_place(make: Callable[[], Optimizer], steps: int) -> str | None:
    theta = _start()
    _walk(make(), theta, _bowl, 1)
    if np.array_equal(theta, _start()):
        return "a step leaves theta as it is: it must be moved in place, e.g. theta -= ..."
    return None if np.isfinite(theta).all() else f"a step leads to {theta}"


def _gradient_untouched(make: Callable[[], Optimizer], steps: int) -> str | None:
    return writes("the gradient", lambda: _walk(make(), _start(), lambda theta: locked(_bowl(theta))))


def _repeatable(make: Callable[[], Optimizer], steps: int) -> str | None:
    same = np.array_equal(_walk(make(), _start(), _bowl), _walk(make(), _start(), _bowl))
    return None if same else "two new optimizers lead to different places from the same start"


def _starts_anew(make: Callable[[], Optimizer], steps: int) -> str | None:
    used = make()
    _walk(used, 7 * _start()[:3], lambda theta: theta)
    same = np.array_equal(_walk(used, _start(), _bowl), _walk(make(), _start(), _bowl))
    return None if same else "after serving another vector it leads to another place than a new one: start must make all of the state"


def _dtypes(make: Callable[[], Optimizer], steps: int) -> str | None:
    double, single = _walk(make(), _start(), _bowl), _walk(make(), _start(np.float32), _bowl)
    if np.allclose(single, double, rtol=1e-4, atol=1e-4):
        return None
    return f"in float32 it leads to {single}, in float64 to {double}, from the same start"


def _parabola(make: Callable[[], Optimizer], steps: int) -> str | None:
    optimizer, theta = make(), _start()
    for _ in range(steps):
        slope = _bowl(theta)
        if not np.abs(slope).max() < 1e6:
            return f"it runs away from the minimum of a parabola, to {theta}: a wrong sign, or too large a learning rate in {optimizer}?"
        if np.abs(theta).max() < 0.01:
            return None
        optimizer.step(theta, slope)
    return f"{steps:,} steps do not reach the minimum of a parabola, but {theta}: too small a learning rate in {optimizer}?"


def _valley(make: Callable[[], Optimizer], steps: int) -> str | None:
    """Rosenbrock's function with a milder wall, (1 - x)**2 + 10 (y - x**2)**2, scaled to slopes of about 1."""
    optimizer, theta = make(), np.array([-1.2, 1.0])
    for _ in range(steps):
        x, y = theta
        height = (1 - x) ** 2 + 10 * (y - x * x) ** 2
        if height < 0.3:  # it starts at 6.8, and the bend of the valley is at about 1
            return None
        if not height < 1e6:
            return f"it leaves Rosenbrock's valley, to {theta}: too large a learning rate in {optimizer}?"
        optimizer.step(theta, np.array([-2 * (1 - x) - 40 * x * (y - x * x), 20 * (y - x * x)]) / 100)
    return f"{steps:,} steps do not get it down Rosenbrock's valley, but to {theta}: too small a learning rate in {optimizer}?"


_OPTIMIZER_RULES: dict[str, Callable[[Callable[[], Optimizer], int], str | None]] = {
    "moves theta in place": _in_place,
    "gradient untouched": _gradient_untouched,
    "repeatable": _repeatable,
    "starts anew for another vector": _starts_anew,
    "float32 as float64": _dtypes,
    "finds the minimum of a parabola": _parabola,
    "gets down Rosenbrock's valley": _valley,
}
