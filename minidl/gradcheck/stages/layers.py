"""Stage 3, each layer alone: its gradients for a random incoming gradient.

Backward through the layers, the numeric gradient of the loss is multiplied by their numeric
derivatives: that gives the numeric gradient of the data loss without a pass through the model.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ...utils.typing import Array
from ..constants import FORWARD_SECONDS, LAYER_SECONDS, MIN_LAYER_SIZE, MULTIPLY_SECONDS
from ..context import CheckContext, harness_by_mode, layer_inputs
from ..extended_precision import (
    extended_gradients,
    may_be_rounding,
    run_with_rounding,
    widen_by_rounding,
)
from ..layer_harness import LayerHarness, synthetic_input
from ..numeric.differences import ComplexStep, RichardsonDifference, Scheme
from ..numeric.gradient import numeric_gradients
from ..numeric.numeric_gradient import NumericGradient
from ..numeric.slight_loss import loses_slightly
from ..result import Check
from ..rounding.compare import compare, count_jumps, rounding_bar
from ..rounding.probes import Probe, check_directions
from ..rounding.zero import accept_zero
from ..sandbox import ParameterKey
from .loss import LossResult


@dataclass(frozen=True)
class LayerResult:
    """The check of one layer in one mode. Dictionaries are by parameter, "input" included.

    Attributes
    ----------
    harness
        The layer, with the scheme of its numeric derivatives.
    x, cotangent
        The input and the incoming gradient.
    checks
        A row for each gradient.
    notes
        Why derivatives are not computed by the complex step.
    analytic
        The gradients.
    numeric, bars
        Numeric gradients and error bars, where each element was computed.
    probes
        The probes of the others.
    backpropagated
        Numeric gradients of the data loss, if its gradient with respect to the output was passed.
    """

    harness: LayerHarness
    x: Array
    cotangent: Array
    checks: list[Check]
    notes: list[str]
    analytic: dict[str, Array]
    numeric: dict[str, NumericGradient]
    bars: dict[str, Array]
    probes: dict[str, list[Probe]]
    backpropagated: dict[str, NumericGradient]


class LayersResult(NamedTuple):
    """The result of the stage.

    Attributes
    ----------
    checks
        The rows, layer by layer.
    layers
        The result of each layer, by its number and whether in training mode.
    schemes
        How derivatives of each layer are computed at inference.
    numeric
        The numeric gradients of the data loss that are known element by element.
    kinks
        How many elements sit on a kink at inference.
    notes
        Why some derivatives are not computed by the complex step.
    """

    checks: list[Check]
    layers: dict[tuple[int, bool], LayerResult]
    schemes: list[Scheme]
    numeric: dict[ParameterKey, NumericGradient]
    kinks: int
    notes: list[str]


def check_layers(
    context: CheckContext,
    loss: LossResult,
    *,
    schemes: list[Scheme] | None = None,
    synthetic: bool = False,
) -> LayersResult:
    """Check each layer alone, from the last to the first.

    Parameters
    ----------
    context : CheckContext
        The model and the data.
    loss : LossResult
        Its numeric gradient is backpropagated as far as no kink prevents it.
    schemes : list of Scheme, optional
        How the derivatives of each layer are computed; by default it is chosen here.
    synthetic : bool, default False
        Whether to check at synthetic inputs, and leave out the layers that do not take them.
        Nothing is backpropagated then, and `schemes` is needed.

    Returns
    -------
    LayersResult
        The rows, and what later stages read.
    """
    checks: list[Check] = []
    results: dict[tuple[int, bool], LayerResult] = {}
    numeric: dict[ParameterKey, NumericGradient] = {}
    dy = None if synthetic else loss.numeric
    inputs = layer_inputs(context)[: len(context.objective.layers)]
    for i, layer_input in reversed(list(enumerate(inputs))):
        x = _input_to_check_at(context, i, layer_input, synthetic=synthetic)
        if x is None:
            continue
        is_before_loss = i < len(context.objective.layers_before_loss)
        scheme = schemes[i] if schemes else None
        modes = _check_modes(context, i, x, scheme, dy if is_before_loss else None)
        results |= {(i, result.harness.training): result for result in modes}
        checks = [check for result in modes for check in result.checks] + checks
        if context.mode(i):
            dy = None  # nothing passes through it at inference
        elif is_before_loss and dy is not None:
            inference = modes[0]
            gradients = dict(inference.backpropagated)
            dx = gradients.pop("input", None)
            numeric |= {(i, name): gradient for name, gradient in gradients.items()}
            dy = None if any(check.kinks for check in inference.checks) else dx
    chosen: list[Scheme] = [*(schemes or [ComplexStep()] * len(inputs))]
    for (i, training), layer_result in results.items():
        if not training or context.mode(i):
            chosen[i] = layer_result.harness.scheme
    kinks = sum(check.kinks for check in checks if not check.training)
    notes = [note for result in results.values() for note in result.notes]
    return LayersResult(checks, results, chosen, numeric, kinks, notes)


def _input_to_check_at(
    context: CheckContext, number: int, x: Array, *, synthetic: bool
) -> Array | None:
    """Return `x`, or a synthetic input: None if that is outside of the layer's domain."""
    if not synthetic:
        return x
    other_x = synthetic_input(x, context.rng)
    harness = LayerHarness(context.sandbox, number, training=bool(context.mode(number)))
    try:
        y = harness.forward(other_x)
        harness.collect(np.zeros(y.shape))
    except Exception:
        return None
    return other_x if np.isfinite(y).all() else None


