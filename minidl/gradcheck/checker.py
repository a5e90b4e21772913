"""GradientChecker: the order of work."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Array
from ..errors import ArgumentError, NonFiniteError
from ..sequential import Sequential
from .canaries import plant
from .diagnosis import explain_layer, explain_network, explain_penalty
from .jacobian import Numeric
from .layer_check import Alone, LayerBench, check_alone
from .network import Gradients, Network, added
from .protocol import check_protocol
from .report import Report
from .steps import ComplexStep, CourseStep, Step
from .verdict import Check, difference
from .workbench import Workbench

_METHODS = ("auto", "complex", "central")


class GradientChecker:
    """Prove the gradient of a model, or say where it is wrong and what the error looks like.

    Parameters
    ----------
    model : Sequential
        It comes back bit for bit as it was, random states included.
    method : {"auto", "complex", "central"}, default "auto"
        "auto" takes the complex step, and central differences where a layer is not complex-safe. "central" takes plain central
        differences of the whole objective, as courses teach it.
    epsilon : float, optional
        The step of `method="central"`; 1e-7 by default, the course's.
    seed : int, default 0
        Of the random directions and cotangents.

    Notes
    -----
    The order of work: preconditions; the protocol of each layer; each penalty alone; each layer alone, for a random cotangent, with
    dropout off, and on with a frozen mask; the data loss through the whole net; the total. All of it at the given point, and again
    at a generic one nearby, where units that are dead and biases that are zero come alive. Then, on failure, the cause; and at the
    end what was not tested and how many planted bugs were found.

    Squire and Trapp, "Using complex variables to estimate derivatives of real functions" (1998).

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
        if method not in _METHODS:
            raise ArgumentError(f"method must be one of {', '.join(map(repr, _METHODS))}, got {method!r}")
        if epsilon is not None and not (np.isfinite(epsilon) and epsilon > 0):
            raise ArgumentError(f"epsilon must be finite and > 0, got {epsilon!r}: the course takes 1e-7")
        self.model, self.method, self.epsilon, self.seed = model, method, epsilon, seed

    def check(self, X: npt.ArrayLike, Y: npt.ArrayLike, *, exhaustive: bool = False) -> Report:
        """Check every gradient on the batch (X, Y) and return the report.

        Parameters
        ----------
        X, Y : array_like
            A few examples, as for `fit`: 2 to 10 are plenty.
        exhaustive : bool, default False
            Compute every element of every parameter's gradient, however large the model. Small models always are.

        Raises
        ------
        ShapeError, DtypeError, ArgumentError, NonFiniteError
            Where a check would mean nothing: integer parameters, a layer whose randomness cannot be frozen, an objective that is
            not finite (naming the layer).
        """
        begin = time.perf_counter()
        model = self.model
        x, t = model._pair(X, Y)
        x, t = x.astype(np.float64), model.loss.targets(Y, t.shape[1], np.dtype(np.float64))
        rng = np.random.default_rng(self.seed)
        with Workbench(model.layers, others=(model, model._head)) as bench, warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            _refuse_non_finite(bench, model, x, t)
            if self.method == "central":
                report = self._as_taught(bench, x, t, rng, exhaustive)
            else:
                report = self._full(bench, x, t, rng, exhaustive, begin)
        report.seconds = time.perf_counter() - begin
        return report

    def _full(self, bench: Workbench, x: Array, t: Array, rng: np.random.Generator, exhaustive: bool, begin: float) -> Report:
        model = self.model
        given = _Point(bench, model, x, t, rng, exhaustive)
        checks = given.protocol()
        checks += given.layers()
        checks += given.network()
        generic_values = _generic(bench, rng)
        with bench.moved(generic_values):
            generic = _Point(bench, model, x, t, rng, exhaustive=False)
            later = generic.layers(synthetic=True) + generic.network()
            merged = _merge(checks, later)
            _explain(given, generic, merged)
        title = f"{len(model.layers)} layers, {model.parameters.size:,} parameters, {len(x)} examples"
        elementwise = given.difference() if not given.kinks else generic.difference()
        worst = max((c.difference for c in merged if c.term == "total"), default=0.0)
        report = Report(merged, title=title, difference=worst if elementwise is None else elementwise, method=_method(merged))
        report.notes += _notes(given, merged, elementwise is not None)
        if report.ok:
            plant(report, given, budget=time.perf_counter() - begin)
        return report

    def _as_taught(self, bench: Workbench, x: Array, t: Array, rng: np.random.Generator, exhaustive: bool) -> Report:
        """Central differences of the whole objective, element by element."""
        model, step = self.model, CourseStep(self.epsilon or 1e-7)
        alone = [LayerBench(bench, i, training=False, step=step) for i in range(len(model.layers))]
        net = Network(bench, model, x, t, rng, alone)
        net.step = step
        analytic, noisy = net.total_gradient(), net.noisy_gradients()
        noisy = [{key: run[key] + analytic[key] - base for key, base in net.data_gradient().items()} for run in noisy]
        total = lambda x, t: net.model.terms(x, t)["total"]  # noqa: E731 - one expression, used twice
        numeric: dict[Any, Numeric] = {}
        if exhaustive or model.parameters.size <= 20_000:
            f = net.objective("real", total)
            for key in analytic:
                array = bench.arrays(key)["real"]
                value, error = np.empty(array.shape), np.empty(array.shape)
                for index in np.ndindex(array.shape):
                    value[index], error[index] = step.along(f, array, index, 1.0)
                numeric[key] = Numeric(value, error, step.name)
        checks = net.compare_term("total", total, analytic, noisy, numeric)
        if numeric:
            number = difference(_flat(analytic), np.concatenate([n.value.ravel() for n in numeric.values()]))
        else:
            number = max((c.difference for c in checks), default=0.0)
        title = f"{len(model.layers)} layers, {model.parameters.size:,} parameters, {len(x)} examples"
        return Report(checks, title=title, difference=number, method=step.name)


