"""Stage 2, the loss alone: the gradient with respect to its prediction."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..constants import LOSS_CALLS, NOISY_RUNS
from ..context import CheckContext, layer_inputs
from ..numeric.differences import ComplexStep, RichardsonDifference, Scheme
from ..numeric.function import Function, real_and_complex
from ..numeric.gradient import numeric_gradients
from ..numeric.numeric_gradient import NumericGradient
from ..result import Check
from ..rounding.compare import compare, count_jumps, rounding_bar
from ..rounding.noise import noisy_loss_gradient, ulp_noise
from ..rounding.probes import check_directions

_ONE = np.ones(())


class LossResult(NamedTuple):
    """The result of the stage.

    Attributes
    ----------
    checks
        One row, or none if only the scheme was chosen.
    numeric
        The numeric gradient with respect to the prediction, if each element was computed.
    scheme
        How derivatives of the loss are computed.
    notes
        Why it is not the complex step.
    kinks
        How many elements of the prediction sit on a kink, within rounding: their derivatives jump.
    """

    checks: list[Check]
    numeric: NumericGradient | None
    scheme: Scheme
    notes: list[str]
    kinks: int = 0


def check_loss(context: CheckContext) -> LossResult:
    """Check the loss's gradient, by elements where that takes few calls and else by probes."""
    choice = choose_loss_scheme(context)
    objective = context.objective
    rng = context.rng
    x, y, weight = context.batch
    function = _loss_of_prediction(context)
    prediction = function.arrays["real"]
    objective.loss_from_output(prediction, y, weight)
    analytic = np.array(objective.loss_backward(weight))
    noisy = []
    for _ in range(NOISY_RUNS):
        objective.loss_from_output(ulp_noise(prediction, rng), y, weight)
        noisy.append(noisy_loss_gradient(objective.loss_backward(weight), len(x), rng))
    evidence = {"prediction": prediction.copy(), "target": y}
    if weight is not None:
        evidence["sample_weight"] = weight
    check = Check(None, "data", "prediction", component=str(objective.loss), context=evidence)
    limit = max(context.min_calls, LOSS_CALLS)
    numeric = numeric_gradients(function, [_ONE], rng, choice.scheme, limit)
    if analytic.shape != prediction.shape:
        check.verdict, check.difference = "fail", 1.0
        check.diagnosis = f"its gradient has shape {analytic.shape}, the output {prediction.shape}"
        return choice._replace(checks=[check])
    if numeric is None:
        check_directions(check, function, choice.scheme, analytic, noisy, rng, _ONE)
        return choice._replace(checks=[check], kinks=check.kinks)
    compare(check, analytic, numeric[0], rounding_bar(analytic, noisy))
    # The noise is that of numbers of this size, also where the fit is perfect.
    sizes = [np.abs(array).max(initial=1 / len(x)) for array in (analytic, numeric[0].value)]
    kinks = count_jumps(analytic, noisy, float(max(sizes)))
    return choice._replace(checks=[check], numeric=numeric[0], kinks=kinks)


def choose_loss_scheme(context: CheckContext) -> LossResult:
    """Return a result without checks, that has just the scheme for the loss."""
    central = RichardsonDifference(internal_scale=1.0)
    function = _loss_of_prediction(context)
    if function.why_not_complex_safe("prediction", context.rng, central):
        note = f"central differences, as the loss {context.objective.loss} is not complex-safe"
        return LossResult([], None, central, [note])
    return LossResult([], None, ComplexStep(), [])


def _loss_of_prediction(context: CheckContext) -> Function:
    (_, y, weight), arrays = context.batch, real_and_complex(layer_inputs(context)[-1])
    loss = context.objective.loss_from_output
    return Function(lambda dtype: np.asarray(loss(arrays[dtype], y, weight)), arrays)
