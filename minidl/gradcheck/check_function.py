"""check_gradients: check the gradient of any scalar function of arrays."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..utils.typing import Array
from .analytic_gradient import AnalyticGradient
from .constants import (
    COURSE_EPSILON,
    COURSE_THRESHOLD,
    EPS,
    MAX_ELEMENTWISE,
    PROBE_CONTRADICTION,
)
from .cost_function import CostFunction
from .elementwise_check import ElementwiseCheck, failed_elements
from .kinks import accept_kinks, accept_kinks_within_step, gradient_with_kinks
from .method import check_method, threshold_note
from .numeric.differences import CentralDifference, ComplexStep, Scheme
from .numeric.numeric_gradient import NumericGradient
from .probe_check import ProbeCheck
from .pytree import ParameterTree
from .report.report import Report
from .result import Check
from .rounding.compare import relative_error


def check_gradients(
    cost: Callable[[Any], Any],
    gradients: Any,
    parameters: Any,
    *,
    method: str = "auto",
    epsilon: float | None = None,
    seed: int = 0,
) -> Report:
    """Check the gradient of a scalar function of arrays.

    Each element of the gradient is compared with a numeric derivative, within error bars that
    come from the measured rounding error of both. No framework is needed.

    Parameters
    ----------
    cost : callable
        ``cost(parameters)`` returns one number. It is called with copies of the parameters; for
        the complex step these are complex128.
    gradients : callable or structure of arrays
        Either ``gradients(parameters)``, which returns the gradients in the structure of
        `parameters` and is always called after ``cost(parameters)`` at the same point; or these
        gradients themselves. Prefer the callable: its rounding error can be measured.
    parameters : array_like, or dict, list or tuple of array_like, possibly nested
        The point at which to check: arrays of real floats, of any shape. They are not modified.
    method : {"auto", "complex", "central"}, default "auto"
        How the numeric derivatives are computed. "auto": by the complex step, or by extrapolated
        central differences if the cost cannot compute with complex numbers; over 5,000 elements
        along random directions that cover all of them. "complex": by the complex step, or not at
        all. "central": by plain central differences, as courses teach it.
    epsilon : float, optional
        The step of ``method="central"``, 1e-7 by default; the other methods ignore it.
    seed : int, default 0
        Seed of the random directions and of the noise that reveals rounding errors.

    Returns
    -------
    Report
        One check per array, the relative error of the whole gradient, and for each failure the
        worst element and the mistake that it looks like.

    Raises
    ------
    DtypeError
        If parameters or gradients are not real numbers.
    ShapeError
        If `cost` does not return one number, or the gradients have another structure or other
        shapes than the parameters.
    NonFiniteError
        If the parameters, or the cost at or around them, are not finite.
    ArgumentError
        If `method` or `epsilon` is invalid, if `cost` returns two different numbers for the same
        parameters, or if ``method="complex"`` cannot be used for this cost.

    See Also
    --------
    GradientChecker : Check a model, layer by layer.
    minidl.testing.check_layer : Check one layer.

    References
    ----------
    Squire and Trapp, "Using Complex Variables to Estimate Derivatives of Real Functions", SIAM
    Review 40 (1998).

    Examples
    --------
    >>> parameters = {"W": np.array([[1.0, 2.0]]), "b": np.array([3.0])}
    >>> cost = lambda p: (p["W"] ** 2).sum() + np.sin(p["b"]).sum()
    >>> gradients = lambda p: {"W": 2 * p["W"], "b": -np.cos(p["b"])}  # wrong: the minus
    >>> [check.parameter for check in check_gradients(cost, gradients, parameters).failures]
    ['b']
    """
    check_method(method, epsilon)
    begin = time.perf_counter()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        check = FunctionCheck(cost, gradients, parameters, np.random.default_rng(seed))
        if method == "central":
            report = check.by_central_differences(CentralDifference(epsilon or COURSE_EPSILON))
        else:
            report = check.by_best_scheme(complex_required=method == "complex")
    report.seconds = time.perf_counter() - begin
    return report


class FunctionCheck:
    """The check of one gradient of one cost."""

    def __init__(
        self,
        cost: Callable[[Any], Any],
        gradients: Any,
        parameters: Any,
        rng: np.random.Generator,
    ) -> None:
        self._rng = rng
        self._cost = CostFunction(cost, ParameterTree(parameters))
        self._gradient = AnalyticGradient(gradients, self._cost, rng)
        self._elementwise = ElementwiseCheck(self._cost, self._gradient, rng)

    def by_central_differences(self, scheme: CentralDifference) -> Report:
        """Check every element by plain central differences."""
        numeric = self._cost.elementwise_gradient(scheme)
        report = self._elementwise_report(scheme, numeric)
        if not report.ok and self._kinks_within(numeric, report.checks):
            report = self._elementwise_report(scheme, numeric)
            report.notes.append(
                "some difference quotients are wrong, as a kink lies within "
                f"epsilon={scheme.h:g} of the parameters"
            )
        if report.ok and report.difference > COURSE_THRESHOLD:
            report.notes.append(threshold_note(report.difference, scheme.h))
        return report

    def by_best_scheme(self, *, complex_required: bool) -> Report:
        """Check by the complex step, or by central differences if it cannot be used."""
        reason = self._cost.why_not_complex_safe(self._rng)
        if reason and complex_required:
            raise ArgumentError(
                f'the cost is not complex-safe ({reason}): use method="auto", which then takes '
                "central differences"
            )
        report = self._report(self._cost.central if reason else ComplexStep())
        if not (reason or report.ok or complex_required):
            reason = self._contradiction(report)
            if reason:
                report = self._report(self._cost.central)
        if reason:
            report.notes.insert(
                0,
                f"numeric side: central differences, as the cost is not complex-safe ({reason})",
            )
        return report

    def _kinks_within(self, numeric: NumericGradient, checks: list[Check]) -> bool:
        safe = not self._cost.why_not_complex_safe(self._rng)
        better: Scheme = ComplexStep() if safe else self._cost.central
        failed = failed_elements(checks)
        return accept_kinks_within_step(self._cost, numeric, self._gradient.value, failed, better)

    def _contradiction(self, report: Report) -> str:
        """Say where a central difference agrees with the gradient and not with the complex step."""
        for check, (name, region, shape) in zip(report.checks, self._cost.tree.leaves, strict=True):
            if "index" not in check.worst:
                continue
            places = np.arange(region.start, region.stop).reshape(shape)
            index = places[tuple(check.worst["index"])]
            central, bound = self._cost.slope(self._cost.central, index, 1.0)
            if (
                abs(central - check.worst["numeric"]) > PROBE_CONTRADICTION * bound
                and abs(central - check.worst["analytic"]) <= bound
            ):
                return f"its derivative for {name} got lost"
        return ""

    def _report(self, scheme: Scheme) -> Report:
        if self._cost.theta.size > MAX_ELEMENTWISE:
            return self._probe_report(scheme)
        numeric = gradient_with_kinks(self._cost, scheme, self._rng)
        return self._elementwise_report(scheme, numeric)

    def _probe_report(self, scheme: Scheme) -> Report:
        arrays = range(len(self._cost.tree.leaves))
        checks = [
            ProbeCheck(self._cost, self._gradient, scheme, number).check(self._rng)
            for number in arrays
        ]
        note = "every element was covered by probes along directions in which all weigh the same"
        worst = max(check.difference for check in checks)
        return self._summarize(checks, scheme, worst, [note])

    def _elementwise_report(self, scheme: Scheme, numeric: NumericGradient) -> Report:
        checks = self._elementwise.checks(numeric, scheme)
        closest: Array = numeric.value
        if not isinstance(scheme, CentralDifference):
            failed = any(check.verdict == "fail" for check in checks)
            if failed and accept_kinks(self._cost, numeric, failed_elements(checks)):
                checks = self._elementwise.checks(numeric, scheme)
            # At kinks the derivative closest to the gradient counts. A plain central difference
            # is compared as it is, as courses do.
            closest = np.concatenate(
                [check.numeric.ravel() for check in checks if check.numeric is not None]
            )
        notes = []
        if not closest.any() and self._gradient.value.any():
            notes.append("the cost did not change with any parameter: does it use its argument?")
        if numeric.kinks:
            notes.append(
                f"{numeric.kinks} of {numeric.value.size} elements sit exactly on a kink: any "
                "slope between the one-sided ones is right"
            )
        return self._summarize(checks, scheme, relative_error(self._gradient.value, closest), notes)

    def _summarize(
        self, checks: list[Check], scheme: Scheme, difference: float, notes: list[str]
    ) -> Report:
        size = self._cost.theta.size
        title = f"a function of {_counted(len(checks), 'array')}, {_counted(size, 'element')}"
        report = Report(checks, title=title, difference=difference, method=scheme.name)
        report.notes += notes
        report.notes += [
            f"not tested: {check.untested} of {check.elements} elements of {check.parameter}, "
            "whose gradient is zero here"
            for check in checks
            if check.untested
        ]
        report.notes += [
            f"the gradient of {check.parameter} is in single precision or less, and was compared "
            "as such: pass float64"
            for check, precision in zip(checks, self._gradient.precisions, strict=True)
            if precision > EPS
        ]
        return report


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + "s" * (count != 1)