class _Point:
    """All derivative checks at one point in the space of the parameters."""

    def __init__(
        self, bench: Workbench, model: Sequential, x: Array, t: Array, rng: np.random.Generator, exhaustive: bool, step: Step | None = None
    ) -> None:
        self.bench, self.model, self.x, self.t, self.rng = bench, model, x, t, rng
        self.exhaustive = exhaustive
        self.lone = [LayerBench(bench, i, training=False, step=step) for i in range(len(model.layers))]
        self.net = Network(bench, model, x, t, rng, self.lone)
        self.alone: dict[int, Alone] = {}
        self.on: dict[int, Alone] = {}
        self.numeric: dict[Any, Numeric] = {}
        self.data: Gradients = {}
        self.total: Gradients = {}
        self.noisy: list[Gradients] = []
        self.penalties: list[tuple[Gradients, dict[Any, Numeric]]] = []
        self.note = ""

    @property
    def kinks(self) -> int:
        """How many elements of the layers' derivatives sit on a kink."""
        return sum(check.kinks for alone in self.alone.values() for check in alone.checks)

    def inputs(self) -> list[Array]:
        """Return the input of every layer."""
        inputs = self.net.inputs()
        if len(inputs) < len(self.model.layers):
            inputs.append(np.array(self.lone[len(inputs) - 1].forward(inputs[-1])))
        return inputs

    def limit(self, i: int) -> int:
        """Return how many forward calls of layer `i` a default check may spend: about a tenth of a second."""
        size = sum(parameter.size for (layer, _), parameter in self.bench.parameters.items() if layer == i)
        return int(0.1 / (2e-5 + len(self.x) * max(size, 100) * 2e-10))

    def protocol(self) -> list[Check]:
        """Try the protocol of every layer, and of stochastic ones once more while training."""
        checks = []
        for lone, x in zip(self.lone, self.inputs(), strict=False):
            checks += check_protocol(lone, x, self.rng)
            if any(part.stochastic for part in lone.layer.walk()) or self.bench.has_streams(lone.layer):
                checks += check_protocol(LayerBench(self.bench, lone.number, training=True), x, self.rng)
        return checks

    def layers(self, synthetic: bool = False) -> list[Check]:
        """Check each layer alone, at its own input or at a synthetic one; stochastic layers also while training."""
        checks = []
        for lone, x in zip(self.lone, self.inputs(), strict=False):
            if synthetic:
                x = synthetic_input(x, self.rng)
                if not np.isfinite(lone.forward(x)).all():
                    continue  # outside of the layer's domain
            limit = 10**9 if self.exhaustive else self.limit(lone.number)
            alone = self.alone[lone.number] = check_alone(lone, x, self.rng, limit=limit)
            checks += alone.checks
            if any(part.stochastic for part in lone.layer.walk()):
                active = LayerBench(self.bench, lone.number, training=True)
                self.on[lone.number] = on = check_alone(active, x, self.rng, limit=self.limit(lone.number))
                for check in on.checks:
                    check.parameter += " (training)"
                checks += on.checks
        return checks

    def network(self) -> list[Check]:
        """Check each penalty alone, the data loss through the whole net, and the total."""
        net, model, m = self.net, self.model, len(self.x)
        self.note = net.choose_steps()
        loss_check, loss_gradient = net.loss_gradient(10**9 if self.exhaustive else 4096)
        checks = []
        big = 10**9 if self.exhaustive else 5000
        for index, penalty in enumerate(model.penalties):
            analytic = net.penalty_gradient(index)
            numeric = {key: found for key in analytic if (found := net.penalty_numeric(index, key, big)) is not None}
            self.penalties.append((analytic, numeric))
            rows = net.compare_term(
                str(penalty), lambda x, t, index=index: model.penalty_value(index, m) + 0 * x[0, ..., 0].ravel()[0], analytic, [], numeric
            )
            touched = {id(parameter) for parameter in model._penalized[index][1]}
            checks += [c for c in rows if c.verdict == "fail" or id(self.bench.parameters[c.layer or 0, c.parameter]) in touched]
        checks.append(loss_check)
        self.data, self.noisy = net.data_gradient(), net.noisy_gradients()
        if self.kinks:
            return checks  # at a kink the objective has no gradient: the generic point decides
        limits = [10**9 if self.exhaustive else self.limit(i) for i in range(len(self.lone))]
        self.numeric = net.carried_back(loss_gradient, limits)
        checks += net.compare_term("data", lambda x, t: model.data_loss(x, t), self.data, self.noisy, self.numeric)
        self.total = net.total_gradient()
        noisy = [{key: run[key] + self.total[key] - self.data[key] for key in run} for run in self.noisy]
        checks += net.compare_term("total", lambda x, t: model.terms(x, t)["total"], self.total, noisy, self.total_numeric())
        return checks

    def total_numeric(self) -> dict[Any, Numeric]:
        """Return the numeric gradient of the total, where all of its terms are known element by element."""
        found = dict(self.numeric)
        for index, (_, numeric) in enumerate(self.penalties):
            touched = {id(parameter) for parameter in self.model._penalized[index][1]}
            for key in list(found):
                if id(self.bench.parameters[key]) not in touched:
                    continue
                if key in numeric:
                    found[key] = added({key: found[key]}, numeric)[key]
                else:
                    del found[key]
        return found

    def difference(self) -> float | None:
        """Return the course's number for the total, or None where not every element was computed."""
        numeric = self.total_numeric()
        if not self.total or set(numeric) != set(self.total):
            return None
        return difference(_flat(self.total), np.concatenate([numeric[key].value.ravel() for key in self.total]))


