"""Stage 4, each penalty alone: its gradient for each parameter that it acts on."""

from __future__ import annotations

from typing import NamedTuple

from ...layers.hidden_state import is_custom_class
from ...penalties import Penalty
from ..constants import NOISY_RUNS, PENALTY_ELEMENTS
from ..context import CheckContext
from ..numeric.gradient import separable_gradient
from ..result import Check
from ..rounding.noise import ulp_noise
from ..sandbox import ParameterKey
from ..terms import (
    Gradients,
    NumericGradients,
    blank_gradients,
    check_term,
    choose_term_scheme,
    copy_gradients,
)


class PenaltyGradients(NamedTuple):
    """The gradients of one penalty.

    Attributes
    ----------
    keys
        The parameters on which it acts.
    analytic
        The gradient for every parameter, 0 for the others.
    numeric
        The numeric gradients that are known element by element.
    """

    keys: list[ParameterKey]
    analytic: Gradients
    numeric: NumericGradients


class PenaltiesResult(NamedTuple):
    """The result of the stage.

    Attributes
    ----------
    checks
        A row for each parameter on which a penalty acts, and for any that fails.
    gradients
        The gradients of each penalty by its name.
    """

    checks: list[Check]
    gradients: dict[str, PenaltyGradients]


def check_penalties(context: CheckContext) -> PenaltiesResult:
    """Check the gradient of each penalty."""
    checks: list[Check] = []
    gradients: dict[str, PenaltyGradients] = {}
    for index, penalty in enumerate(context.objective.penalties):
        term = str(penalty)
        gradients[term] = penalty_gradients(context, index)
        keys, analytic, numeric = gradients[term]
        scheme = choose_term_scheme(context, term, keys)
        noisy = _noisy_gradients(context, index) if _is_custom(penalty) else []
        rows = check_term(context, term, analytic, noisy, numeric, scheme)
        checks += [check for key, check in rows.items() if check.verdict == "fail" or key in keys]
    return PenaltiesResult(checks, gradients)


def penalty_gradients(context: CheckContext, index: int) -> PenaltyGradients:
    """Return the analytic gradient of a penalty, and the numeric one where it is a sum."""
    objective = context.objective
    m = context.batch.n_examples
    blank_gradients(context, 0.0)
    objective.add_penalty_gradient(index, m)
    analytic = copy_gradients(context)
    penalized = {id(parameter) for parameter in objective.penalized_parameters(index)}
    keys = [key for key, p in context.sandbox.parameters.items() if id(p) in penalized]
    limit = max(context.min_calls, PENALTY_ELEMENTS)
    numeric: NumericGradients = {}
    for key in keys:
        arrays = context.sandbox.arrays[key]
        if arrays["real"].size > limit:
            continue
        gradient = separable_gradient(
            lambda array: objective.penalties[index].value(array, m), arrays, context.rng
        )
        if gradient:
            numeric[key] = gradient
    return PenaltyGradients(keys, analytic, numeric)


def _is_custom(penalty: Penalty) -> bool:
    return is_custom_class(type(penalty)) or "gradient" in vars(penalty)


def _noisy_gradients(context: CheckContext, index: int) -> list[Gradients]:
    """Return gradients of a penalty with noise on the weights.

    Those of minidl are a product or a sign of each element. Others may be sums whose terms cancel.
    """
    runs, rng, sandbox = [], context.rng.spawn(1)[0], context.sandbox
    for _ in range(NOISY_RUNS):
        values = {key: ulp_noise(arrays["real"], rng) for key, arrays in sandbox.arrays.items()}
        with sandbox.perturbed(values, dtypes=("real",)):
            blank_gradients(context, 0.0)
            context.objective.add_penalty_gradient(index, context.batch.n_examples)
        runs.append(copy_gradients(context))
    return runs
