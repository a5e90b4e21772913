"""GradientChecker: the order of work."""

from __future__ import annotations

import time
import warnings

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, NonFiniteError
from ..sequential import Sequential
from ..weights import example_weights
from .canaries import plant
from .diagnosis import explain_layer, explain_network, explain_penalty
from .jacobian import one_by_one
from .layer_check import LayerBench
from .point import Gradients, Network, Numerics, Point, over_all, shifted
from .report import Report
from .steps import COURSE_THRESHOLD, ComplexStep, CourseStep, NotComplexSafe, check_method, over_the_threshold
from .verdict import Check
from .workbench import Workbench


class GradientChecker:
    """Prove the gradient of a model, or say where it is wrong and what the error looks like.

    The order of work: the protocol of each layer; each penalty alone; each layer alone, for a random cotangent, with dropout off,
    and on with a frozen mask; the data loss through the whole net; the total. All at the given point, and again at a generic one
    nearby, where dead units and zero biases come alive. Then the causes of failures, or how many planted bugs were found.

    Parameters
    ----------
    model : Sequential
        It comes back bit for bit as it was, random states included.
    method : {"auto", "complex", "central"}, default "auto"
        "auto" takes the complex step (Squire and Trapp, 1998), and central differences where a layer is not complex-safe; "complex"
        refuses such a layer. "central" takes plain central differences of the whole objective, as courses teach it.
    epsilon : float, optional
        The step of `method="central"`; 1e-7 by default, the course's.
    seed : int, default 0
        Of the random directions and cotangents.

    Examples
    --------
    >>> from minidl import BinaryCrossEntropy, Linear, Sequential, Sigmoid, Tanh
    >>> model = Sequential([Linear(3, 4), Tanh(), Linear(4, 1), Sigmoid()], loss=BinaryCrossEntropy())
    >>> rng = np.random.default_rng(0)
    >>> report = GradientChecker(model).check(rng.standard_normal((5, 3)), [0, 1, 1, 0, 1])
    >>> report.ok, report.difference < 1e-13
    (True, True)
    """

    def __init__(self, model: Sequential, *, method: str = "auto", epsilon: float | None = None, seed: int = 0) -> None:
        if not isinstance(model, Sequential):
            raise ArgumentError(f"model must be a Sequential, with its loss, got {model!r}; for a function of arrays use check_gradients")
        check_method(method, epsilon)
        self.model, self.method, self.epsilon, self.seed = model, method, epsilon, seed

    def check(self, X: npt.ArrayLike, Y: npt.ArrayLike, *, exhaustive: bool = False, sample_weight: npt.ArrayLike | None = None) -> Report:
        """Check every gradient on the batch (X, Y) and return the report.

        Parameters
        ----------
        X, Y : array_like
            A few examples, as for `fit`: 2 to 10 are plenty.
        exhaustive : bool, default False
            Compute every element of every parameter's gradient, however large the model. Small models always are.
        sample_weight : array_like of shape (m,), optional
            Check the weighted loss, as `fit` takes it.

        Raises
        ------
        ShapeError, DtypeError, ArgumentError, NonFiniteError
            Where a check would mean nothing: integer parameters, a layer whose randomness cannot be frozen, an objective that is
            not finite (naming the layer).
        """
        begin = time.perf_counter()
        model = self.model
        x, t, _ = model._batch(X, Y, None)
        weight = example_weights(model.loss, t, sample_weight)
        x, t = x.astype(np.float64), model.loss.targets(Y, t.shape[1], np.dtype(np.float64))
        with Workbench(model.layers, others=(model, model._head, *model.penalties)) as bench, warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            net = Network(bench, model, x, t, np.random.default_rng(self.seed), weight)
            _refuse_non_finite(net)
            report = self._as_taught(net, exhaustive) if self.method == "central" else self._full(net, exhaustive, begin)
        report.title = f"{len(model.layers)} layers, {model.parameters.size:,} parameters, {len(x)} examples"
        report.seconds = time.perf_counter() - begin
        return report

    def _full(self, net: Network, exhaustive: bool, begin: float) -> Report:
        given = Point(net, exhaustive=exhaustive)
        checks = given.protocol() + given.layers()
        if self.method == "complex" and (lost := given.not_complex_safe()):
            raise ArgumentError(
                f'method="complex" needs a model that is complex-safe, but the numeric side had to take {lost[0]}: use "auto"'
            )
        checks += _whole(given, checks)
        values = generic_values(net.bench, net.rng)
        with net.bench.moved(values):
            generic = Point(net, steps=[lone.step for lone in given.lone])
            later = generic.layers(synthetic=not given.kinks) + _whole(generic, checks)
            if given.kinks:
                later += generic.layers(synthetic=True)
        merged = merge(checks, later)
        _explain(given, generic, merged, values, {id(check) for check in later})
        elementwise = (generic if given.kinks else given).difference()
        worst = max((c.difference for c in merged if c.term == "total"), default=0.0)
        methods = {check.method.split(",")[0] for check in merged} - {"", "no derivative needed"}
        report = Report(
            merged,
            title="",
            difference=worst if elementwise is None else elementwise,
            method=" and ".join(sorted(methods)) or ComplexStep.name,
        )
        report.notes += _notes(given, merged, elementwise is not None)
        if report.ok:
            plant(report, given, budget=time.perf_counter() - begin)
        return report

    def _as_taught(self, net: Network, exhaustive: bool) -> Report:
        """Central differences of the whole objective, element by element."""
        step = net.step = CourseStep(self.epsilon or 1e-7)
        analytic, noisy = net.total_gradient(), net.noisy_gradients()
        noisy = shifted(noisy, net.data_gradient(), analytic)
        numeric: Numerics = {}
        if exhaustive or self.model.parameters.size <= 20_000:
            numeric = {key: one_by_one(net.subject(net.total_value, key), step) for key in analytic}
        checks = net.check_term("total", net.total_value, analytic, noisy, numeric)
        if numeric and any(check.verdict == "fail" for check in checks):
            point = Point(net)
            right = all(check.verdict != "fail" for check in point.layers())
            _doubted(net, numeric, checks, at_kink=right and point.kinks > 0)
            checks = net.check_term("total", net.total_value, analytic, noisy, numeric)
        number = over_all(analytic, numeric) if numeric else max((check.difference for check in checks), default=0.0)
        report = Report(checks, title="", difference=number, method=step.name)
        if report.ok and number > COURSE_THRESHOLD:
            report.notes.append(over_the_threshold(number, step))
        return report


