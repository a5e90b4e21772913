"""The check of a term of the whole model, with its rounding in extended precision where needed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np

from ...batching.batch import Batch
from ...layers.hidden_state import is_custom
from ..constants import EXTENDED_SAFETY, MAX_ROUNDING
from ..context import CheckContext
from ..extended_precision import IS_AVAILABLE, run_with_rounding
from ..numeric.differences import Scheme
from ..numeric.gradient import elementwise_gradient
from ..result import Check
from ..sandbox import ParameterKey
from ..terms import (
    Gradients,
    NumericGradients,
    check_term,
    data_gradients_in,
    extended_term_of_parameter,
)


def check_term_with_rounding(
    context: CheckContext,
    term: str,
    analytic: Gradients,
    noisy: list[Gradients],
    numeric: NumericGradients,
    scheme: Scheme,
    jumping: Callable[[], set[ParameterKey]],
) -> dict[ParameterKey, Check]:
    """Check the gradient of "data" or "total" for each parameter.

    What fails by so little that it may be rounding inside of a custom layer is checked again, with
    both sides in extended precision beside those in float64: noise on what goes into such a layer
    does not show all of its rounding.

    Parameters
    ----------
    context, term, analytic, noisy, numeric, scheme, jumping
        As `check_term` takes them.

    Returns
    -------
    dict
        A check by parameter.
    """
    rest = scheme, jumping
    checks = check_term(context, term, analytic, noisy, numeric, *rest)
    failed = [key for key, check in checks.items() if _may_be_rounding(check, analytic)]
    if not (failed and _shows_rounding(context)):
        return checks
    x, y, weight = context.batch
    batch = Batch(x.astype(np.longdouble) if x.dtype.kind == "f" else x, y, weight)
    # Of any kind: layers have never met such arrays.
    with context.sandbox.extended_precision(), suppress(Exception):
        data = data_gradients_in(context, "real", context.batch)
        extended = data_gradients_in(context, "extended", batch)
        rounded = {
            key: analytic[key] + run_with_rounding(data[key], extended[key]) - data[key]
            for key in failed
        }
        runs = [*({key: run[key] for key in failed} for run in noisy), rounded]
        known = {key: numeric[key] for key in failed if key in numeric}
        wider = _widened(context, term, known, scheme)
        chosen = {key: analytic[key] for key in failed}
        checks |= check_term(context, term, chosen, runs, wider, *rest, extended_term_of_parameter)
    return checks


def _may_be_rounding(check: Check, analytic: Gradients) -> bool:
    """Return whether a failure is that slight, in units of the largest gradient of all."""
    if check.verdict != "fail" or not {"analytic", "numeric"} <= check.worst.keys():
        return False
    largest = max(float(np.abs(gradient).max(initial=1.0)) for gradient in analytic.values())
    elements = sum(gradient.size for gradient in analytic.values())
    gap = abs(check.worst["analytic"] - check.worst["numeric"])
    return bool(gap <= MAX_ROUNDING * largest * elements)


def _shows_rounding(context: CheckContext) -> bool:
    modules = [module for layer in context.sandbox.layers for module in layer.modules()]
    return IS_AVAILABLE and any(map(is_custom, modules))


def _widened(
    context: CheckContext, term: str, numeric: NumericGradients, scheme: Scheme
) -> NumericGradients:
    """Return numeric gradients whose bounds cover their rounding."""
    wider = {}
    for key, gradient in numeric.items():
        function = extended_term_of_parameter(context, term, key)
        extended = elementwise_gradient(function, scheme)
        rounding = EXTENDED_SAFETY * np.abs(extended.value - gradient.value)
        wider[key] = replace(gradient, error=gradient.error + rounding)
    return wider
