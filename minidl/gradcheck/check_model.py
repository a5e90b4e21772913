"""GradientChecker: the order of work."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from ..batching.sample_weights import compute_sample_weight
from ..errors import ArgumentError, NonFiniteError
from ..model.inputs import prepare_batch
from ..model.sequential import Sequential
from .constants import COURSE_THRESHOLD
from .diagnosis.explain import explain_layer, explain_network, explain_penalty
from .layer_harness import LayerHarness
from .method import check_method, threshold_note
from .mutation import inject_bugs
from .numeric.differences import CentralDifference, ComplexStep, NotComplexSafe
from .numeric.gradient import elementwise_gradient
from .point import Gradients, Numerics, Point, over_all, shifted
from .report.report import Report
from .result import Check, merge_checks
from .sandbox import ModelSandbox, ParameterKey, random_nearby_parameters


class GradientChecker:
    """Prove the gradient of a model, or say where and how it is wrong.

    Parameters
    ----------
    model : Sequential
        It comes back bit for bit as it was.
    method : {"auto", "complex", "central"}, default "auto"
        "auto": the complex step (Squire and Trapp, 1998), or central differences where a layer is not complex-safe; "complex"
        refuses such a layer. "central": plain central differences, as courses teach it.
    epsilon : float, optional
        The step of `method="central"`; 1e-7 by default, the course's.
    seed : int, default 0
        Of the random directions and cotangents.

    Examples
    --------
    >>> from minidl import BinaryCrossEntropy, Linear, Sequential, Sigmoid, Tanh
    >>> model = Sequential([Linear(3, 4), Tanh(), Linear(4, 1), Sigmoid()], loss=BinaryCrossEntropy())
    >>> GradientChecker(model).check(np.eye(3), [0, 1, 1]).ok
    True
    """

    def __init__(
        self,
        model: Sequential,
        *,
        method: str = "auto",
        epsilon: float | None = None,
        seed: int = 0,
    ) -> None:
        if not isinstance(model, Sequential):
            raise ArgumentError(
                f"model must be a Sequential, with its loss, got {model!r}; for a function of arrays use check_gradients"
            )
        check_method(method, epsilon)
        self.model, self.method, self.epsilon, self.seed = model, method, epsilon, seed

    def check(
        self,
        X: npt.ArrayLike,
        Y: npt.ArrayLike,
        *,
        exhaustive: bool = False,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Report:
        """Check every gradient on the batch (X, Y) and return the report.

        Parameters
        ----------
        X, Y : array_like
            A few examples, as for `fit`: 2 to 10 are plenty.
        exhaustive : bool, default False
            Compute every element of every parameter's gradient, as always for a small model.
        sample_weight : array_like of shape (m,), optional
            Check the weighted loss, as `fit` takes it.

        Raises
        ------
        ShapeError, DtypeError, ArgumentError, NonFiniteError
            Where a check would mean nothing.
        """
        begin = time.perf_counter()
        model = self.model.objective_function
        x, t, _ = prepare_batch(model, X, Y)
        weight = compute_sample_weight(model.loss, t, sample_weight)
        x, t = x.astype(np.float64), model.loss.prepare_targets(Y, t.shape[1], np.dtype(np.float64))
        with (
            ModelSandbox(
                model.layers, others=(model, model.training_loss, *model.penalties)
            ) as bench,
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore", RuntimeWarning)
            make = partial(Point, bench, model, x, t, np.random.default_rng(self.seed), weight)
            given = make(least=10**9 if exhaustive else 0)
            _refuse_non_finite(given)
            report = (
                self._as_taught(given, make())
                if self.method == "central"
                else self._full(given, make, begin)
            )
        report.title = (
            f"{len(model.layers)} layers, {model.parameters.size:,} parameters, {len(x)} examples"
        )
        report.seconds = time.perf_counter() - begin
        return report

    def _full(self, given: Point, make: Callable[..., Point], begin: float) -> Report:
        checks = given.protocol() + given.layers()
        if self.method == "complex" and (lost := given.not_complex_safe()):
            raise ArgumentError(
                f'method="complex" needs a complex-safe model, but this one takes {lost[0]}: use "auto"'
            )
        checks += _whole(given, checks)
        values = random_nearby_parameters(given.bench, given.rng)
        with given.bench.moved(values):
            generic = make(steps=[lone.step for lone in given.lone])
            later = generic.layers(synthetic=not given.kinks) + _whole(generic, checks)
            if given.kinks:
                later += generic.layers(synthetic=True)
        merged = merge_checks(checks, later)
        _explain(given, generic, merged, values, {id(check) for check in later})
        number = (generic if given.kinks else given).difference()
        worst = max((check.difference for check in merged if check.term == "total"), default=0.0)
        report = Report.from_checks(merged, title="")
        report.difference = worst if number is None else number
        report.notes += _notes(given, merged, number is not None)
        if report.ok:
            inject_bugs(report, given, budget=time.perf_counter() - begin)
        return report

    def _as_taught(self, given: Point, other: Point) -> Report:
        """Central differences of the whole objective, element by element."""
        step = given.step = CentralDifference(self.epsilon or 1e-7)
        analytic, noisy = given.gradient("total"), given.noisy_gradients()
        noisy = shifted(noisy, given.gradient("data"), analytic)
        numeric: Numerics = {}
        if given.least or self.model.parameters.size <= 20_000:
            numeric = {
                key: elementwise_gradient(given.subject("total", key), step) for key in analytic
            }
        checks = given.check_term("total", analytic, noisy, numeric)
        if numeric and any(check.verdict == "fail" for check in checks.values()):
            right = all(check.verdict != "fail" for check in other.layers())
            _doubted(given, numeric, checks, at_kink=right and other.kinks > 0)
            checks = given.check_term("total", analytic, noisy, numeric)
        report = Report.from_checks(list(checks.values()), title="")
        report.method = step.name
        if numeric:
            report.difference = over_all(analytic, numeric)
        if report.ok and report.difference > COURSE_THRESHOLD:
            report.notes.append(threshold_note(report.difference, step.h))
        return report


def _doubted(
    point: Point, numeric: Numerics, checks: dict[ParameterKey, Check], at_kink: bool
) -> None:
    """Judge failed arrays by the complex step: a kink may lie within epsilon."""
    for key, known in numeric.items():
        if checks[key].verdict == "fail":
            known.kinks_overlap = at_kink
            try:
                right, left = (
                    elementwise_gradient(point.subject("total", key), ComplexStep(), sign).value
                    for sign in (1.0, -1.0)
                )
            except NotComplexSafe:
                return
            low, high = np.minimum(right, left), np.maximum(right, left)
            inside = (low <= known.value) & (known.value <= high)
            known.lower, known.upper = (np.where(inside, known.value, side) for side in (low, high))


def _whole(point: Point, before: list[Check]) -> list[Check]:
    """Check the whole net, unless a known fault bars the way."""
    try:
        return point.network()
    except Exception:
        if not any(check.verdict == "fail" for check in before):
            raise
        return []


def _refuse_non_finite(point: Point) -> None:
    rule = "the objective must be finite to be checked, but"
    for i, z in enumerate(point.inputs()[1:]):
        if not np.isfinite(z).all():
            raise NonFiniteError(
                f"{rule} layer {i}, {point.model.layers[i]}, gives an output that is not"
            )
    value = float(point.value("total", point.x))
    if not np.isfinite(value):
        raise NonFiniteError(f"{rule} the loss {point.model.loss} or a penalty gives {value}")


def _explain(
    given: Point, generic: Point, checks: list[Check], values: Gradients, nearby: set[int]
) -> None:
    """Name the causes of failures; `nearby` are the ids of checks at the generic point's `values`."""
    bench, m = given.bench, len(given.x)
    failures = [check for check in checks if check.verdict == "fail"]
    for check in failures:
        if check.diagnosis:
            continue
        if check.term == "layer":
            _explain_layer(given, generic, check, values)
        elif check.term in given.numbers:
            with bench.moved(values if id(check) in nearby else {}):
                explain_penalty(
                    check, m, bench, given.model.penalties[given.numbers[check.term]].strength
                )
        else:
            explain_network(check, [c for c in checks if c.term == check.term], m)
    _relate(failures)