def _check_modes(
    context: CheckContext,
    number: int,
    x: Array,
    scheme: Scheme | None,
    dy: NumericGradient | None,
) -> list[LayerResult]:
    """Check a layer at inference, and in training mode if it computes another thing then."""
    results = []
    for harness in harness_by_mode(context.sandbox, number, x, context.mode(number)):
        limit = _forward_call_limit(harness, context.batch.n_examples)
        if harness.training:
            results.append(check_layer(harness, x, context.rng, limit=limit))
            continue
        # Nothing is backpropagated beyond the first layer, so its input may be probed in any case.
        result = check_layer(
            harness,
            x,
            context.rng,
            scheme=scheme,
            limit=max(context.min_calls, limit),
            input_limit=None if number else limit,
            dy=dy,
        )
        results.append(result)
    return results


def _forward_call_limit(harness: LayerHarness, m: int) -> int:
    """Return how many forward calls of the layer take about `LAYER_SECONDS`."""
    size = sum(parameter.size for parameter in harness.parameters.values())
    seconds = FORWARD_SECONDS + m * max(size, MIN_LAYER_SIZE) * MULTIPLY_SECONDS
    return int(LAYER_SECONDS / seconds)


def check_layer(
    harness: LayerHarness,
    x: Array,
    rng: np.random.Generator,
    *,
    limit: int,
    scheme: Scheme | None = None,
    input_limit: int | None = None,
    dy: NumericGradient | None = None,
) -> LayerResult:
    """Check each gradient of one layer, by elements where that takes few calls, else by probes.

    Parameters
    ----------
    harness : LayerHarness
        The layer.
    x : ndarray
        Its input.
    rng : numpy.random.Generator
        Draws the incoming gradient, noise and probes.
    limit : int
        Forward calls that computing every element of one gradient may take.
    scheme : Scheme, optional
        How derivatives are computed; by default the complex step, unless the layer is not
        complex-safe.
    input_limit : int, optional
        The limit for the gradient of the input, by default `limit`.
    dy : NumericGradient, optional
        The gradient of the data loss with respect to the output, to be backpropagated too.

    Returns
    -------
    LayerResult
        The rows, and what they were made from.
    """
    chosen, notes = _choose_scheme(harness, x, rng, scheme)
    harness = replace(harness, scheme=chosen)
    cotangent = rng.standard_normal(np.shape(harness.forward(x)))
    analytic = harness.gradients(x, cotangent)
    noisy = harness.noisy_gradients(x, cotangent, rng)
    cotangents: list[Array | NumericGradient] = [cotangent] if dy is None else [cotangent, dy]
    limits = dict.fromkeys(harness.parameters, limit)
    if not harness.layer.takes_integers:
        limits["input"] = limit if input_limit is None else input_limit
    result = LayerResult(harness, x, cotangent, [], notes, analytic, {}, {}, {}, {})
    for name, calls in limits.items():
        check = Check(harness.number, "layer", name, training=harness.training)
        check.component = str(harness.layer)
        result.checks.append(check)
        if name not in analytic:
            check.verdict, check.difference = "fail", 1.0
            check.diagnosis = "backward returned None instead of the gradient of its input"
            continue
        gradient = analytic[name]
        runs = [run[name] for run in noisy if name in run]
        function = harness.output_function(x, name)
        same_shape = gradient.shape == function.arrays["real"].shape
        numeric = numeric_gradients(function, cotangents, rng, harness.scheme, calls)
        if numeric is not None:
            _note_overlapping_kinks(harness, numeric, gradient, runs)
            result.numeric[name], result.backpropagated[name] = numeric[0], numeric[-1]
            result.bars[name] = rounding_bar(gradient, runs) if same_shape else np.zeros(())
            compare(check, gradient, numeric[0], result.bars[name])
            if may_be_rounding(harness, check, x, cotangent):
                _compare_with_rounding(result, check, runs, rng, calls)
        elif same_shape:
            result.probes[name] = check_directions(
                check, function, harness.scheme, gradient, runs, rng, cotangent
            )
        else:
            check.verdict, check.difference = "fail", 1.0
            check.diagnosis = f"its gradient has shape {gradient.shape}"
    return _with_zeros_accepted(result)


