"""The same function in float64, in which a mistake can be named.

Names of mistakes compare arrays to many digits, which a function in float32 does not have. Where it
is NumPy code that asks for float32 itself, a copy for which float64 stands for float32 has them.
What is found in the copy is true of the function if both have the same gradients, within rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ....utils.typing import Array
from ...copied_functions import FunctionCopies, OtherNumpy
from ...report.report import Report
from ...result import Check
from ..analytic_gradient import AnalyticGradient
from ..cost_function import CostFunction
from .measured_checks import METHOD
from .rounding_helpers import without_rounding

_LOW = {
    "float32": np.float64,
    "float16": np.float64,
    "half": np.float64,
    "single": np.float64,
    "complex64": np.complex128,
    "csingle": np.complex128,
}
_TEXTS = {
    **dict.fromkeys(("float32", "float16", "f4", "<f4", "f2", "<f2"), "float64"),
    "complex64": "complex128",
}


class _DoubleNumpy(OtherNumpy):
    """The module numpy without the types below float64."""

    def __getattr__(self, name: str) -> Any:
        return _LOW[name] if name in _LOW else super().__getattr__(name)


class DoubleCopies:
    """Copies of functions that compute in float64 where they ask for less.

    Helpers that round their argument return it as it is.
    """

    def __init__(self) -> None:
        types = [(getattr(np, name), double) for name, double in _LOW.items()]
        dtypes = [(np.dtype(low), np.dtype(double)) for low, double in types]
        numpy = _DoubleNumpy()
        self._copies = FunctionCopies(numpy, [*types, *dtypes], _TEXTS, without_rounding)

    def of(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the copy of a function."""
        copied: Callable[..., Any] = self._copies.of(function)
        return copied


class DoubleSides(NamedTuple):
    """Both sides in float64, and their check.

    Attributes
    ----------
    cost, gradients : callable
        Both sides.
    check : callable
        Returns the report of the check.
    """

    cost: Callable[[Any], Any]
    gradients: Callable[[Any], Any]
    check: Callable[[], Report]


@dataclass
class DoubleTwin:
    """The same check in float64, which is built only if there is something to explain.

    Attributes
    ----------
    build : callable
        Copies the functions; it may raise anything.
    is_used : bool
        Whether it has explained failures.
    """

    build: Callable[[], DoubleSides]
    is_used: bool = False


def explain_by_twin(
    checks: list[Check],
    twin: DoubleTwin,
    cost: CostFunction,
    gradient: AnalyticGradient,
    rounding: dict[str, Array],
) -> None:
    """Give failed checks the diagnoses of their twins.

    There are none if the twin is not the same function to within the precision of this one.

    Parameters
    ----------
    checks : list of Check
        The checks, elements computed.
    twin : DoubleTwin
        The same function in float64.
    cost, gradient : CostFunction, AnalyticGradient
        Both sides.
    rounding : dict of str to ndarray
        What rounding may change in the gradient of each array.
    """
    found: dict[str, Check] = {}
    with suppress(Exception):  # of code that does not run in float64
        tree, own = cost.tree, gradient.value
        double = twin.build()
        other, _ = tree.flatten(double.gradients(tree.unflatten(cost.theta)))
        same_cost = float(double.cost(tree.unflatten(cost.theta))) == cost.base
        if same_cost and np.array_equal(other, own):  # in the same precision
            return
        gaps = tree.arrays(np.abs(other - own))
        if not all((gaps[name] <= unit).all() for name, unit in rounding.items()):
            return
        report = double.check()
        if report.method == METHOD:
            return
        found = {check.parameter: check for check in report.checks if check.term != "protocol"}
    pairs = [
        (check, found[check.parameter])
        for check in checks
        if check.verdict == "fail" and check.parameter in found
    ]
    if not pairs or not all(_agree(*pair) for pair in pairs):
        return
    twin.is_used = True
    for check, same in pairs:
        check.diagnosis = check.diagnosis or same.diagnosis
        check.is_cause_unknown = same.is_cause_unknown


def _agree(check: Check, same: Check) -> bool:
    """Return whether the twin of a check fails, too, against the same numeric gradient."""
    if same.verdict != "fail" or not same.diagnosis:
        return False
    if check.numeric is None or check.bar is None or same.numeric is None:
        return True
    numeric = check.numeric if same.block is None else same.block.of(check.numeric)
    bar = check.bar if same.block is None else same.block.of(check.bar)
    # The numeric elements were changed within their bars, to be compared to many digits.
    return bool((np.abs(same.numeric - numeric) <= 2 * bar).all())