def _explain_layer(given: Point, generic: Point, check: Check, values: Gradients) -> None:
    i = check.layer or 0
    # The generic point first: for another length of batch a factor m is no factor 2.
    for point, moved in ((generic, values), (given, {})):
        alone = point.alone.get((i, check.training))
        for shown in alone.checks if alone else ():
            if alone and shown.parameter == check.parameter and shown.verdict == "fail":
                with point.bench.moved(moved):
                    explain_layer(
                        shown,
                        alone,
                        LayerHarness(
                            point.bench, i, training=check.training, step=point.lone[i].step
                        ),
                    )
                check.diagnosis = shown.diagnosis
                check.error_summary = check.error_summary or shown.error_summary
                return


def _relate(failures: list[Check]) -> None:
    """Relate failures to those that bring them about."""
    rules = {c.layer: c.diagnosis for c in reversed(failures) if c.term == "protocol"}
    alone = {(c.layer, c.parameter) for c in failures if c.term == "layer"}
    broken = {c.layer for c in failures if c.term in ("layer", "protocol") and c.layer is not None}
    penalties = {
        (c.layer, c.parameter)
        for c in failures
        if c.term not in ("layer", "protocol", "data", "total")
    }
    loss = None in rules or any(c.parameter == "prediction" for c in failures)
    for check in failures:
        if check.term == "layer" and check.layer in rules:
            if (
                not check.diagnosis
                or check.diagnosis.startswith("unknown")
                or "NaN" in check.diagnosis
            ):
                check.diagnosis = f"{check.diagnosis.split(':')[0] or 'wrong'}; consistent with a broken rule: {rules[check.layer]}"
        elif check.term in ("data", "total") and check.layer is not None:
            key = (check.layer, check.parameter)
            later = min((i for i in broken if i > check.layer), default=None)
            if key in alone or check.layer in broken:
                check.caused_by = f"layer {check.layer} alone"
            elif check.term == "total" and key in penalties:
                check.caused_by = "the penalty"
            elif later is not None:
                check.caused_by = f"the input gradient of layer {later}"
            elif loss:
                check.caused_by = "the gradient of the loss"


def _notes(given: Point, checks: list[Check], elementwise: bool) -> list[str]:
    notes = [f"numeric side: {reason}" for reason in given.not_complex_safe()]
    if given.kinks:
        notes.append(
            f"{given.kinks} derivatives sit exactly on a kink: the whole net was checked at a point nearby"
        )
    notes += [
        f"not tested: {check.untested} of {check.elements} elements of {check.location}, whose gradient is zero wherever tried"
        for check in checks
        if check.untested and check.term == "layer" and not check.parameter.startswith("input")
    ]
    unreached = [
        check
        for check in checks
        if check.untested and check.term == "data" and check.layer is not None
    ]
    if unreached:
        listed = ", ".join(
            f"{check.layer} {check.parameter} {check.untested:,} of {check.elements:,}"
            for check in unreached
        )
        notes.append(
            f"not reached through the whole net, but tested with the layer alone: {listed}"
        )
    if not elementwise:
        notes.append("every element was covered by probes; exhaustive=True computes each")
    return notes