def _compare_with_rounding(
    result: LayerResult, check: Check, runs: list[Array], rng: np.random.Generator, limit: int
) -> None:
    """Compare a gradient again, with the rounding of both sides in its error bars."""
    harness, x, name, cotangent = result.harness, result.x, check.parameter, result.cotangent
    extended = extended_gradients(harness, x, cotangent).get(name)
    gradient = result.analytic[name]
    if extended is None or extended.shape != gradient.shape:
        return
    runs = [*runs, run_with_rounding(gradient, extended)]
    result.bars[name] = rounding_bar(gradient, runs)
    result.numeric[name] = widen_by_rounding(
        harness, x, name, cotangent, result.numeric[name], rng.spawn(1)[0], limit
    )
    check.verdict, check.worst = "pass", {}
    compare(check, gradient, result.numeric[name], result.bars[name])


def _note_overlapping_kinks(
    harness: LayerHarness, gradients: list[NumericGradient], analytic: Array, runs: list[Array]
) -> None:
    """Note that one element may be on the kinks of several inner layers at once.

    Then a gradient need not be between the slopes to both sides. Where noise of some ulps makes the
    gradient jump, it sits on a kink, too.
    """
    if not any(harness.layer.named_children()):
        return
    size = max(np.abs(array).max(initial=0.0) for array in (analytic, gradients[0].value))
    jumps = count_jumps(analytic, runs, size)
    for gradient in gradients:
        gradient.kinks_overlap |= jumps > 0 or gradient.lower is not None


def _with_zeros_accepted(result: LayerResult) -> LayerResult:
    for check in result.checks if result.harness.couples_examples else ():
        accept_zero(check, result.probes.get(check.parameter, []), result.cotangent)
    return result


def _choose_scheme(
    harness: LayerHarness, x: Array, rng: np.random.Generator, scheme: Scheme | None
) -> tuple[Scheme, list[str]]:
    """Return the scheme, and a note unless it is the complex step.

    The complex step must work at `x` and, unless it was chosen at another point already, at a
    synthetic input, where the layer is defined there. At another point a custom layer may lose what
    a weight of zero has hidden.
    """
    reason = ""
    if not scheme:
        reason = _why_not_complex_safe(harness, x, rng)
    elif isinstance(scheme, ComplexStep) and harness.is_custom:
        reason = _why_not_complex_safe(harness, x, np.random.default_rng(0))
    with suppress(ValueError, ArithmeticError):
        other_x = synthetic_input(x, rng)
        if not scheme and not reason:
            reason = _why_not_complex_safe(harness, other_x, rng)
    if not reason:
        return scheme or ComplexStep(), []
    layer = f"layer {harness.number}, {harness.layer}"
    note = f"central differences, as {layer}, is not complex-safe ({reason})"
    return RichardsonDifference(harness.internal_scale(x)), [note]


def _why_not_complex_safe(harness: LayerHarness, x: Array, rng: np.random.Generator) -> str:
    inputs = [] if harness.layer.takes_integers else ["input"]
    for name in (*inputs, *harness.parameters):
        function = harness.output_function(x, name)
        reason = function.why_not_complex_safe(name, rng, RichardsonDifference())
        if reason:
            return reason
        if harness.is_custom and loses_slightly(function, harness.internal_scale(x)):
            return f"a slight part of its derivative for {name} got lost"
    return ""
