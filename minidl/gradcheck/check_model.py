"""GradientChecker: check every gradient of a model."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..batching.batch import Batch
from ..batching.sample_weights import compute_sample_weight
from ..errors import ArgumentError
from ..layers.base import Layer
from ..model.inputs import prepare_batch
from ..model.isolated_access import IsolatedAccess
from ..model.sequential import Sequential
from ..objective import Objective
from ..parameters import Parameter
from ..utils.random import check_seed
from ..utils.snapshot import restored
from ..utils.sparse_rows import ExamplesLike, SparseRows
from ..utils.typing import Array
from ..utils.underflow import ignore_underflow
from .constants import ALL_CALLS, COURSE_EPSILON, COURSE_THRESHOLD, NEARBY_SPREAD
from .context import CheckContext, layer_inputs
from .method import check_method, kink_note, threshold_note
from .mutation import inject_bugs
from .numeric.differences import CentralDifference
from .report.report import Report
from .result import Check
from .sandbox import ModelSandbox, ParameterKey
from .stages.central import check_by_central_differences
from .stages.contract import ContractResult, check_contract, check_rules_of_zeros
from .stages.diagnosis import PointLayers, explain_failures
from .stages.inner_layers import check_inner_layers, link_to_inner
from .stages.layers import LayersResult, check_layers
from .stages.loss import LossResult, check_loss, choose_loss_scheme
from .stages.network import NetworkResult, check_network
from .stages.penalties import PenaltiesResult, check_penalties
from .stages.preconditions import (
    frozen_note,
    require_declared_integers,
    training_only_rows,
    whole_net_note,
)
from .stages.sparse_rows import as_few_rows, check_sparse_rows


@ignore_underflow("check")
class GradientChecker:
    """Check the gradient of a model: prove it right, or find where and how it is wrong.

    Each layer, the loss and each penalty are checked alone, then the model as a whole, at the
    user's point and at a random one nearby. What fails is compared with known mistakes. If nothing
    fails, bugs are injected into the model's own gradients to show that they would be found.

    Parameters
    ----------
    model : Sequential
        The model. Each of its attributes is restored bit for bit.
    method : {"auto", "complex", "central"}, default "auto"
        How numeric derivatives are computed. "auto" takes the complex step [1]_, which is exact to
        rounding, and Richardson's extrapolation of central differences where a layer, a penalty or
        the loss is not complex-safe. "complex" refuses such a model. "central" takes plain central
        differences of the whole objective, as courses teach it, and checks nothing else but that
        no layer reads a parameter which the model does not train.
    epsilon : float, optional
        The step of `method="central"`, > 0; 1e-7 by default.
    seed : int, default 0
        The seed of random directions, incoming gradients and synthetic inputs.

    Raises
    ------
    ArgumentError
        If `model` is not a Sequential, or `method`, `epsilon` or `seed` is not as above.

    See Also
    --------
    check_gradients : The same for a function of arrays that is not a minidl model.
    minidl.testing.assert_gradients : Check a model in a test.

    References
    ----------
    .. [1] Squire, W. and Trapp, G. (1998). Using complex variables to estimate derivatives of real
       functions. SIAM Review 40(1), 110-112.

    Examples
    --------
    >>> from minidl import BinaryCrossEntropy, Linear, Sequential, Sigmoid, Tanh
    >>> layers = [Linear(3, 4), Tanh(), Linear(4, 1), Sigmoid()]
    >>> model = Sequential(layers, loss=BinaryCrossEntropy())
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
                f"model must be a Sequential, with its loss, got {model!r}; "
                "for a function of arrays use check_gradients"
            )
        check_method(method, epsilon)
        check_seed(seed)
        self.model = model
        self.method = method
        self.epsilon = epsilon
        self.seed = seed

    def check(
        self,
        X: ExamplesLike,
        Y: npt.ArrayLike,
        *,
        exhaustive: bool = False,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Report:
        """Check every gradient on one batch and return the report.

        Parameters
        ----------
        X : array_like of shape (m, ...)
            A few examples, as for `Sequential.fit`; 2 to 10 are enough. Those of a sparse matrix
            become an array, with which all is checked; then what the first layer computes of the
            matrix is compared with what it computes of the array.
        Y : array_like of shape (m, ...) or (m, ..., k)
            Their targets.
        exhaustive : bool, default False
            Compute every element of every parameter's gradient, however long it takes. Gradients
            of small layers are always computed so, those of large ones are probed along random
            directions.
        sample_weight : array_like of shape (m,) or (m, ...), optional
            The weight of each example, or position, in the data loss, as for `Sequential.fit`.

        Returns
        -------
        Report
            What passed, what failed and why.

        Raises
        ------
        ShapeError
            If X, Y or `sample_weight` do not fit the model or each other.
        DtypeError
            If a parameter is not of a float dtype, or the first layer needs integers and does not
            declare it by ``takes_integers = True``.
        NonFiniteError
            If the data, a layer's output or the objective is not finite.
        ArgumentError
            If the randomness of a layer cannot be frozen, or, with `method="complex"`, if the model
            is not complex-safe.
        """
        with IsolatedAccess(self.model.objective_function, input_size=0) as isolated:
            return self._check(isolated, X, Y, sample_weight, exhaustive)

    def _check(
        self, objective: Objective, X: Any, Y: Any, sample_weight: Any, exhaustive: bool
    ) -> Report:
        start = time.perf_counter()
        others = (objective, objective.training_loss, *objective.penalties)
        # Layers may have to tell the shape of the output.
        with restored([*objective.modules, *others], (Layer, Parameter)):
            x, y, _ = prepare_batch(objective, X, Y)
        sparse_x = x.astype(np.dtype(np.float64)) if isinstance(x, SparseRows) else None
        x = x if sparse_x is None else as_few_rows(sparse_x)
        weight = compute_sample_weight(objective.loss, y, sample_weight)
        double = np.dtype(np.float64)
        outputs = y.shape[1] if y.ndim == 2 else y.shape[1:]
        y = objective.loss.prepare_targets(Y, outputs, double)
        batch = Batch(x if objective.takes_integers else x.astype(double), y, weight)
        with ModelSandbox(objective.layers, others) as sandbox, warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            min_calls = ALL_CALLS if exhaustive else 0
            rng = np.random.default_rng(self.seed)
            context = CheckContext(objective, sandbox, batch, rng, min_calls)
            require_declared_integers(context)
            if self.method == "central":
                report = _check_centrally(context, self.epsilon or COURSE_EPSILON)
            else:
                report = _check_in_stages(context, complex_only=self.method == "complex")
            if sparse_x is not None:
                report.checks += check_sparse_rows(context, sparse_x)
        report.notes += frozen_note(objective)
        report.title = (
            f"{len(objective.layers)} layers, {objective.parameters.size:,} parameters, "
            f"{len(x)} examples"
        )
        report.seconds = time.perf_counter() - start
        return report


class PointResult(NamedTuple):
    """The results of all stages at one point in the space of the parameters."""

    contract: ContractResult
    loss: LossResult
    layers: LayersResult
    penalties: PenaltiesResult
    network: NetworkResult

    @property
    def kinks(self) -> int:
        """How many derivatives sit on a kink."""
        return self.layers.kinks + self.loss.kinks


def _check_in_stages(context: CheckContext, *, complex_only: bool) -> Report:
    """Check all parts at the user's point and at a random one nearby; then diagnose or mutate."""
    incomplete = training_only_rows(context)
    context = replace(context, training_only=frozenset(row.layer or 0 for row in incomplete))
    user = _check_point(context, complex_only=complex_only)
    values = random_nearby_parameters(context.sandbox, context.rng)
    with context.sandbox.perturbed(values):
        nearby = _check_nearby(replace(context, min_calls=0), user)
    nearby_checks = _rows_of(nearby)
    checks = incomplete + merge_checks(_rows_of(user), nearby_checks)
    difference = (nearby if user.kinks else user).network.difference
    notes = _notes(user, checks, every_element=difference is not None or bool(incomplete))
    notes += whole_net_note(incomplete)
    points = PointLayers(user.layers, {}), PointLayers(nearby.layers, values)
    explain_failures(context, checks, *points, nearby_checks)
    inner_checks = _inner_checks(context)
    link_to_inner(checks, inner_checks)
    report = Report.from_checks([*checks, *inner_checks], title="")
    if difference is None:
        probed = [check.difference for check in checks if check.term == "total"]
        difference = max(probed, default=report.difference if incomplete else 0.0)
    report.difference = difference
    report.notes += notes
    if not report.failures:
        mutation = inject_bugs(context, user.loss, user.layers, user.penalties)
        report.mutation_score = mutation.score
        report.surviving_mutants = mutation.survivors
        report.notes += mutation.notes
    return report


def _inner_checks(context: CheckContext) -> list[Check]:
    """Check the layers inside of layers."""
    inputs = layer_inputs(context)[: len(context.objective.layers)]
    return [
        check
        for number, x in enumerate(inputs)
        for check in check_inner_layers(
            context.sandbox, number, x, seed=number, training=context.mode(number)
        )
    ]


def _check_point(
    context: CheckContext, *, complex_only: bool = False, user: PointResult | None = None
) -> PointResult:
    """Run the stages where the parameters are now: at the user's point, or at one nearby.

    Nearby, `user` has the results of the user's point. The contract is tested again only of layers
    with a gradient that is zero there. The layers are checked at synthetic inputs, unless a kink at
    the user's point leaves the decision about the whole model to the point nearby.
    """
    if user:
        rows = check_rules_of_zeros(user.layers.layers.values())
        contract = ContractResult(user.contract.checks + rows)
    else:
        contract = check_contract(context)
    schemes = user.layers.schemes if user else None
    synthetic = user is not None and not user.kinks
    loss = choose_loss_scheme(context) if synthetic else check_loss(context)
    layers = check_layers(context, loss, schemes=schemes, synthetic=synthetic)
    reasons = sorted({*loss.notes, *layers.notes})
    if complex_only and reasons:
        raise ArgumentError(
            'method="complex" needs a complex-safe model, but this one takes '
            f'{reasons[0]}: use "auto"'
        )
    try:
        penalties = check_penalties(context)
        network = check_network(context, loss, layers, penalties)
    except Exception:
        # A part that failed alone may make the whole model raise.
        earlier = [*contract.checks, *loss.checks, *layers.checks]
        if all(check.verdict != "fail" for check in earlier):
            raise
        penalties, network = PenaltiesResult([], {}), NetworkResult([], None)
    return PointResult(contract, loss, layers, penalties, network)


def random_nearby_parameters(
    sandbox: ModelSandbox, rng: np.random.Generator
) -> dict[ParameterKey, Array]:
    """Return random parameter values near the present ones, of which none is zero."""
    values = {}
    for key, parameter in sandbox.parameters.items():
        value = sandbox.arrays[key]["real"]
        size = float(np.sqrt(np.mean(value * value)))
        if not size:
            size = 1.0 / np.sqrt(parameter.fan_in or value.size)
        values[key] = value + NEARBY_SPREAD * size * rng.standard_normal(value.shape)
    return values


def _check_nearby(context: CheckContext, user: PointResult) -> PointResult:
    """Run the stages at the point nearby, the layers at synthetic inputs in any case."""
    nearby = _check_point(context, user=user)
    if not user.kinks:
        return nearby
    loss = choose_loss_scheme(context)
    synthetic = check_layers(context, loss, schemes=user.layers.schemes, synthetic=True)
    layers = nearby.layers._replace(
        checks=nearby.layers.checks + synthetic.checks,
        layers=nearby.layers.layers | synthetic.layers,
    )
    return nearby._replace(layers=layers)


def _rows_of(point: PointResult) -> list[Check]:
    return [check for stage in point for check in stage.checks]


def merge_checks(first: list[Check], second: list[Check]) -> list[Check]:
    """Return one row for each thing that was checked at two points: the more certain one.

    A failure counts more than a pass, and a pass more than an unresolved check.
    """
    rank = ("unresolved", "pass", "fail").index
    merged: dict[tuple[object, ...], Check] = {}
    for check in (*first, *second):
        key = (check.layer, check.term, check.parameter, check.component, check.training)
        before = merged.setdefault(key, check)
        if rank(check.verdict) > rank(before.verdict):
            check.kinks = max(check.kinks, before.kinks)
            merged[key] = check
        elif check.verdict in ("pass", before.verdict):
            before.untested = min(before.untested, check.untested)
            before.resolution = min(before.resolution, check.resolution)
    return list(merged.values())


def _notes(user: PointResult, checks: list[Check], *, every_element: bool) -> list[str]:
    reasons = sorted({*user.loss.notes, *user.layers.notes})
    notes = [f"numeric side: {reason}" for reason in reasons]
    if user.kinks:
        notes.append(
            f"{user.kinks} derivatives sit exactly on a kink: "
            "the whole net was checked at a point nearby"
        )
    untested = [check for check in checks if check.untested]
    notes += [
        f"not tested: {check.untested} of {check.elements} elements of {check.location}, "
        "whose gradient is zero wherever tried"
        for check in untested
        if check.term == "layer" and not check.parameter.startswith("input")
    ]
    unreached = [
        f"{check.layer} {check.parameter} {check.untested:,} of {check.elements:,}"
        for check in untested
        if check.term == "data" and check.layer is not None
    ]
    if unreached:
        notes.append(
            "not reached through the whole net, but tested with the layer alone: "
            + ", ".join(unreached)
        )
    if not every_element:
        notes.append("every element was covered by probes; exhaustive=True computes each")
    return notes


def _check_centrally(context: CheckContext, epsilon: float) -> Report:
    """Check by central differences alone."""
    scheme = CentralDifference(epsilon)
    incomplete = training_only_rows(context)
    if incomplete:
        report = Report.from_checks(incomplete, title="")
        report.method = scheme.name
        report.notes += whole_net_note(incomplete)
        return report
    result = check_by_central_differences(context, scheme)
    report = Report.from_checks(result.checks, title="")
    report.method = scheme.name
    if result.difference is not None:
        report.difference = result.difference
    if result.near_kink:
        report.notes.append(kink_note(epsilon))
    elif not report.failures and report.difference > COURSE_THRESHOLD:
        report.notes.append(threshold_note(report.difference, epsilon))
    return report
