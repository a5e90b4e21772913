"""The check by `method="central"`: central differences of the total objective, one by one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ...utils.typing import Array
from ..constants import CENTRAL_ELEMENTS, EPS, MAX_BAR_FRACTION, ROUNDING_ULPS
from ..context import CheckContext, layer_inputs, require_finite_objective
from ..contract.layer_run import LayerRun, first_difference
from ..contract.member_rules import MEMBER_RULES
from ..contract.rule import run_rules
from ..layer_harness import LayerHarness
from ..numeric.differences import CentralDifference, ComplexStep, NotComplexSafe
from ..numeric.gradient import elementwise_gradient
from ..numeric.numeric_gradient import NumericGradient
from ..result import Check
from ..rounding.compare import relative_error
from ..sandbox import ParameterKey
from ..terms import Gradients, NumericGradients, check_term, term_of_parameter
from .layers import check_layers
from .loss import check_loss
from .network import (
    data_gradient,
    noisy_data_gradients,
    overall_relative_error,
    shift_gradients,
    total_gradient,
)
from .ties import jumping_gradients

CHANGES = (
    "after a call at another point it is another gradient: does backward add to the last one, or "
    "use what an earlier forward has stored?"
)
"""The diagnosis of a gradient that depends on earlier calls."""


class CentralResult(NamedTuple):
    """The result of the check.

    Attributes
    ----------
    checks
        A row for each parameter, and one for each layer that reads a parameter which the model
        does not have.
    difference
        The relative error of the whole gradient, if each element was computed.
    near_kink
        Whether a kink lies within epsilon, so that difference quotients are wrong.
    """

    checks: list[Check]
    difference: float | None
    near_kink: bool


def check_by_central_differences(context: CheckContext, scheme: CentralDifference) -> CentralResult:
    """Check the total gradient, by elements unless the model is large and else by probes."""
    require_finite_objective(context)
    _, total = total_gradient(context)
    noisy, _ = noisy_data_gradients(context)
    noisy = shift_gradients(noisy, data_gradient(context), total)
    numeric: NumericGradients = {}
    if context.min_calls or context.objective.parameters.size <= CENTRAL_ELEMENTS:
        for key in total:
            numeric[key] = elementwise_gradient(term_of_parameter(context, "total", key), scheme)
    checks = check_term(context, "total", total, noisy, numeric, scheme)
    near_kink = False
    if numeric and any(check.verdict != "pass" for check in checks.values()):
        quotients = numeric
        numeric = _recheck_doubtful(context, total, quotients, checks)
        near_kink = any((numeric[key].error < quotients[key].error).any() for key in numeric)
        checks = check_term(context, "total", total, noisy, numeric, scheme)
    _fail_what_changes(context, total, checks)
    difference = overall_relative_error(total, numeric) if numeric else None
    return CentralResult([*checks.values(), *_foreign_reads(context)], difference, near_kink)


def _fail_what_changes(
    context: CheckContext, total: Gradients, checks: dict[ParameterKey, Check]
) -> None:
    """Let rows fail whose gradient, after a call at another point, is not the same again."""
    sandbox = context.sandbox
    elsewhere = {key: 0.5 * arrays["real"] + 0.1 for key, arrays in sandbox.arrays.items()}
    with suppress(Exception), sandbox.perturbed(elsewhere, dtypes=("real",)):
        total_gradient(context)
    _, again = total_gradient(context)
    for key, check in checks.items():
        if check.verdict != "fail" and first_difference(
            {"gradient": again[key]}, {"gradient": total[key]}
        ):
            check.verdict = "fail"
            check.difference = relative_error(again[key], total[key])
            check.diagnosis = CHANGES


def _foreign_reads(context: CheckContext) -> list[Check]:
    """Return a failure for each layer that reads a parameter which the model does not train."""
    checks: list[Check] = []
    for i, x in enumerate(layer_inputs(context)[: len(context.objective.layers)]):
        run = LayerRun.of(LayerHarness(context.sandbox, i), x, context.rng)
        checks += run_rules(MEMBER_RULES, run, str(run.harness.layer))
        checks[-1].layer = i
    return [check for check in checks if check.verdict == "fail"]


def _recheck_doubtful(
    context: CheckContext,
    total: Gradients,
    numeric: NumericGradients,
    checks: dict[ParameterKey, Check],
) -> NumericGradients:
    """Return numeric gradients that allow for a kink within epsilon, where none passed.

    There the one-sided slopes are computed by the complex step, if no part loses them.
    """
    cheap_context = replace(context, min_calls=0)
    loss = check_loss(cheap_context)
    layers = check_layers(cheap_context, loss)
    parts_pass = all(check.verdict != "fail" for check in [*loss.checks, *layers.checks])
    at_kink = parts_pass and layers.kinks > 0
    n_layers = len(context.objective.layers_before_loss)
    schemes = [loss.scheme, *layers.schemes[:n_layers]]
    jumping = jumping_gradients(context, total, lambda: total_gradient(context)[1])
    is_safe = all(isinstance(scheme, ComplexStep) for scheme in schemes)
    rechecked = dict(numeric)
    for key, gradient in numeric.items():
        if checks[key].verdict == "pass":
            continue
        rechecked[key] = replace(gradient, kinks_overlap=at_kink or (parts_pass and key in jumping))
        if not is_safe:
            continue
        function = term_of_parameter(context, "total", key)
        try:
            right = elementwise_gradient(function, ComplexStep(), 1.0).value
            left = elementwise_gradient(function, ComplexStep(), -1.0).value
        except NotComplexSafe:
            return rechecked
        rechecked[key] = _allow_one_sided(rechecked[key], right, left)
    return rechecked


def _allow_one_sided(gradient: NumericGradient, right: Array, left: Array) -> NumericGradient:
    lower, upper = np.minimum(right, left), np.maximum(right, left)
    inside = (lower <= gradient.value) & (gradient.value <= upper)
    gap = np.maximum(lower - gradient.value, gradient.value - upper)
    by_kink = gap > MAX_BAR_FRACTION * np.sqrt(np.mean(gradient.value**2))
    return replace(
        gradient,
        error=np.where(by_kink, ROUNDING_ULPS * EPS * np.abs(right), gradient.error),
        lower=np.where(inside, gradient.value, lower),
        upper=np.where(inside, gradient.value, upper),
    )