def _doubted(net: Network, numeric: Numerics, checks: list[Check], at_kink: bool) -> None:
    """Judge failed arrays by the complex step where it contradicts the quotients, as a kink lies within epsilon.

    At an exact kink nothing is contradicted, but nothing is shown either: the failures become unresolved.
    """
    for (key, known), check in zip(numeric.items(), checks, strict=True):
        if check.verdict == "fail":
            known.mingled = at_kink
            try:
                right, left = (one_by_one(net.subject(net.total_value, key), ComplexStep(), sign).value for sign in (1.0, -1.0))
            except NotComplexSafe:
                return
            low, high = np.minimum(right, left), np.maximum(right, left)
            inside = (low <= known.value) & (known.value <= high)
            known.low, known.high = (np.where(inside, known.value, side) for side in (low, high))


def _whole(point: Point, before: list[Check]) -> list[Check]:
    """Check the whole net, unless it cannot be walked through for a fault that is known already: a shape that does not fit."""
    try:
        return point.network()
    except Exception:
        if not any(check.verdict == "fail" for check in before):
            raise
        return []


def generic_values(bench: Workbench, rng: np.random.Generator) -> Gradients:
    """Return values nearby at which nothing is zero: biases come alive, equal units part, kinks are left."""
    values = {}
    for key, parameter in bench.parameters.items():
        value = bench.arrays(key)["real"]
        size = float(np.sqrt(np.mean(value * value))) or 1.0 / np.sqrt(parameter.fan_in or value.size)
        values[key] = value + 0.3 * size * rng.standard_normal(value.shape)
    return values


def _refuse_non_finite(net: Network) -> None:
    rule = "the objective must be finite to be checked, but"
    for i, z in enumerate(net.inputs()[1:]):
        if not np.isfinite(z).all():
            raise NonFiniteError(f"{rule} layer {i}, {net.model.layers[i]}, gives an output that is not")
    value = float(net.total_value(net.x))
    if not np.isfinite(value):
        raise NonFiniteError(f"{rule} the loss {net.model.loss} or a penalty gives {value}")


def merge(first: list[Check], second: list[Check]) -> list[Check]:
    """Return one row for each thing checked: the worse of both points' verdicts; tested counts as tested at either."""
    rank = {"pass": 0, "unresolved": 1, "fail": 2}
    merged: dict[tuple[object, ...], Check] = {}
    for check in (*first, *second):
        key = (check.layer, check.term, check.parameter, check.where, check.training)
        before = merged.setdefault(key, check)
        if check.verdict == "fail" != before.verdict or (before.verdict == "unresolved" and check.verdict == "pass"):
            check.kinks = max(check.kinks, before.kinks)
            merged[key] = check
        elif rank[check.verdict] <= rank[before.verdict]:
            before.untested = min(before.untested, check.untested)
    return list(merged.values())


