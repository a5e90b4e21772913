"""check_gradients: the gradient of any function of arrays."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..utils.typing import Array
from .constants import COURSE_THRESHOLD, EPS, NOISE_SAFETY, NOISY_RUNS, PROBES, RELATIVE_NOISE
from .cost_function import CostFunction, allow_between
from .diagnosis.explain import explain_array
from .method import check_method, threshold_note
from .numeric.differences import CentralDifference, ComplexStep, Scheme
from .numeric.numeric_gradient import NumericGradient
from .pytree import Parameters
from .report.report import Report
from .result import Check, error_in_bars, relative_error
from .rounding.compare import ProbeValues, compare, compare_probes, rounding_bar
from .rounding.noise import ulp_noise
from .rounding.probes import balanced_direction, directional_check

ELEMENTS = 5000  # up to here every element is computed


FLOOR = 1800  # ulps: what an unlucky order of summation may cost


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

    Parameters
    ----------
    cost : callable
        `cost(parameters)`, one number. It is given copies, complex ones for the complex step.
    gradients : callable or the same structure as `parameters`
        Better `gradients(parameters)`, called after `cost(parameters)`: its rounding error can be measured.
    parameters : array, or dict or list of arrays, also nested
        Floats.
    method : {"auto", "complex", "central"}, default "auto"
        "auto" takes the complex step, over 5,000 elements along directions that cover them all; central differences where the cost is
        not complex-safe, which "complex" refuses. "central" takes plain central differences, as courses do.
    epsilon : float, optional
        The step of `method="central"`; 1e-7 by default.
    seed : int, default 0

    Raises
    ------
    DtypeError, ShapeError, ArgumentError, NonFiniteError
        For a cost that is not one finite number, or changes from call to call; for gradients of another structure.

    Examples
    --------
    >>> parameters = {"W": np.array([[1.0, 2.0]]), "b": np.array([3.0])}
    >>> cost = lambda p: (p["W"] ** 2).sum() + np.sin(p["b"]).sum()
    >>> wrong = check_gradients(cost, lambda p: {"W": 2 * p["W"], "b": -np.cos(p["b"])}, parameters)
    >>> [check.parameter for check in wrong.failures]
    ['b']
    """
    check_method(method, epsilon)
    begin = time.perf_counter()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        trial = FunctionCheck(cost, gradients, Parameters(parameters), np.random.default_rng(seed))
        report = (
            trial.course(CentralDifference(epsilon or 1e-7))
            if method == "central"
            else trial.best(forced=method == "complex")
        )
    report.seconds = time.perf_counter() - begin
    return report


