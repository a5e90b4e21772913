"""check_optimizer: one optimizer, without a model."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, OptimizerWarning
from ..gradcheck import Report
from ..gradcheck.contract.rule import Rule, run_rules
from ..gradcheck.contract.writes import detect_write, read_only
from ..optimizers.base import Optimizer
from ..optimizers.full_batch import FullBatchOptimizer
from ..utils.typing import Array
from ..utils.underflow import without_underflow
from .arguments import check_count
from .reference_steps import as_formula, why_not_as_formula

Make = Callable[[], Optimizer]

_FLOAT32_AGREEMENT = 1e-4  # of five steps: some ulps of float32
_DIVERGED = 1e6  # a distance to the goal that is never reached on the way there


@without_underflow
def check_optimizer(
    make: Make, *, reference: Callable[..., Any] | None = None, steps: int = 20_000
) -> Report:
    """Check an optimizer: the rules of the optimizer contract, that it minimizes, its formula.

    Many wrong optimizers minimize, too: Adam without its square root, or with a step counter that
    never moves. Only a comparison with the formula shows them: pass `reference`.

    Parameters
    ----------
    make : callable
        ``make()`` returns a new optimizer at each call. Its learning rate should suit slopes of
        about 1: 0.01 to 0.1 for most optimizers.
    reference : callable, optional
        The formula, written once more in the plainest way: ``reference(theta, gradient, step,
        state)`` returns the theta that follows, in float64. ``step`` is 1, 2, ...; ``state`` is a
        dictionary, empty at the first step, for what the formula keeps. Or a function without
        arguments that returns another optimizer, as ``lambda: Adam(0.01)``. Without it, a note
        says what is not seen.
    steps : int, default 20000
        In how many steps it must reach the minimum of a parabola and the bend of a curved valley.

    Returns
    -------
    Report
        One check per rule, of the term "protocol".

    Raises
    ------
    ArgumentError
        If `make` cannot be called or does not return a new `Optimizer` at each call, `steps` is no
        integer >= 1, or `reference` is neither a formula nor a function that returns an optimizer.
    ShapeError
        If `reference` returns another shape than that of theta.

    See Also
    --------
    minidl.Optimizer : The contract.

    Examples
    --------
    >>> from minidl import Adam
    >>> check_optimizer(lambda: Adam(0.01)).ok
    True
    >>> def momentum(theta, gradient, step, state):
    ...     state["v"] = 0.9 * state.get("v", 0) + 0.1 * gradient
    ...     return theta - 0.05 * state["v"]
    >>> from minidl import Momentum
    >>> check_optimizer(lambda: Momentum(0.05, beta=0.9), reference=momentum).ok
    True
    >>> check_optimizer(lambda: Momentum(0.05, beta=0.8), reference=momentum).guilty.parameter
    'steps of the reference'
    """
    check_count("steps", steps, 20_000)
    cure = "pass a callable such as lambda: Adam(0.01)"
    if not callable(make):
        raise ArgumentError(f"make must be a function without arguments, got {make!r}: {cure}")
    first = make()
    if not isinstance(first, Optimizer):
        raise ArgumentError(f"make must return an Optimizer, got {first!r}: {cure}")
    if isinstance(first, FullBatchOptimizer):
        rule = "make must return an optimizer that makes a step of each gradient"
        raise ArgumentError(f"{rule}, got {first!r}: {cure}")
    if first is make():
        raise ArgumentError(
            f"make must return a new optimizer at each call, got the same twice: {cure}"
        )
    rules: list[Rule[Make]] = [
        *_RULES,
        Rule(
            "finds_minimum",
            "finds the minimum of a parabola",
            lambda make: _why_not_reached(make, _PARABOLA, steps),
        ),
        Rule(
            "descends_valley",
            "gets down Rosenbrock's valley",
            lambda make: _why_not_reached(make, _VALLEY, steps),
        ),
    ]
    if reference is not None:
        formula = as_formula(reference)
        rules.append(
            Rule(
                "steps_of_reference",
                "steps of the reference",
                lambda make: why_not_as_formula(make, formula),
            )
        )
    report = Report.from_checks(run_rules(rules, make, str(first)), title=f"{first} alone")
    if reference is None:
        report.notes.append(
            "compared with no formula, so an optimizer that minimizes in another way than its name "
            "says passes: pass reference=..."
        )
    return report


# The rules.


def _start(dtype: npt.DTypeLike = np.float64) -> Array:
    return np.array([1.0, -2.0, 0.5, 3.0], dtype)


def _slope(theta: Array) -> Array:
    slope: Array = theta * np.array([1.0, 0.3, 0.1, 0.5], theta.dtype)
    return slope


def _after_steps(
    optimizer: Optimizer, theta: Array, slope: Callable[[Array], Array] = _slope, steps: int = 5
) -> Array:
    for _ in range(steps):
        optimizer.step(theta, slope(theta))
    return theta


def _in_place(make: Make) -> str | None:
    theta = _after_steps(make(), _start(), steps=1)
    if np.array_equal(theta, _start()):
        return "a step leaves theta unchanged: it must be modified in place, e.g. theta -= ..."
    return None if np.isfinite(theta).all() else f"a step leads to {theta}"


def _gradient_untouched(make: Make) -> str | None:
    return detect_write(
        "the gradient",
        lambda: _after_steps(make(), _start(), lambda theta: read_only(_slope(theta))),
    )


def _repeatable(make: Make) -> str | None:
    expected = _after_steps(make(), _start(), steps=5)
    if not np.array_equal(_after_steps(make(), _start(), steps=5), expected):
        return "two new optimizers lead to different points from the same start"
    first, second = make(), make()
    theta = _after_steps(first, _start(), steps=3)
    second.restore(theta, copy.deepcopy(first.state()))
    if not np.array_equal(_after_steps(second, theta, steps=2), expected):
        return (
            "restored from a state, as when training is resumed, it leads to another point than "
            "without an interruption: state_names must list every attribute that the next step "
            "depends on"
        )
    return None


def _starts_anew(make: Make) -> str | None:
    used = make()
    _after_steps(used, 7 * _start()[:3], lambda theta: theta)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OptimizerWarning)  # that it starts anew is the question
        reached = _after_steps(used, _start())
    if np.array_equal(reached, _after_steps(make(), _start())):
        return None
    return (
        "after optimizing another vector it leads to another point than a new one: init_state "
        "must create all of the state"
    )


def _float32_as_float64(make: Make) -> str | None:
    double, single = _after_steps(make(), _start()), _after_steps(make(), _start(np.float32))
    if np.allclose(single, double, rtol=_FLOAT32_AGREEMENT, atol=_FLOAT32_AGREEMENT):
        return None
    return f"in float32 it leads to {single}, in float64 to {double}, from the same start"


_RULES: tuple[Rule[Make], ...] = (
    Rule("in_place", "moves theta in place", _in_place),
    Rule("gradient_untouched", "gradient untouched", _gradient_untouched),
    Rule("repeatable", "repeatable", _repeatable),
    Rule("starts_anew", "starts anew for another vector", _starts_anew),
    Rule("float32_as_float64", "float32 as float64", _float32_as_float64),
)


# Functions to minimize.


class _Problem(NamedTuple):
    """A function to minimize: `evaluate(theta)` returns (distance to the goal, slope)."""

    goal: str
    start: tuple[float, ...]
    reached: float
    evaluate: Callable[[Array], tuple[float, Array]]


def _parabola(theta: Array) -> tuple[float, Array]:
    return float(np.abs(theta).max()), _slope(theta)


def _rosenbrock(theta: Array) -> tuple[float, Array]:
    """Evaluate (1 - x)**2 + 10 (y - x**2)**2, with walls less steep than Rosenbrock's.

    The slope is scaled to about 1.
    """
    x, y = theta
    slope = np.array([-2 * (1 - x) - 40 * x * (y - x * x), 20 * (y - x * x)]) / 100
    return (1 - x) ** 2 + 10 * (y - x * x) ** 2, slope


_PARABOLA = _Problem("the minimum of a parabola", (1.0, -2.0, 0.5, 3.0), 0.01, _parabola)
_VALLEY = _Problem("the bend of Rosenbrock's valley", (-1.2, 1.0), 0.3, _rosenbrock)


def _why_not_reached(make: Make, problem: _Problem, steps: int) -> str | None:
    optimizer, theta, goal = make(), np.array(problem.start), problem.goal
    for _ in range(steps):
        distance, slope = problem.evaluate(theta)
        if distance < problem.reached:
            return None
        if not distance < _DIVERGED:
            return (
                f"it runs away from {goal}, to {theta}: a wrong sign, or too large a learning rate "
                f"in {optimizer}?"
            )
        optimizer.step(theta, slope)
    return (
        f"{steps:,} steps do not reach {goal}, but {theta}: too small a learning rate in "
        f"{optimizer}?"
    )
