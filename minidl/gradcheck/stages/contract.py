"""Stage 1, the contract: rules of layers, penalties and the loss that need no derivative."""

from __future__ import annotations

from typing import NamedTuple

from ..context import (
    CheckContext,
    harness_by_mode,
    layer_inputs,
    require_finite_objective,
)
from ..contract.layer_rules import check_layer_rules
from ..contract.loss_rules import LossRun, check_loss_rules
from ..contract.penalty_rules import check_penalty_rules
from ..result import Check


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
