"""Stage 6 after a failure, the diagnosis: what each error is consistent with, and its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from ...utils.typing import Array
from ..context import CheckContext
from ..diagnosis.explain import explain_network, explain_penalty
from ..layer_harness import LayerHarness
from ..repair.elsewhere import CheckedPoint
from ..result import Check
from ..sandbox import ParameterKey
from .failed_layer import checked_point, explain_failed_layer
from .layers import LayerResult, LayersResult


class PointLayers(NamedTuple):
    """The layers at one point.

    Attributes
    ----------
    layers
        Their results.
    values
        The parameters there; those that are left out have the user's values.
    """

    layers: LayersResult
    values: Mapping[ParameterKey, Array]


def explain_failures(
    context: CheckContext,
    checks: list[Check],
    user: PointLayers,
    nearby: PointLayers,
    nearby_checks: list[Check],
) -> None:
    """Fill in `diagnosis`, `error_summary` and `caused_by` of the checks that failed.

    Parameters
    ----------
    context : CheckContext
        The model and the data.
    checks : list of Check
        The rows of both points, merged.
    user, nearby : PointLayers
        The layers at the user's point and at the random point nearby.
    nearby_checks : list of Check
        The rows of the point nearby, of which some are in `checks`.
    """
    strengths = {str(penalty): penalty.strength for penalty in context.objective.penalties}
    m = context.batch.n_examples
    nearby_ids = {id(check) for check in nearby_checks}
    failures = [check for check in checks if check.verdict == "fail"]
    unexplained = [check for check in failures if not check.diagnosis]
    # The point nearby first: for another length of the batch a factor m is no factor 2.
    arrays = context.sandbox.arrays
    values = {key: arrays[key]["real"].copy() for key in arrays}
    for point, other in ((nearby, user), (user, nearby)):
        of_layers = [c for c in unexplained if c.term == "layer" and not c.diagnosis]
        elsewhere = PointLayers(other.layers, {**values, **other.values})
        _explain_layers_at(context, of_layers, point, elsewhere, user.layers)
    for check in unexplained:
        if check.term == "layer":
            continue
        if check.term in strengths:
            point = nearby if id(check) in nearby_ids else user
            with context.sandbox.perturbed(point.values):
                explain_penalty(check, m, context.sandbox, strengths[check.term])
        else:
            explain_network(check, [other for other in checks if other.term == check.term], m)
    link_failures(failures)


def _explain_layers_at(
    context: CheckContext,
    checks: list[Check],
    point: PointLayers,
    other: PointLayers,
    user_layers: LayersResult,
) -> None:
    """Explain checks of layers by those that failed at a point; the other one may refute that."""
    for number, training in dict.fromkeys((check.layer or 0, check.training) for check in checks):
        result = point.layers.layers.get((number, training))
        if result is None:
            continue
        # Both points and modes are explained by the scheme of the user's point at inference.
        harness = replace(result.harness, scheme=user_layers.schemes[number])
        other_result = other.layers.layers.get((number, training))

        def elsewhere(
            found: LayerResult | None = other_result, harness: LayerHarness = harness
        ) -> CheckedPoint | None:
            at = partial(context.sandbox.perturbed, other.values)
            return None if found is None else checked_point(found, harness, at)

        with context.sandbox.perturbed(point.values):
            explain_failed_layer(result, harness, elsewhere)
        explained = {c.parameter: c for c in result.checks if c.verdict == "fail"}
        for check in checks:
            shown = explained.get(check.parameter)
            if shown is not None and (check.layer or 0, check.training) == (number, training):
                check.diagnosis = shown.diagnosis
                check.error_summary = check.error_summary or shown.error_summary


def link_failures(failures: list[Check]) -> None:
    """Name the failure that causes another one.

    A broken rule of a layer explains its wrong gradients; a wrong layer, penalty or loss explains
    the wrong gradients of the whole model.
    """
    broken_rules = {c.layer: c.diagnosis for c in reversed(failures) if c.term == "protocol"}
    wrong_alone = {(c.layer, c.parameter) for c in failures if c.term == "layer"}
    broken_layers = {
        c.layer for c in failures if c.term in ("layer", "protocol") and c.layer is not None
    }
    wrong_penalties = {
        (c.layer, c.parameter)
        for c in failures
        if c.term not in ("layer", "protocol", "data", "total")
    }
    wrong_loss = None in broken_rules or any(c.parameter == "prediction" for c in failures)
    for check in failures:
        if check.term == "layer" and check.layer in broken_rules:
            unclear = check.diagnosis.startswith("unknown") or "NaN" in check.diagnosis
            if not check.diagnosis or unclear:
                summary = check.diagnosis.split(":")[0] or "wrong"
                rule = broken_rules[check.layer]
                check.diagnosis = f"{summary}; consistent with a broken rule: {rule}"
        elif check.term in ("data", "total") and check.layer is not None:
            key = (check.layer, check.parameter)
            later = min((i for i in broken_layers if i > check.layer), default=None)
            if key in wrong_alone or check.layer in broken_layers:
                check.caused_by = f"layer {check.layer} alone"
            elif check.term == "total" and key in wrong_penalties:
                check.caused_by = "the penalty"
            elif later is not None:
                check.caused_by = f"the input gradient of layer {later}"
            elif wrong_loss:
                check.caused_by = "the gradient of the loss"