def synthetic_input(x: Array, rng: np.random.Generator) -> Array:
    """Return an input of the same width with numbers of every size and both signs, and a batch of another length.

    Real activations are often zero, of one sign, or of one size: whatever they multiply is then not tested.
    """
    m = 7 if x[0].size >= 16 else 61
    if m == len(x):
        m += 2
    shape = (m, *x.shape[1:])
    sizes = np.exp(rng.uniform(np.log(1e-4), np.log(5.0), shape))
    signs = rng.integers(0, 2, shape) * 2.0 - 1.0
    found: Array = np.where(rng.random(shape) < 0.5, sizes * signs, rng.standard_normal(shape))
    return found


def _generic(bench: Workbench, rng: np.random.Generator) -> dict[Any, Array]:
    """Return values nearby at which nothing is zero: biases come alive, equal units part, kinks are left."""
    values = {}
    for key, parameter in bench.parameters.items():
        value = bench.arrays(key)["real"]
        fan_in = parameter.fan_in or value.size
        size = float(np.sqrt(np.mean(value * value))) or 1.0 / np.sqrt(fan_in)
        values[key] = value + 0.3 * size * rng.standard_normal(value.shape)
    return values


def _refuse_non_finite(bench: Workbench, model: Sequential, x: Array, t: Array) -> None:
    bench.use("real")
    z = x
    for i, layer in enumerate(model.layers):
        z = layer.forward(z)
        if not np.isfinite(z).all():
            raise NonFiniteError(f"the objective must be finite to be checked, but layer {i}, {layer}, gives an output that is not")
    value = float(model.terms(x, t)["total"])
    if not np.isfinite(value):
        raise NonFiniteError(f"the objective must be finite to be checked, but the loss {model.loss} or a penalty gives {value}")


