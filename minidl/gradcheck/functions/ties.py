"""Failed checks of gradients that are no subgradients at a tie."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...utils.typing import Array
from ..diagnosis.error_summary import error_summary
from ..diagnosis.evidence import Evidence
from ..numeric.differences import ComplexStep
from ..numeric.numeric_gradient import NumericGradient
from ..result import Check
from ..rounding.compare import relative_error
from .cost_function import CostFunction
from .pytree import Leaf
from .subgradients import Subgradients

NO_SUBGRADIENT = (
    "no subgradient: these elements share a kink, as ties of a maximum do, and each alone is "
    "between its one-sided slopes, but together they are no mean of the gradients around the kink"
)
"""The diagnosis of such a failure."""


def fail_at_ties(
    cost: CostFunction, numeric: NumericGradient, analytic: Array, checks: list[Check]
) -> bool:
    """Let checks fail whose elements are wrong together at a kink that they share.

    Parameters
    ----------
    cost : CostFunction
        The cost.
    numeric : NumericGradient
        Its derivatives, with both one-sided ones at kinks.
    analytic : ndarray of shape (P,)
        The gradient.
    checks : list of Check
        A comparison of each array; those that passed may fail.

    Returns
    -------
    bool
        Whether a check failed here.
    """
    if not numeric.kinks or any(check.verdict == "fail" for check in checks):
        return False
    exact = numeric.scheme == ComplexStep.name
    rng = np.random.default_rng(0)
    violations = Subgradients(cost, exact=exact).violations(numeric, analytic, rng)
    if not violations:
        return False
    closest = joined(check.numeric for check in checks)
    bars = joined(check.bar for check in checks)
    wrong = set()
    for violation in violations:
        for element, value in zip(violation.elements, violation.closest, strict=True):
            if abs(value - analytic[element]) > violation.tolerance / 2:
                closest[element], bars[element] = value, violation.tolerance / 2
                wrong.add(element)
    for leaf, check in zip(cost.tree.leaves, checks, strict=True):
        places = [element for element in wrong if leaf.part.start <= element < leaf.part.stop]
        if places:
            check.numeric = closest[leaf.part].reshape(leaf.shape)
            check.bar = bars[leaf.part].reshape(leaf.shape)
            _fail(check, max(places, key=lambda place: abs(closest[place] - analytic[place])), leaf)
    return True


def joined(arrays: Iterable[Array | None]) -> Array:
    """Return arrays as one vector; those that are None are left out."""
    return np.concatenate([array.ravel() for array in arrays if array is not None])


def _fail(check: Check, place: int, leaf: Leaf) -> None:
    if check.analytic is None or check.numeric is None or check.bar is None:
        return
    index = np.unravel_index(place - leaf.part.start, leaf.shape)
    check.verdict, check.diagnosis = "fail", NO_SUBGRADIENT
    check.difference = relative_error(check.analytic, check.numeric)
    check.worst = {
        "index": [int(i) for i in index],
        "analytic": float(check.analytic[index]),
        "numeric": float(check.numeric[index]),
        "bar": float(check.bar[index]),
    }
    check.error_summary = error_summary(Evidence(check.analytic, check.numeric))
