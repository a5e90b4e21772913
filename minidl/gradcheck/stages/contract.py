"""Stage 1, the contract: rules of layers, penalties and the loss that need no derivative."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...utils.typing import Array
from ..context import (
    CheckContext,
    harness_by_mode,
    layer_inputs,
    require_finite_objective,
)
from ..contract.layer_rules import check_layer_rules
from ..contract.loss_rules import LossRun, check_loss_rules
from ..contract.penalty_rules import check_penalty_rules
from ..layer_harness import LayerHarness, synthetic_input
from ..result import Check
from .layers import LayerResult


class ContractResult(NamedTuple):
    """The result of the stage."""

    checks: list[Check]


def check_contract(context: CheckContext) -> ContractResult:
    """Test the rules of each layer, in the modes that differ, of each penalty and of the loss.

    Raises
    ------
    NonFiniteError
        If the objective is not finite, so that nothing can be checked.
    ArgumentError
        If the randomness of a layer cannot be frozen.
    """
    require_finite_objective(context)
    objective = context.objective
    sandbox = context.sandbox
    inputs = layer_inputs(context)
    checks: list[Check] = []
    for i, x in enumerate(inputs[: len(objective.layers)]):
        for harness in harness_by_mode(sandbox, i, x, context.mode(i)):
            checks += check_layer_rules(harness, x, context.rng)
    for index, penalty in enumerate(objective.penalties):
        for parameter in objective.penalized_parameters(index)[:1]:
            checks += check_penalty_rules(penalty, parameter.value, context.batch.n_examples)
    loss = objective.training_loss
    run = LossRun(loss, inputs[-1], context.batch.y, lambda: sandbox.reset(loss))
    return ContractResult(checks + check_loss_rules(run))


def check_rules_of_zeros(results: Iterable[LayerResult]) -> list[Check]:
    """Test the rules again, where the parameters are now, of layers with a gradient of zero.

    A mistake in such a gradient breaks no rule at the user's point. If it is zero here, too, as
    behind an activation that lets nothing pass, the input is another one.

    Parameters
    ----------
    results : iterable of LayerResult
        What was found at the user's point.

    Returns
    -------
    list of Check
        The rows of these layers.
    """
    checks: list[Check] = []
    for result in results:
        if _has_zero(result.analytic):
            harness = result.harness
            x = _input_with_gradients(harness, result.x)
            checks += check_layer_rules(harness, x, np.random.default_rng(0))
            harness.sandbox.reset(harness.layer)
    return checks


def _has_zero(gradients: dict[str, Array]) -> bool:
    return not all(np.any(gradient) for gradient in gradients.values())


def _input_with_gradients(harness: LayerHarness, x: Array) -> Array:
    """Return `x`, or an input of every size if a gradient is zero at `x` and not there."""
    rng = np.random.default_rng(0)
    other_x = synthetic_input(x, rng)
    try:
        gradients = [
            harness.fresh_gradients(each, rng.standard_normal(np.shape(harness.fresh_output(each))))
            for each in (x, other_x)
        ]
    except Exception:  # outside of the layer's domain; or a rule tells what is wrong
        return x
    finally:
        harness.sandbox.reset(harness.layer)
    here, there = gradients
    is_finite = all(np.isfinite(gradient).all() for gradient in there.values())
    shows_more = any(np.any(there[name]) and not np.any(here[name]) for name in here)
    return other_x if is_finite and shows_more else x