def _explain(given: Point, generic: Point, checks: list[Check], values: Gradients, nearby: set[int]) -> None:
    """Name the cause of each failure, from the point that shows most, and say which failures may follow from others.

    `values` are the generic point's, `nearby` the ids of the checks that were made there.
    """
    bench, m = given.bench, len(given.net.x)
    for check in checks:
        if check.verdict != "fail" or check.diagnosis:
            continue
        if check.term == "layer":
            _explain_layer(given, generic, check, values)
        elif check.term in ("data", "total"):
            explain_network(check, [c for c in checks if c.term == check.term], m)
        elif check.term != "protocol":
            strength = next(p.strength for p in given.model.penalties if str(p) == check.term)
            with bench.moved(values if id(check) in nearby else {}):
                explain_penalty(check, m, bench, strength)
    failures = [check for check in checks if check.verdict == "fail"]
    _borrow_from_protocol(failures)
    _say_what_follows(failures)


def _explain_layer(given: Point, generic: Point, check: Check, values: Gradients) -> None:
    # The synthetic input of the generic point has another batch size than the given one and every kind of number in it: a factor m
    # cannot pass for a factor 2 there.
    i = check.layer or 0
    for point in (generic, given):
        alone = (point.on if check.training else point.alone).get(i)
        shown = next((c for c in alone.checks if c.parameter == check.parameter), None) if alone else None
        if alone is None or shown is None or shown.verdict != "fail":
            continue
        lone = LayerBench(point.bench, i, training=check.training, step=point.lone[i].step)
        shown.diagnosis = ""
        with point.bench.moved(values if point is generic else {}):
            explain_layer(shown, alone, lone)
        check.diagnosis = shown.diagnosis
        check.census = check.census or shown.census
        return


def _borrow_from_protocol(failures: list[Check]) -> None:
    """Let the first broken rule explain a wrong gradient of the same layer that looks like no known mistake."""
    broken = {c.layer: c.diagnosis for c in reversed(failures) if c.term == "protocol"}
    for check in failures:
        unnamed = not check.diagnosis or check.diagnosis.startswith("unknown") or "NaN" in check.diagnosis
        if check.term == "layer" and unnamed and check.layer in broken:
            check.diagnosis = f"{check.diagnosis.split(':')[0] or 'wrong'}; consistent with a broken rule: {broken[check.layer]}"


def _say_what_follows(failures: list[Check]) -> None:
    """Mark the failures through the whole net that failures of layers alone, of a penalty or of the loss bring about."""
    alone = {(c.layer, c.parameter) for c in failures if c.term == "layer"}
    broken = {c.layer for c in failures if c.term in ("layer", "protocol") and c.layer is not None}
    penalties = {(c.layer, c.parameter) for c in failures if c.term not in ("layer", "protocol", "data", "total")}
    loss = any(c.parameter == "prediction" or (c.term == "protocol" and c.layer is None) for c in failures)
    for check in failures:
        if check.term not in ("data", "total") or check.layer is None:
            continue
        key = (check.layer, check.parameter)
        later = min((i for i in broken if i > check.layer), default=None)
        if key in alone or check.layer in broken:
            check.follows = f"layer {check.layer} alone"
        elif check.term == "total" and key in penalties:
            check.follows = "the penalty"
        elif later is not None:
            check.follows = f"the input gradient of layer {later}"
        elif loss:
            check.follows = "the gradient of the loss"


def _notes(given: Point, checks: list[Check], elementwise: bool) -> list[str]:
    notes = [f"numeric side: {reason}" for reason in given.not_complex_safe()]
    if given.kinks:
        notes.append(
            f"{given.kinks} derivatives sit exactly on a kink, where the analytic value must lie between the one-sided slopes; "
            "the whole net was checked at a point nearby"
        )
    # A zero slope of an activation has been tested; a parameter that nothing reaches has not.
    notes += [
        f"not tested: {check.untested} of {check.elements} elements of {check.place}, whose gradient is zero wherever tried"
        for check in checks
        if check.untested and check.term == "layer" and not check.parameter.startswith("input")
    ]
    unreached = [check for check in checks if check.untested and check.term == "data" and check.layer is not None]
    if unreached:
        listed = ", ".join(f"{check.layer} {check.parameter} {check.untested:,} of {check.elements:,}" for check in unreached)
        notes.append(f"not reached through the whole net, for dead units or zero inputs, but tested with the layer alone: {listed}")
    if not elementwise:
        notes.append("every parameter was covered by probes along directions in which all weigh the same; exhaustive=True computes each")
    return notes
