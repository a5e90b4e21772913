"""The check of a function, timed and quiet: what check_gradients and check_function share."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...errors import DtypeError, ShapeError
from ...utils.random import check_seed
from ...utils.typing import Array
from ..constants import COURSE_EPSILON
from ..diagnosis.explain_arrays import EvidenceSource
from ..method import check_method
from ..numeric.differences import CentralDifference
from ..repair.elsewhere import OtherPoint, other_values
from ..repair.search import EditableFunction, explain_by_edits
from ..report.report import Report
from .budget import check_budget
from .complex_hint import complex_hint
from .function_check import FunctionCheck
from .precision.double_twin import DoubleTwin
from .pytree import ParameterTree
from .structure import sound_part


def run_check(
    cost: Callable[[Any], Any],
    gradients: Any,
    parameters: Any,
    *,
    method: str = "auto",
    epsilon: float | None = None,
    budget: int | None = None,
    seed: int = 0,
    evidence: EvidenceSource | None = None,
    reference: Callable[[Any], Any] | None = None,
    second_point: bool = True,
    editable: EditableFunction | None = None,
    twin: DoubleTwin | None = None,
) -> Report:
    """Check the gradient of a cost.

    Parameters
    ----------
    cost, gradients, parameters, method, epsilon, budget, seed, reference
        As for `check_gradients`.
    evidence : callable, optional
        ``evidence(check)`` returns fields of `Evidence` for the diagnosis of a failed check.
    second_point : bool, default True
        Whether the gradient is also asked at other points, to see whether it follows its argument.
    editable : EditableFunction, optional
        The function that is searched for mistakes; by default `gradients`.
    twin : DoubleTwin, optional
        The same check in float64, in which mistakes of a function in float32 are named.

    Returns
    -------
    Report
        One check per array.
    """
    check_method(method, epsilon)
    check_budget(budget)
    check_seed(seed)
    begin = time.perf_counter()
    options: dict[str, Any] = {
        "method": method,
        "epsilon": epsilon,
        "budget": budget,
        "seed": seed,
        "second_point": second_point,
    }
    try:
        extra: dict[str, Any] = {"evidence": evidence, "reference": reference, "twin": twin}
        report = _report(cost, gradients, parameters, **extra, **options)
    except (ShapeError, DtypeError):
        part = sound_part(cost, gradients, parameters)
        if part is None:
            raise
        if reference:
            of_whole = reference
            options["reference"] = lambda values: of_whole(part.whole(values))
        report = _report(part.cost, part.gradients, part.parameters, **options)
        report.checks = part.all_rows(report.checks)
    if editable is None and callable(gradients):
        editable = editable_gradients(cost, gradients, parameters)
    if editable is not None and not (twin and twin.is_used):
        explain_by_edits(report.checks, editable)
    report.notes += complex_hint(report.notes)
    report.seconds = time.perf_counter() - begin
    return report


def _report(
    cost: Callable[[Any], Any],
    gradients: Any,
    parameters: Any,
    *,
    method: str,
    epsilon: float | None,
    budget: int | None,
    seed: int,
    second_point: bool,
    evidence: EvidenceSource | None = None,
    reference: Callable[[Any], Any] | None = None,
    twin: DoubleTwin | None = None,
) -> Report:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        rng = np.random.default_rng(seed)
        check = FunctionCheck(cost, gradients, parameters, rng, evidence, budget, reference, twin)
        if method == "central":
            report = check.by_central_differences(CentralDifference(epsilon or COURSE_EPSILON))
        else:
            report = check.by_best_scheme(complex_required=method == "complex")
        check.add_call_rules(report, second_point=second_point)
    return report


def editable_gradients(
    cost: Callable[[Any], Any], gradients: Callable[[Any], Any], parameters: Any
) -> EditableFunction:
    """Return the gradients as a function that may be edited: each call follows one of the cost."""
    tree = ParameterTree(parameters)

    def runner(theta: Array) -> Callable[[Callable[..., Any]], dict[str, Array]]:
        def run(edited: Callable[..., Any]) -> dict[str, Array]:
            cost(tree.unflatten(theta))
            return tree.arrays(tree.flatten(edited(tree.unflatten(theta)))[0])

        return run

    def cost_of(values: Mapping[str, Array]) -> Any:
        return cost(tree.with_leaves(values[leaf.name] for leaf in tree.leaves))

    def elsewhere(rng: np.random.Generator) -> OtherPoint:
        values = other_values(tree.arrays(tree.theta), rng)
        theta = np.concatenate([values[leaf.name].ravel() for leaf in tree.leaves])
        return OtherPoint(values, cost_of, runner(theta))

    def forward(edit: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Any:
        return edit(cost)(tree.unflatten(tree.theta))

    return EditableFunction(gradients, runner(tree.theta), elsewhere=elsewhere, forward=forward)
