"""The check of one gradient of one cost."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np

from ...errors import ArgumentError
from ...utils.typing import Array
from ..constants import COURSE_THRESHOLD, EPS
from ..diagnosis.explain_arrays import EvidenceSource, explain_arrays
from ..method import kink_note, threshold_note
from ..numeric.differences import CentralDifference, ComplexStep, Scheme
from ..numeric.numeric_gradient import NumericGradient
from ..report.report import Report
from ..result import Check
from ..rounding.compare import relative_error
from .analytic_gradient import AnalyticGradient
from .budget import arrays_in_budget, calls_per_element, default_budget
from .call_rules import check_calls
from .constants import FINE_BAR
from .cost_function import CostFunction
from .elementwise_check import ElementwiseCheck, doubtful_elements, failed_elements
from .hidden_errors import hide_no_errors
from .kinks import accept_kinks, accept_kinks_within_step, gradient_with_kinks
from .lost_derivative import lost_derivative
from .precision.coarse_checks import coarse_checks
from .precision.double_twin import DoubleTwin
from .precision.located import explain_failures
from .precision.measure import measure_precision
from .precision.notes import precision_notes
from .probed_arrays import ProbedArrays
from .pytree import ParameterTree
from .slight_loss import loses_slightly
from .ties import fail_at_ties, joined


class FunctionCheck:
    """The check of one gradient of one cost."""

    def __init__(
        self,
        cost: Callable[[Any], Any],
        gradients: Any,
        parameters: Any,
        rng: np.random.Generator,
        evidence: EvidenceSource | None = None,
        budget: int | None = None,
        reference: Callable[[Any], Any] | None = None,
        twin: DoubleTwin | None = None,
    ) -> None:
        self._rng, self._twin = rng, twin
        own = CostFunction(cost, ParameterTree(parameters))
        self._gradient = AnalyticGradient(gradients, own, rng)
        # The numeric side; a gradient always follows a call of its own cost.
        self._has_reference = reference is not None
        self._cost = CostFunction(reference, ParameterTree(parameters)) if reference else own
        self._evidence = evidence
        self._has_budget = budget is not None
        self._budget = budget or default_budget(self._cost.theta.size)
        self._elementwise = ElementwiseCheck(self._cost, self._gradient, rng, evidence)

    def by_central_differences(self, scheme: CentralDifference) -> Report:
        """Check every element by plain central differences, unless a budget was set."""
        is_whole = self._is_whole(scheme)
        if self._has_budget and not all(is_whole):
            return self._mixed_report(scheme, is_whole)
        numeric = self._cost.elementwise_gradient(scheme)
        report = self._elementwise_report(scheme, numeric)
        if not report.ok and self._kinks_within(numeric, report.checks):
            report = self._elementwise_report(scheme, numeric)
            report.notes.append(kink_note(scheme.h))
        elif not report.failures and report.difference > COURSE_THRESHOLD:
            report.notes.append(threshold_note(report.difference, scheme.h))
        return report

    def by_best_scheme(self, *, complex_required: bool) -> Report:
        """Check by the best scheme for the measured precision of both sides."""
        if complex_required:
            return self._by_exact_scheme(complex_required=True)
        rng = self._rng.spawn(1)[0]
        precision = measure_precision(
            self._cost, self._gradient, rng, has_reference=self._has_reference
        )
        if precision.cost_is_exact or precision.cost_is_hidden or precision.cost_cancels:
            report = self._by_exact_scheme(complex_required=False)
            if report.ok or _sees_slight_errors(report):
                return report
            by_complex_step = report.method == ComplexStep.name
            is_exact = precision.cost_is_exact or (precision.cost_cancels and by_complex_step)
            difference = report.difference
            if is_exact and not precision.may_explain(difference, by_complex_step=by_complex_step):
                return report
        sides = self._cost, self._gradient, precision
        checks = coarse_checks(*sides, rng, self._budget)
        if precision.is_double and not self._has_reference:
            for check in checks:
                hide_no_errors(check, self._cost.central)
        explain_failures(checks, *sides, self._evidence, self._twin)
        return _report_of(self._cost, checks, checks[0].method, precision_notes(*sides, checks))

    def _by_exact_scheme(self, *, complex_required: bool) -> Report:
        """Check by the complex step, or by central differences if it cannot be used."""
        reason = self._cost.why_not_complex_safe(self._rng)
        report = None
        if not reason:
            report = self._report(ComplexStep())
            sides = self._cost, self._gradient.value, report.checks
            reason = _what_is_lost(*sides, self._rng, only_slightly=complex_required)
        if reason and complex_required:
            raise ArgumentError(
                f'the cost is not complex-safe ({reason}): use method="auto", which then takes '
                "central differences"
            )
        if reason or report is None:
            report = self._report(self._cost.central)
        if reason:
            report.notes.insert(
                0,
                f"numeric side: central differences, as the cost is not complex-safe ({reason})",
            )
        return report

    def add_call_rules(self, report: Report, *, second_point: bool = True) -> None:
        """Add a row for each rule of calls that the gradient breaks."""
        exact = report.method == ComplexStep.name
        options: dict[str, bool] = {"exact": exact, "asks_second": second_point}
        (rng,) = self._rng.spawn(1)
        rows = check_calls(self._cost, self._gradient, report.checks, rng, **options)
        report.checks = rows.broken + report.checks
        report.notes += rows.notes

    def _kinks_within(self, numeric: NumericGradient, checks: list[Check]) -> bool:
        safe = not self._cost.why_not_complex_safe(self._rng)
        better: Scheme = ComplexStep() if safe else self._cost.central
        doubtful = doubtful_elements(checks)
        return accept_kinks_within_step(self._cost, numeric, self._gradient.value, doubtful, better)

    def _report(self, scheme: Scheme) -> Report:
        is_whole = self._is_whole(scheme)
        if all(is_whole):
            return self._whole_report(scheme)
        return self._mixed_report(scheme, is_whole)

    def _is_whole(self, scheme: Scheme) -> list[bool]:
        """Return which arrays the budget allows to be computed element by element."""
        sizes = [part.stop - part.start for _, part, _ in self._cost.tree.leaves]
        return arrays_in_budget(sizes, calls_per_element(scheme), self._budget)

    def _mixed_report(self, scheme: Scheme, is_whole: list[bool]) -> Report:
        """Compute some arrays whole, probe the others, and locate what is wrong in these."""
        probed = ProbedArrays(self._cost, self._gradient, scheme, self._budget)
        checks, notes = probed.check(is_whole, self._rng)
        whole = sorted(set(range(len(is_whole))) - set(checks))
        if whole:
            report = self._part(whole)._whole_report(scheme)
            checks |= zip(whole, report.checks, strict=True)
            names = ", ".join(check.parameter for check in report.checks)
            kinks = [note for note in report.notes if "kink" in note]
            notes = [*kinks, f"element by element: {names}", *notes]
        in_order = [checks[number] for number in range(len(is_whole))]
        explain_arrays(in_order, probed.known(in_order), self._evidence)
        worst = max(check.difference for check in in_order)
        return _summary(self._cost, self._gradient, in_order, scheme, worst, notes)

    def _whole_report(self, scheme: Scheme) -> Report:
        numeric = gradient_with_kinks(self._cost, scheme, self._rng)
        return self._elementwise_report(scheme, numeric)

    def _part(self, numbers: list[int]) -> FunctionCheck:
        """Return the check of some of the arrays."""
        part = copy(self)
        part._cost = self._cost.part(numbers)
        part._gradient = self._gradient.part(numbers)
        part._elementwise = ElementwiseCheck(part._cost, part._gradient, self._rng, self._evidence)
        return part

    def _elementwise_report(self, scheme: Scheme, numeric: NumericGradient) -> Report:
        checks = self._elementwise.checks(numeric, scheme)
        closest: Array = numeric.value
        if not isinstance(scheme, CentralDifference):
            failed = any(check.verdict == "fail" for check in checks)
            if failed and accept_kinks(self._cost, numeric, failed_elements(checks)):
                checks = self._elementwise.checks(numeric, scheme)
            # At kinks the derivative closest to the gradient counts. A plain central difference
            # is compared as it is, as courses do.
            closest = joined(check.numeric for check in checks)
        is_wrong_at_tie = fail_at_ties(self._cost, numeric, self._gradient.value, checks)
        if numeric.kinks and self._gradient.is_callable:
            self._elementwise.accept_tie_choices(checks, scheme, of_one_order=is_wrong_at_tie)
        notes = []
        if is_wrong_at_tie:
            closest = joined(check.numeric for check in checks)
        if not closest.any() and self._gradient.value.any():
            notes.append("the cost did not change with any parameter: does it use its argument?")
        if numeric.kinks:
            on_kinks = f"{numeric.kinks} of {numeric.value.size} elements sit exactly on a kink"
            rule = "any slope between the one-sided ones is right"
            notes.append(on_kinks if is_wrong_at_tie else f"{on_kinks}: {rule}")
        return _summary(
            self._cost,
            self._gradient,
            checks,
            scheme,
            relative_error(self._gradient.value, closest),
            notes,
        )


def _what_is_lost(
    cost: CostFunction,
    gradient: Array,
    checks: list[Check],
    rng: np.random.Generator,
    *,
    only_slightly: bool,
) -> str:
    """Say what the complex step loses of the derivative, or return ""."""
    reason = ""
    if any(check.verdict == "fail" for check in checks) and not only_slightly:
        reason = lost_derivative(cost, gradient, checks, rng.spawn(1)[0])
    own = np.random.default_rng([0, 5])  # a stream of its own
    if not reason and loses_slightly(cost, gradient, checks, own):
        reason = "a slight part of its derivative got lost"
    return reason


def _sees_slight_errors(report: Report) -> bool:
    """Return whether nothing fails, and only slight errors are hidden: line integrals hide more."""
    return not report.failures and all(check.resolution <= FINE_BAR for check in report.checks)


def _report_of(cost: CostFunction, checks: list[Check], method: str, notes: list[str]) -> Report:
    arrays, elements = counted(len(checks), "array"), counted(cost.theta.size, "element")
    difference = max(check.difference for check in checks)
    title = f"a function of {arrays}, {elements}"
    report = Report(checks, title=title, difference=difference, method=method)
    report.notes += notes
    return report


def _summary(
    cost: CostFunction,
    gradient: AnalyticGradient,
    checks: list[Check],
    scheme: Scheme,
    difference: float,
    notes: list[str],
) -> Report:
    report = _report_of(cost, checks, scheme.name, notes)
    report.difference = difference
    report.notes += [
        f"not tested: {check.untested} of {check.elements} elements of {check.parameter}, "
        "whose gradient is zero here"
        for check in checks
        if check.untested
    ]
    report.notes += [
        f"the gradient of {check.parameter} is in single precision or less, and was compared "
        "as such: pass float64"
        for check, precision in zip(checks, gradient.precisions, strict=True)
        if precision > EPS
    ]
    return report


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, such as "2 arrays"."""
    return f"{count:,} {noun}" + "s" * (count != 1)
