"""check_gradients: the gradient of any function of arrays; no framework needed."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import ArgumentError
from .diagnosis import explain_array
from .evaluation import Evaluation
from .jacobian import PROBES, Numeric, equalised, noise, probe
from .report import Report
from .steps import COURSE_THRESHOLD, EPS, ComplexStep, CourseStep, Step, check_method, over_the_threshold
from .structures import Parameters
from .verdict import NOISE, RUNS, SAFETY, Check, compare, compare_probes, difference, rounding_bar

ELEMENTS = 5000  # up to here every element is computed by default
FLOOR = 1800  # in units of the last place: what an unlucky order of summation may cost, 4e-13 in float64


def check_gradients(
    cost: Callable[[Any], Any], gradients: Any, parameters: Any, *, method: str = "auto", epsilon: float | None = None, seed: int = 0
) -> Report:
    """Check the gradient of a scalar function of arrays, and return the report.

    Parameters
    ----------
    cost : callable
        `cost(parameters)` returns one number. It is given copies, complex ones for the complex step.
    gradients : callable or the same structure as `parameters`
        The gradient to check; or `gradients(parameters)`, which returns it. A callable is the better one: it is called again with a
        little noise on the parameters, which measures its rounding error. `cost` is called with the same parameters just before.
    parameters : array, or dict or list of arrays, also nested
        Floats. They are never written to.
    method : {"auto", "complex", "central"}, default "auto"
        "auto" takes the complex step, element by element (over 5,000 elements: along directions that cover every element), and
        central differences where the cost is not complex-safe. "central" takes plain central differences of every element, as
        courses teach it, so that `report.difference` is the course's number.
    epsilon : float, optional
        The step of `method="central"`; 1e-7 by default.
    seed : int, default 0
        Of the noise and the directions.

    Raises
    ------
    DtypeError, ShapeError, ArgumentError, NonFiniteError
        Where a check would mean nothing: parameters that are integers, a cost that is not one number, is not finite or changes
        from call to call, gradients of another structure than the parameters.

    Notes
    -----
    There is no threshold. Each element has an error bar; what lies outside of it is wrong.

    Examples
    --------
    >>> parameters = {"W": np.array([[1.0, 2.0]]), "b": np.array([3.0])}
    >>> cost = lambda p: (p["W"] ** 2).sum() + np.sin(p["b"]).sum()
    >>> check_gradients(cost, lambda p: {"W": 2 * p["W"], "b": np.cos(p["b"])}, parameters).ok
    True
    >>> wrong = check_gradients(cost, lambda p: {"W": 2 * p["W"], "b": -np.cos(p["b"])}, parameters)
    >>> [check.parameter for check in wrong.failures]
    ['b']
    """
    check_method(method, epsilon)
    begin = time.perf_counter()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        trial = _Trial(cost, gradients, Parameters(parameters), np.random.default_rng(seed))
        report = trial.course(CourseStep(epsilon or 1e-7)) if method == "central" else trial.best(forced=method == "complex")
    report.seconds = time.perf_counter() - begin
    return report


class _Trial(Evaluation):
    """The verdicts about an alleged gradient."""

    # Two ways to take: the course's, and the best one.

    def course(self, step: CourseStep) -> Report:
        """Central differences of every element, in the order of the parameters."""
        value, error = self.elements(step)
        numeric = Numeric(value, error, step.name)
        report = self.report(step, numeric)
        if not report.ok and self.kink_within(step, numeric, report):
            report = self.report(step, numeric)
            report.notes.append(f"some difference quotients are wrong, as a kink lies within epsilon={step.h:g} of the parameters")
        if report.ok and report.difference > COURSE_THRESHOLD:
            report.notes.append(over_the_threshold(report.difference, step))
        return report

    def kink_within(self, step: CourseStep, numeric: Numeric, report: Report) -> bool:
        """Judge failed elements whose quotients a better step contradicts by that one; return whether there are any."""
        better: Step = self.central() if self.unsafe() else ComplexStep()
        found = False
        failed = np.concatenate([self.wrong(check) for check in report.checks])
        for index in np.flatnonzero(failed):
            (right, error), (left, _) = (self.along(better, int(index), sign) for sign in (1.0, -1.0))
            low, high, seen = min(right, -left), max(right, -left), self.analytic[index]
            contradicted = abs(np.clip(seen, low, high) - numeric.value[index]) > numeric.error[index] + error
            if contradicted or abs(seen - np.clip(seen, low, high)) <= error:
                if numeric.low is None or numeric.high is None:
                    numeric.low, numeric.high = numeric.value.copy(), numeric.value.copy()
                numeric.low[index], numeric.high[index], numeric.error[index] = low, high, error
                found = True
        return found

    def best(self, *, forced: bool) -> Report:
        """Use the complex step if the cost allows it, central differences otherwise."""
        lost = self.unsafe()
        if lost and forced:
            raise ArgumentError(f'the cost is not complex-safe ({lost}): use method="auto", which then takes central differences')
        report = self.report(self.central()) if lost else self.report(ComplexStep())
        if not lost and not report.ok and not forced and (lost := self.lost_at_worst(report)):
            report = self.report(self.central())
        if lost:
            report.notes.insert(0, f"numeric side: central differences, as the cost is not complex-safe ({lost})")
        return report

    def lost_at_worst(self, report: Report) -> str:
        """Return a reason if, at the worst element, a central difference sides with the gradient against the complex step."""
        for check in report.failures:
            if check.worst.get("index") is None:
                continue
            number = self.parameters.names.index(check.parameter)
            start, shape = self.parameters.slices[number].start, self.parameters.shapes[number]
            index = start + (int(np.ravel_multi_index(check.worst["index"], shape)) if shape else 0)
            central, bound = self.along(self.central(), index, 1.0)
            if abs(central - check.worst["numeric"]) > 2 * bound and abs(central - check.worst["analytic"]) <= bound:
                return f"its derivative for {check.parameter} gets lost in complex arithmetic"
        return ""

    # Verdicts.

    def report(self, step: Step, numeric: Numeric | None = None) -> Report:
        """Compare each array."""
        notes: list[str] = []
        if numeric is None and self.real.size <= ELEMENTS:
            numeric = self.with_kinks(step)
        if numeric is None:
            checks = [self.probed(number, step) for number in range(len(self.parameters.names))]
            number = max(check.difference for check in checks)
            notes.append("every element was covered by probes along directions in which all weigh the same")
        else:
            checks = self.compared(numeric, step)
            failed = any(check.verdict == "fail" for check in checks)
            if failed and not isinstance(step, CourseStep) and self.second_opinion(numeric, checks):
                checks = self.compared(numeric, step)
            found = numeric.value
            if not isinstance(step, CourseStep):  # its number is that of the quotients, right or wrong
                found = np.concatenate([check.numeric.ravel() for check in checks if check.numeric is not None])
            number = difference(self.analytic, found) if np.isfinite(self.analytic).all() else 1.0
            if not found.any() and self.analytic.any():
                notes.append("the cost did not change with any parameter: does it use the argument that it is given?")
            if numeric.kinks:
                notes.append(
                    f"{numeric.kinks} of {self.real.size} elements sit exactly on a kink: any slope between the one-sided ones is right"
                )
        notes += [
            f"not tested: {check.untested} of {check.elements} elements of {check.parameter}, whose gradient is zero here"
            for check in checks
            if check.untested
        ]
        for name, precision in zip(self.parameters.names, self.precision, strict=True):
            if precision > EPS:
                notes.append(f"the gradient of {name} is in single precision or less, and was compared as such: pass float64")
        arrays = len(checks)
        title = f"a function of {arrays} array{'s' * (arrays != 1)}, {self.real.size:,} element{'s' * (self.real.size != 1)}"
        report = Report(checks, title=title, difference=number, method=step.name)
        report.notes += notes
        return report

    def second_opinion(self, numeric: Numeric, checks: list[Check]) -> bool:
        """Look for kinks that complex numbers do not see, at the failed elements; return whether there are any."""
        failed = np.concatenate([self.wrong(check) for check in checks])
        found, vain = False, 0
        for index in np.flatnonzero(failed):
            slopes = self.one_sided(int(index))
            if slopes is None:
                vain += 1
                if vain > 16:
                    break
                continue
            found, vain = True, 0
            self.allow(numeric, int(index), slopes)
            numeric.error[index] += slopes[2]
        return found

    @staticmethod
    def wrong(check: Check) -> Array:
        """Return which elements lie outside of their error bars."""
        assert check.analytic is not None
        assert check.numeric is not None
        assert check.bar is not None
        outside: Array = ~(np.abs(check.analytic - check.numeric) <= check.bar)
        return outside.ravel()

    def compared(self, numeric: Numeric, step: Step) -> list[Check]:
        """Return a row for each array, compared element by element."""
        everything = 32 * EPS * float(np.sqrt(np.mean(numeric.value**2)))
        checks, rough = [], None
        for number, (name, part, shape) in enumerate(
            zip(self.parameters.names, self.parameters.slices, self.parameters.shapes, strict=True)
        ):
            size = np.abs(numeric.value[part])
            floor = FLOOR * self.precision[number] * (size + np.sqrt(np.mean(size**2))) + everything
            # What the last place of the cost itself is worth.
            floor += 64 * EPS * abs(self.base) / max(1.0, float(np.sqrt(np.mean(self.real[part] ** 2))))
            analytic = self.analytic[part]
            bar = rounding_bar(analytic, [run[part] for run in self.noisy]) + floor
            gap = np.abs(analytic - numeric.value[part])
            doubtful = gap > bar + numeric.error[part]
            if not callable(self.given):
                bar += self.sensitivity(part, doubtful, step, numeric)
            elif (doubtful & (gap < 1e-3 * size)).any():
                rough = self.roughness() if rough is None else rough
                bar += np.where(gap < 1e-3 * size, 20 * rough[part], 0.0)
            kinked = numeric.low is not None and bool(np.isfinite(analytic).all())  # NaN lies between no slopes
            low, high = (side[part].reshape(shape) if kinked and side is not None else None for side in (numeric.low, numeric.high))
            values = (numeric.value[part].reshape(shape), numeric.error[part].reshape(shape))
            check = Check(None, "total", name)
            compare(check, analytic.reshape(shape), Numeric(*values, step.name, low, high), bar.reshape(shape))
            if check.verdict == "fail" and not callable(self.given) and (gap <= 1e-8 * (size + np.sqrt(np.mean(size**2)))).all():
                check.verdict = "unresolved"
                check.diagnosis = "slightly off: rounding, or a slight bug; pass a function that returns the gradients, to tell them apart"
            elif check.verdict == "fail":
                explain_array(check, np.asarray(check.analytic), np.asarray(check.numeric))
            checks.append(check)
        return checks

    def sensitivity(self, part: slice, doubtful: Array, step: Step, numeric: Numeric) -> Array:
        """Return how much noise on the parameters changes the numeric gradient at the doubtful elements.

        It stands in for the analytic one's where that was given ready-made and cannot be asked again.
        """
        bar = np.zeros(doubtful.size)
        if not isinstance(step, ComplexStep):
            return bar  # its error bars are wider already
        kept = self.complex.copy()
        chosen = np.flatnonzero(doubtful)
        try:
            for _ in range(RUNS):
                self.complex[:] = noise(self.real, self.rng)
                for i in chosen:
                    moved, _ = self.along(step, part.start + int(i), 1.0)
                    bar[i] = max(bar[i], abs(moved - numeric.value[part.start + i]))
        finally:
            self.complex[:] = kept
        return bar * (SAFETY * EPS / NOISE)

    def probed(self, number: int, step: Step) -> Check:
        """Return the row of an array that is too large for one element at a time."""
        part, shape = self.parameters.slices[number], self.parameters.shapes[number]
        analytic, runs = self.analytic[part], [run[part] for run in self.noisy]
        check = Check(None, "total", self.parameters.names[number])

        def along(u: Array) -> tuple[float, float, float, float]:
            slope, error = self.along(step, part, u)
            seen, slope, bar, scale = probe(analytic, runs, u, slope, error)
            floor = FLOOR * self.precision[number] * scale / max(int(np.count_nonzero(u)), 1) ** 0.5
            return seen, slope, bar + floor + 64 * EPS * abs(self.base) * float(np.abs(u).max()), scale

        directions = [equalised(analytic, self.rng) for _ in range(PROBES)]
        compare_probes(check, [along(u) for u in directions], analytic.size, f"{step.name}, {PROBES} probes of every element")
        check.untested = int(np.count_nonzero(analytic == 0)) if check.verdict == "pass" else 0
        if check.verdict == "fail" and np.isfinite(analytic).all():
            # The worst element: of two halves the one that is more wrong, again and again.
            where, u = np.arange(analytic.size), directions[0]
            while len(where) > 1:
                halves = (where[: len(where) // 2], where[len(where) // 2 :])
                gaps = []
                for half in halves:
                    only = np.zeros(analytic.size)
                    only[half] = u[half]
                    seen, slope, _, _ = along(only)
                    gaps.append(abs(seen - slope))
                where = halves[int(gaps[1] > gaps[0])]
            index = int(where[0])
            slope, error = self.along(step, part.start + index, 1.0)
            place = [int(i) for i in np.unravel_index(index, shape)]
            check.worst = {"index": place, "analytic": float(analytic[index]), "numeric": slope, "bar": error + FLOOR * EPS * abs(slope)}
        return check