def _merge(first: list[Check], second: list[Check]) -> list[Check]:
    """Return one row for each thing checked: the worse of both points' verdicts; tested counts as tested at either."""
    rank = {"pass": 0, "unresolved": 1, "fail": 2}
    merged = {(c.layer, c.term, c.parameter, c.where): c for c in first}
    for check in second:
        key = (check.layer, check.term, check.parameter, check.where)
        before = merged.get(key)
        if before is None:
            merged[key] = check
        elif check.verdict == "fail" != before.verdict or (before.verdict == "unresolved" and check.verdict == "pass"):
            check.kinks = max(check.kinks, before.kinks)
            merged[key] = check
        elif rank[check.verdict] <= rank[before.verdict]:
            before.untested = min(before.untested, check.untested)
    return list(merged.values())


def _explain(given: _Point, generic: _Point, checks: list[Check]) -> None:
    for check in checks:
        if check.verdict != "fail" or check.diagnosis:
            continue
        if check.term == "layer":
            for point in (given, generic):
                for alone in (point.alone.get(check.layer or 0), point.on.get(check.layer or 0)):
                    if alone is not None and any(c is check for c in alone.checks):
                        explain_layer(check, alone, point.lone[check.layer or 0])
        elif check.term in ("data", "total"):
            explain_network(check, [c for c in checks if c.term == check.term], len(given.x))
        elif check.term != "protocol":
            explain_penalty(check, len(given.x), given.bench)
    by_layer = {(c.layer, c.parameter) for c in checks if c.term == "layer" and c.verdict == "fail"}
    broken = sorted(
        {c.layer for c in checks if c.term in ("layer", "protocol") and c.verdict == "fail" and c.layer is not None}, reverse=True
    )
    for check in checks:
        if check.verdict == "fail" and check.term in ("data", "total") and broken and check.layer is not None:
            later = [i for i in broken if i > check.layer]
            if (check.layer, check.parameter) in by_layer or check.layer in broken:
                check.diagnosis = f"follows from layer {check.layer} alone, which fails; {check.diagnosis}"
            elif later:
                check.diagnosis = f"may follow from layer {later[0]}, whose input gradient it is computed from; {check.diagnosis}"


def _method(checks: list[Check]) -> str:
    names = {check.method.split(",")[0] for check in checks if check.term not in ("protocol",) and check.method}
    return " and ".join(sorted(names)) or ComplexStep.name


def _notes(given: _Point, checks: list[Check], elementwise: bool) -> list[str]:
    notes = []
    reasons = {given.note, *(alone.note for alone in given.alone.values())} - {""}
    notes += [f"numeric side: {reason}" for reason in sorted(reasons)]
    if given.kinks:
        notes.append(
            f"{given.kinks} derivatives sit exactly on a kink, where the analytic value must lie between the one-sided slopes; "
            "the whole net was checked at a point nearby"
        )
    blind = [check for check in checks if check.untested and check.term == "layer"]
    for check in blind[:5]:
        notes.append(f"not tested: {check.untested} of {check.elements} elements of {check.place}, whose gradient is zero wherever tried")
    if not elementwise:
        notes.append("every parameter was covered by probes along directions in which all weigh the same; exhaustive=True computes each")
    return notes


def _flat(gradients: Gradients) -> Array:
    return np.concatenate([gradient.ravel() for gradient in gradients.values()]) if gradients else np.zeros(0)
