"""One term of the objective: its value, its gradient, and the check of that gradient.

A term is "data", the name of a penalty, or "total".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from ..batching.batch import Batch
from ..utils.typing import Array
from .constants import PROBES
from .context import CheckContext
from .numeric.differences import CentralDifference, ComplexStep, RichardsonDifference, Scheme
from .numeric.function import Function, real_and_complex
from .numeric.numeric_gradient import NumericGradient
from .result import Check
from .rounding.compare import compare, rounding_bar
from .rounding.probes import check_directions
from .sandbox import EXTENDED, EXTENDED_NAMES, ParameterKey

Gradients = dict[ParameterKey, Array]
NumericGradients = dict[ParameterKey, NumericGradient]

_ONE = np.ones(())

FunctionOf: TypeAlias = Callable[[CheckContext, str, ParameterKey], Function]
"""``function_of(context, term, key)`` returns a term as a function of one parameter."""


def term_of_examples(context: CheckContext, term: str) -> Callable[[Array], Any]:
    """Return a term as a function of the examples x."""
    objective = context.objective
    _, y, weight = context.batch
    if term == "data":
        return lambda x: objective.data_loss(Batch(x, y, weight)).value
    if term == "total":
        return lambda x: objective.terms(Batch(x, y, weight))["total"]
    index = [str(penalty) for penalty in objective.penalties].index(term)
    return lambda x: objective.penalty_value(index, len(x))


def term_of_parameter(context: CheckContext, term: str, key: ParameterKey) -> Function:
    """Return a term as a function of one parameter."""
    sandbox = context.sandbox
    inputs = real_and_complex(context.batch.x)
    value = term_of_examples(context, term)

    def evaluate(dtype: str) -> Array:
        sandbox.set_dtype(dtype)
        return np.asarray(value(inputs[dtype]))

    return Function(evaluate, sandbox.arrays[key])


def extended_term_of_parameter(context: CheckContext, term: str, key: ParameterKey) -> Function:
    """Return the same in extended precision, to be used in a context of the sandbox for it."""
    sandbox, x = context.sandbox, context.batch.x
    value, arrays = term_of_examples(context, term), sandbox.arrays[key]
    is_float = x.dtype.kind == "f"
    inputs = {kind: x.astype(EXTENDED[name]) for kind, name in EXTENDED_NAMES.items() if is_float}

    def evaluate(dtype: str) -> Array:
        sandbox.set_dtype(EXTENDED_NAMES[dtype])
        return np.asarray(value(inputs.get(dtype, x)))

    return Function(evaluate, {kind: arrays[name] for kind, name in EXTENDED_NAMES.items()})


def blank_gradients(context: CheckContext, blank: float) -> None:
    """Fill all gradients with one number."""
    context.sandbox.set_dtype("real")
    for parameter in context.sandbox.parameters.values():
        parameter.grad.fill(blank)


def copy_gradients(context: CheckContext) -> Gradients:
    """Return copies of all gradients."""
    return {key: parameter.grad.copy() for key, parameter in context.sandbox.parameters.items()}


def data_gradients_in(context: CheckContext, dtype: str, batch: Batch) -> Gradients:
    """Return the gradients of the data loss in one arithmetic; none if the loss is not finite."""
    try:
        context.sandbox.set_dtype(dtype)
        for parameter in context.sandbox.parameters.values():
            parameter.grad.fill(np.nan)
        value = context.objective.data_loss(batch).value
        context.objective.backward(batch.sample_weight)
        return copy_gradients(context) if np.isfinite(value) else {}
    finally:
        context.sandbox.set_dtype("real")


def choose_term_scheme(context: CheckContext, term: str, keys: list[ParameterKey]) -> Scheme:
    """Return the complex step if a penalty on these parameters is complex-safe.

    Otherwise return Richardson's extrapolation of central differences.
    """
    central = RichardsonDifference()
    if not keys:
        return central
    function = term_of_parameter(context, term, keys[0])
    reason = function.why_not_complex_safe("weight", context.rng, central)
    return central if reason else ComplexStep()


def check_term(
    context: CheckContext,
    term: str,
    analytic: Gradients,
    noisy: list[Gradients],
    numeric: NumericGradients,
    scheme: Scheme,
    jumping: Callable[[], set[ParameterKey]] = set,
    function_of: FunctionOf = term_of_parameter,
) -> dict[ParameterKey, Check]:
    """Check the gradient of a term for each parameter.

    Parameters
    ----------
    context : CheckContext
        The model and the data.
    term : str
        "data", the name of a penalty, or "total".
    analytic : dict
        The gradient by parameter.
    noisy : list of dict
        The same from runs with noise.
    numeric : dict
        The numeric gradients that are known element by element; they are confirmed by a probe of
        the whole model. Other parameters are probed only.
    scheme : Scheme
        How the slope of a probe is computed.
    jumping : callable, optional
        Returns the parameters whose gradient jumps at this point, so that a probe of the whole
        model may see another one than the layers do. It is called only where the two differ.
    function_of : callable, default term_of_parameter
        Returns the term as a function of a parameter.

    Returns
    -------
    dict
        A check by parameter.
    """
    # Kinks of a deep model lie too close for differences along a direction to refute anything.
    can_refute = not isinstance(scheme, RichardsonDifference)
    checks = {}
    for key, gradient in analytic.items():
        component = str(context.objective.layers[key[0]])
        runs = [run[key] for run in noisy]
        elements = numeric.get(key)
        check = Check(key[0], term, key[1], component=component)
        function = function_of(context, term, key)
        count = PROBES if elements is None and term != "total" else 1
        directions = (scheme, gradient, runs, context.rng, _ONE, count)
        probe_check = _probed(check, function, *directions)
        if elements is not None:
            compare(check, gradient, elements, rounding_bar(gradient, runs))
        refuted = can_refute and check.verdict == "pass" and probe_check.verdict == "fail"
        if elements is not None and refuted and isinstance(scheme, CentralDifference):
            # A layer may round more than its bar allows.
            refuted = _probed(check, function, *directions).verdict == "fail"
        if elements is not None and refuted:
            refuted = key not in jumping()
        if elements is not None and refuted:
            probe_check.diagnosis = (
                "every layer's derivative agrees, but the objective as a whole does not: "
                "is a layer skipped?"
            )
        checks[key] = probe_check if elements is None or refuted else check
    return checks


def _probed(check: Check, function: Function, *directions: Any) -> Check:
    """Return the check of a parameter from probes along directions."""
    probed = replace(check)
    check_directions(probed, function, *directions)
    return probed