class FunctionCheck(CostFunction):
    def course(self, step: CentralDifference) -> Report:
        numeric = self.elements(step)
        report = self.report(step, numeric)
        if not report.ok and self.kink_within(numeric, report.checks):
            report = self.report(step, numeric)
            report.notes.append(
                f"some difference quotients are wrong, as a kink lies within epsilon={step.h:g} of the parameters"
            )
        if report.ok and report.difference > COURSE_THRESHOLD:
            report.notes.append(threshold_note(report.difference, step.h))
        return report

    def best(self, *, forced: bool) -> Report:
        lost = self.unsafe()
        if lost and forced:
            raise ArgumentError(
                f'the cost is not complex-safe ({lost}): use method="auto", which then takes central differences'
            )
        report = self.report(self.central if lost else ComplexStep())
        if not (lost or report.ok or forced) and (lost := self.lost_at_worst(report)):
            report = self.report(self.central)
        if lost:
            report.notes.insert(
                0, f"numeric side: central differences, as the cost is not complex-safe ({lost})"
            )
        return report

    def kink_within(self, numeric: NumericGradient, checks: list[Check]) -> bool:
        """Judge failed elements whose quotients a better step contradicts by that one; say whether there are any."""
        better: Scheme = self.central if self.unsafe() else ComplexStep()
        found = False
        for index in _failed(checks):
            (right, error), (left, _) = (self.along(better, index, sign) for sign in (1.0, -1.0))
            seen = self.analytic[index]
            due = np.clip(seen, min(right, -left), max(right, -left))
            if (
                abs(due - numeric.value[index]) > numeric.error[index] + error
                or abs(seen - due) <= error
            ):
                allow_between(numeric, index, right, -left)
                numeric.error[index] = error
                found = True
        return found

    def second_opinion(self, numeric: NumericGradient, checks: list[Check]) -> bool:
        """Look for kinks that complex numbers do not see, at the failed elements; say whether there are any."""
        found, vain = False, 0
        for index in _failed(checks):
            if slopes := self.one_sided(index):
                found, vain = True, 0
                allow_between(numeric, index, *slopes[:2], numeric.value[index])
                numeric.error[index] += slopes[2]
            else:
                vain += 1
                if vain > 16:
                    break
        return found

    def lost_at_worst(self, report: Report) -> str:
        """Say where a central difference sides with the gradient against the complex step."""
        for check, (name, part, shape) in zip(report.checks, self.parameters.parts, strict=True):
            if "index" in check.worst:
                index = np.arange(part.start, part.stop).reshape(shape)[tuple(check.worst["index"])]
                central, bound = self.along(self.central, index, 1.0)
                if (
                    abs(central - check.worst["numeric"]) > 2 * bound
                    and abs(central - check.worst["analytic"]) <= bound
                ):
                    return f"its derivative for {name} got lost"
        return ""

    def report(self, step: Scheme, numeric: NumericGradient | None = None) -> Report:
        notes: list[str] = []
        size, course = self.real.size, isinstance(step, CentralDifference)
        if numeric is None and size <= ELEMENTS:
            numeric = self.with_kinks(step)
        if numeric is None:
            checks = [self.probed(number, step) for number in range(len(self.parameters.parts))]
            number = max(check.difference for check in checks)
            notes.append(
                "every element was covered by probes along directions in which all weigh the same"
            )
        else:
            checks = self.compared(numeric, step)
            if (
                not course
                and any(check.verdict == "fail" for check in checks)
                and self.second_opinion(numeric, checks)
            ):
                checks = self.compared(numeric, step)
            found = numeric.value
            if not course:  # its number is that of the quotients, right or wrong
                found = np.concatenate(
                    [check.numeric.ravel() for check in checks if check.numeric is not None]
                )
            number = relative_error(self.analytic, found)
            if not found.any() and self.analytic.any():
                notes.append(
                    "the cost did not change with any parameter: does it use the argument that it is given?"
                )
            if numeric.kinks:
                notes.append(
                    f"{numeric.kinks} of {size} elements sit exactly on a kink: any slope between the one-sided ones is right"
                )
        notes += [
            f"not tested: {check.untested} of {check.elements} elements of {check.parameter}, whose gradient is zero here"
            for check in checks
            if check.untested
        ]
        notes += [
            f"the gradient of {check.parameter} is in single precision or less, and was compared as such: pass float64"
            for check, precision in zip(checks, self.precision, strict=True)
            if precision > EPS
        ]
        title = f"a function of {len(checks)} array{'s' * (len(checks) != 1)}, {size:,} element{'s' * (size != 1)}"
        report = Report(checks, title=title, difference=number, method=step.name)
        report.notes += notes
        return report

    def compared(self, numeric: NumericGradient, step: Scheme) -> list[Check]:
        everything = 32 * EPS * _rms(numeric.value)
        checks, rough = [], None
        for (name, part, shape), precision in zip(
            self.parameters.parts, self.precision, strict=True
        ):
            analytic, value, error = self.analytic[part], numeric.value[part], numeric.error[part]
            size, gap = np.abs(value), np.abs(analytic - value)
            typical = size + _rms(value)
            floor = (
                FLOOR * precision * typical
                + everything
                + 64 * EPS * abs(self.base) / max(1.0, _rms(self.real[part]))
            )
            bar = rounding_bar(analytic, [run[part] for run in self.noisy]) + floor
            doubtful = gap > bar + error
            if not callable(self.given):
                bar += self.sensitivity(part, doubtful, step, numeric)
            elif (doubtful & (gap < 1e-3 * size)).any():
                rough = self.roughness() if rough is None else rough
                bar += np.where(gap < 1e-3 * size, 20 * rough[part], 0.0)
            low, high = (
                None if side is None else side[part].reshape(shape)
                for side in (numeric.lower, numeric.upper)
            )
            analytic, bar, value, error = (
                array.reshape(shape) for array in (analytic, bar, value, error)
            )
            check = compare(
                Check(None, "total", name),
                analytic,
                NumericGradient(value, error, step.name, low, high),
                bar,
            )
            if (
                check.verdict == "fail"
                and not callable(self.given)
                and (gap <= 1e-8 * typical).all()
            ):
                check.verdict = "unresolved"
                check.diagnosis = "slightly off: rounding, or a slight bug; pass a function that returns the gradients, to tell them apart"
            elif check.verdict == "fail":
                explain_array(check)
            checks.append(check)
        return checks

    def sensitivity(
        self, part: slice, doubtful: Array, step: Scheme, numeric: NumericGradient
    ) -> Array:
        """Return how much noise changes the numeric gradient: a bar for one that was given ready-made and cannot be asked again."""
        bar = np.zeros(doubtful.size)
        if not isinstance(step, ComplexStep):
            return bar
        kept = self.complex.copy()
        try:
            for _ in range(NOISY_RUNS):
                self.complex[:] = ulp_noise(self.real, self.rng)
                for i in np.flatnonzero(doubtful):
                    moved, _ = self.along(step, part.start + int(i), 1.0)
                    bar[i] = max(bar[i], abs(moved - numeric.value[part.start + i]))
        finally:
            self.complex[:] = kept
        return bar * (NOISE_SAFETY * EPS / RELATIVE_NOISE)

    def probed(self, number: int, step: Scheme) -> Check:
        name, part, shape = self.parameters.parts[number]
        analytic, runs = self.analytic[part], [run[part] for run in self.noisy]

        def along(u: Array) -> ProbeValues:
            seen, slope, bar, scale = directional_check(
                analytic, runs, u, *self.along(step, part, u)
            )
            floor = FLOOR * self.precision[number] * scale / max(int(np.count_nonzero(u)), 1) ** 0.5
            return ProbeValues(
                seen,
                slope,
                bar + floor + 64 * EPS * abs(self.base) * float(np.abs(u).max()),
                scale,
            )

        def gap(half: Array) -> float:
            only = np.zeros(analytic.size)
            only[half] = directions[0][half]
            return abs(float((analytic * only).sum()) - self.along(step, part, only)[0])

        directions = [balanced_direction(analytic, self.rng) for _ in range(PROBES)]
        check = Check(None, "total", name)
        compare_probes(
            check,
            [along(u) for u in directions],
            analytic.size,
            f"{step.name}, {PROBES} probes of every element",
        )
        if check.verdict == "pass":
            check.untested = int(np.count_nonzero(analytic == 0))
        elif check.verdict == "fail" and np.isfinite(analytic).all():
            # Of two halves the one that is more wrong, again and again.
            where = np.arange(analytic.size)
            while len(where) > 1:
                where = max(np.array_split(where, [len(where) // 2]), key=gap)
            index = int(where[0])
            slope, error = self.along(step, part.start + index, 1.0)
            place = [int(i) for i in np.unravel_index(index, shape)]
            check.worst = {
                "index": place,
                "analytic": float(analytic[index]),
                "numeric": slope,
                "bar": error + FLOOR * EPS * abs(slope),
            }
        return check


def _failed(checks: list[Check]) -> list[int]:
    outside = np.concatenate([~(error_in_bars(check).ravel() <= 1) for check in checks])
    return [int(i) for i in np.flatnonzero(outside)]


def _rms(array: Array) -> float:
    return float(np.sqrt(np.mean(array**2)))
