"""Rules of a gradient that is a function: what calls must not change."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...utils.typing import Array
from ..contract.rule import Rule, run_rules
from ..result import Check
from .analytic_gradient import AnalyticGradient
from .constants import REPEATED_DIFFERENCES, SAME_GRADIENT, TOLD_DIFFERENCE
from .cost_function import CostFunction
from .second_point import SecondPoint

NOT_ASKED = (
    "not asked, as the gradients are arrays: whether they are the same twice, follow their "
    "argument, leave it as it is and work alone; pass a function that returns them"
)


FOLLOWS = "follows its argument"
"""The row of that rule."""


class Calls(NamedTuple):
    """A gradient that was called at the given point and at others.

    `checks` are the rows of its arrays; `second` was asked unless the gradient is not the same
    twice.
    """

    cost: CostFunction
    gradient: AnalyticGradient
    checks: list[Check]
    second: SecondPoint | None


class CallRows(NamedTuple):
    """The rows of broken rules, and notes."""

    broken: list[Check]
    notes: list[str]


def check_calls(
    cost: CostFunction,
    gradient: AnalyticGradient,
    checks: list[Check],
    rng: np.random.Generator,
    *,
    exact: bool,
    asks_second: bool = True,
) -> CallRows:
    """Test the rules of calls.

    Parameters
    ----------
    cost, gradient
        The functions.
    checks : list of Check
        The rows of the arrays, one for each.
    rng : numpy.random.Generator
        Draws points and directions.
    exact : bool
        Whether the complex step can be used for the cost.
    asks_second : bool, default True
        Whether the gradient is asked at a second point.

    Returns
    -------
    CallRows
        A failed row for each broken rule, and what else the reader should know.
    """
    if not gradient.is_callable:
        return CallRows([], [NOT_ASKED])
    second = None
    if asks_second and not gradient.repeatability.kind:
        second = SecondPoint(cost, gradient, rng, exact=exact)
    calls = Calls(cost, gradient, checks, second)
    broken = [check for check in run_rules(_RULES, calls, "") if check.verdict == "fail"]
    return CallRows(broken, _notes(calls, broken))


def _same_twice(calls: Calls) -> str | None:
    return calls.gradient.repeatability.violation


def _argument_untouched(calls: Calls) -> str | None:
    names = ", ".join(sorted(calls.gradient.moved))
    return f"gradients writes into its argument: {names}; work on a copy" if names else None


def _follows_its_argument(calls: Calls) -> str | None:
    second = calls.second
    if second is None or second.nearby is None:
        return None
    resolutions = {
        number: check.resolution if np.isfinite(check.resolution) else 0.0
        for number, check in enumerate(calls.checks)
        if check.verdict != "fail" and not _shows_nothing(check)
    }
    wrong = second.wrong_arrays(resolutions)
    if not wrong:
        return None
    still = [number for number in wrong if second.has_not_moved(number)]
    leaves = calls.gradient.leaves
    names = ", ".join(leaves[number].name for number in still or wrong)
    if still:
        return (
            f"{second.place} it returns the gradient of the first point for {names}, "
            "where the cost has another slope: it ignores its argument, is constant, or is stale "
            "(a cache or a global that is not renewed)"
        )
    return (
        f"{second.place} the gradient of {names} is wrong, though right at the first: it uses "
        "something stale, which was computed before, or something that only holds at the first "
        "point"
    )


def _shows_nothing(check: Check) -> bool:
    """Return whether no error could be seen at the point: none can be seen nearby either."""
    return check.verdict == "unresolved" and not np.isfinite(check.resolution)


_RULES: tuple[Rule[Calls], ...] = (
    Rule("same_twice", "the same twice", _same_twice),
    Rule("argument_untouched", "argument untouched", _argument_untouched),
    Rule("follows_its_argument", FOLLOWS, _follows_its_argument),
)


def _notes(calls: Calls, broken: list[Check]) -> list[str]:
    second, notes = calls.second, []
    if calls.cost.moved:
        names = ", ".join(sorted(calls.cost.moved))
        notes.append(f"cost writes into its argument: {names}; it got copies here")
    repeated = calls.gradient.repeatability
    if not repeated.kind and repeated.difference > TOLD_DIFFERENCE:
        notes.append(
            f"called again at the same point, gradients returns another gradient, by "
            f"{repeated.difference:.0e} of it: no more than its rounding, but random"
        )
    if second is None:
        return notes
    if second.nearby is None:
        return [
            *notes,
            "not asked at a second point: cost or gradients raise or are not finite 1 % away; "
            "whether the gradient follows its argument is open",
        ]
    leaves = calls.gradient.leaves
    zero = [n for n, check in enumerate(calls.checks) if check.untested == leaves[n].size]
    notes += [
        f"the cost does not change with {leaves[number].name}, neither here nor nearby: is it used?"
        for number in second.unused_arrays(zero)
    ]
    if not (broken or calls.gradient.calls_forward):
        notes += _how_it_works_alone(calls, second.nearby.theta)
    return notes


def _how_it_works_alone(calls: Calls, elsewhere: Array) -> list[str]:
    """Return a note unless the gradient is the same without a call of the cost before it."""
    gradient = calls.gradient
    try:
        calls.cost.at(elsewhere)
        alone = gradient.alone()
    except Exception as error:
        outcome = f"raises {type(error).__name__}"
    else:
        norm = float(np.linalg.norm(gradient.value))
        chance = REPEATED_DIFFERENCES * gradient.repeatability.difference
        if float(np.linalg.norm(alone - gradient.value)) <= (SAME_GRADIENT + chance) * norm:
            return []
        outcome = "returns another gradient"
    finally:
        gradient.at(calls.cost.theta)
    return [
        f"gradients, called without a call of cost at the same point before, {outcome}: it goes "
        "back from the last forward pass"
    ]
