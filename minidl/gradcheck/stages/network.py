"""Stage 5, the whole model: the gradients of the data loss and of the total objective."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ...batching.batch import Batch
from ..constants import (
    EPS,
    NOISE_SAFETY,
    NOISY_SINGLE_RUNS,
    OBJECTIVE_AGREEMENT,
    RELATIVE_NOISE,
    ROUNDING_ULPS,
)
from ..context import CheckContext
from ..numeric.differences import ComplexStep, RichardsonDifference, Scheme
from ..numeric.numeric_gradient import NumericGradient
from ..result import Check
from ..rounding.compare import relative_error
from ..rounding.noise import (
    REFUSALS,
    gradient_flow_noise,
    in_double,
    in_single,
    input_size,
    noisy_gradient,
    noisy_loss_gradient,
    noisy_run_count,
    perturb_custom_inplace,
    perturb_inplace,
    product_noise,
    reshaped_flow_noise,
    ulp_noise,
    widen_by_gaps,
)
from ..rounding.noisy_layers import noisy_layers
from ..rounding.stored import rounds_inside, widen_by_stored
from ..terms import (
    Gradients,
    NumericGradients,
    blank_gradients,
    copy_gradients,
    data_gradients_in,
)
from .layers import LayersResult
from .loss import LossResult
from .network_rounding import check_term_with_rounding
from .penalties import PenaltiesResult
from .ties import jumping_gradients


class NetworkResult(NamedTuple):
    """The result of the stage.

    Attributes
    ----------
    checks
        The rows; none if the point is on a kink.
    difference
        The relative error of the total gradient, if each element of it was computed.
    """

    checks: list[Check]
    difference: float | None


class NoisyGradients(NamedTuple):
    """Gradients of the data loss from runs with noise.

    Attributes
    ----------
    runs
        The gradients of each run.
    loss_rounding_scale
        The size of the numbers inside the loss, by which its rounding in differences is estimated.
    """

    runs: list[Gradients]
    loss_rounding_scale: float


def check_network(
    context: CheckContext, loss: LossResult, layers: LayersResult, penalties: PenaltiesResult
) -> NetworkResult:
    """Check the gradients of the data loss and of the total, and the value that training reports.

    Parameters
    ----------
    context : CheckContext
        The model and the data.
    loss : LossResult
        Has the scheme for the loss.
    layers : LayersResult
        Has the schemes of the layers, and numeric gradients of the data loss.
    penalties : PenaltiesResult
        Has the numeric gradients of the penalties.

    Returns
    -------
    NetworkResult
        Without rows where an element sits on a kink: a point nearby decides then. Without any
        where the backward of a layer works in training alone.
    """
    if context.training_only:
        return NetworkResult([], None)
    gradient = data_gradient(context)
    noisy, loss_rounding_scale = noisy_data_gradients(context)
    if layers.kinks or loss.kinks:
        return NetworkResult([], None)
    scheme = choose_network_scheme(context, loss, layers, loss_rounding_scale)
    jumping = partial(jumping_gradients, context, gradient, lambda: data_gradient(context))
    check = partial(check_term_with_rounding, context, scheme=scheme, jumping=jumping)
    checks = check("data", gradient, noisy, layers.numeric)
    rows = [*checks.values()]
    trained_value, total = total_gradient(context)
    rows.append(_check_value(context, float(trained_value), loss_rounding_scale))
    numeric = _total_numeric(layers.numeric, penalties)
    noisy = shift_gradients(noisy, gradient, total)
    checks = check("total", total, noisy, numeric)
    every_element = bool(total) and set(numeric) == set(total)
    difference = overall_relative_error(total, numeric) if every_element else None
    return NetworkResult([*rows, *checks.values()], difference)


def data_gradient(context: CheckContext) -> Gradients:
    """Return the gradient of the data loss."""
    blank_gradients(context, np.nan)
    context.objective.data_loss(context.batch)
    context.objective.backward(context.batch.sample_weight)
    return copy_gradients(context)


def noisy_data_gradients(context: CheckContext) -> NoisyGradients:
    """Return gradients of the data loss with noise on all that flows through the model."""
    runs = []
    losses = []
    sandbox = context.sandbox
    rng = context.rng
    child = rng.spawn(1)[0]
    gaps = _gaps_in_single(context, child)
    _widen_by_stored(context, gaps, child.spawn(1)[0])
    inner_layers = [inner for layer in sandbox.layers for inner in list(layer.modules())[1:]]
    for _ in range(noisy_run_count(context.objective.parameters.size)):
        values = {key: ulp_noise(arrays["real"], rng) for key, arrays in sandbox.arrays.items()}
        with sandbox.perturbed(values, dtypes=("real",)), noisy_layers(inner_layers, rng):
            blank_gradients(context, np.nan)
            losses.append(_noisy_pass(context, child))
        gradients = copy_gradients(context)
        run = {key: noisy_gradient(array, rng) for key, array in gradients.items()}
        for key, sizes in gaps.items():
            run[key] += sizes * child.uniform(-1, 1, run[key].shape)
        runs.append(run)
    spread = max(losses) - min(losses)
    # A difference quotient multiplies it by `ROUNDING_ULPS * EPS`, to give the loss's rounding.
    scale = NOISE_SAFETY / RELATIVE_NOISE / ROUNDING_ULPS * spread
    return NoisyGradients(runs, max(1.0, scale) if np.isfinite(spread) else np.inf)


def _noisy_pass(context: CheckContext, child: np.random.Generator) -> float:
    """Return the loss of one run with noise; the gradients are those of the parameters then.

    `child` draws the noise that only layers that round inside get.
    """
    objective = context.objective
    rng = context.rng
    x, y, weight = context.batch
    z, x_sizes = ulp_noise(x, rng), []
    for layer in objective.layers_before_loss:
        x_sizes.append(input_size(z))
        z = layer.forward(z)
        perturb_inplace(z, rng)
        if rounds_inside(layer):
            perturb_custom_inplace(z, child)
    value = float(objective.loss_from_output(z, y, weight))
    dy: Any = noisy_loss_gradient(objective.loss_backward(weight), len(x), rng)
    layers = list(zip(objective.layers_before_loss, x_sizes, strict=True))
    for layer, x_size in reversed(layers[objective.first_trainable :]):
        dx = layer.backward(dy)
        for parameter in layer.parameters().values() if rounds_inside(layer) else ():
            parameter.grad += product_noise(x_size, dy, parameter.shape, child)
        if dx is not None:
            same_shape = dx.shape == dy.shape
            noisy_dx = ulp_noise(dx, rng)
            if same_shape:
                noisy_dx += gradient_flow_noise(dy, rng)
            elif rounds_inside(layer):
                noisy_dx += reshaped_flow_noise(dy, dx.shape, child)
            dx = noisy_dx
        dy = dx
    return value


def _gaps_in_single(context: CheckContext, rng: np.random.Generator) -> Gradients:
    """Return the size of the noise by which what layers compute inside is rounded."""
    sizes: Gradients = {}
    sandbox, (x, y, weight) = context.sandbox, context.batch
    if not any(rounds_inside(module) for layer in sandbox.layers for module in layer.modules()):
        return sizes
    for _ in range(NOISY_SINGLE_RUNS):
        values = {key: in_single(arrays["real"], rng) for key, arrays in sandbox.arrays.items()}
        single_x = in_single(x, rng)
        # A layer that refuses float32 fails by a rule.
        with sandbox.perturbed(values), suppress(*REFUSALS):
            double = data_gradients_in(context, "real", Batch(in_double(single_x), y, weight))
            batch = Batch(single_x, *(a if a is None else np.float32(a) for a in (y, weight)))
            widen_by_gaps(sizes, double, data_gradients_in(context, "single", batch))
    return sizes


def _widen_by_stored(context: CheckContext, sizes: Gradients, rng: np.random.Generator) -> None:
    """Let the noise grow to the rounding that what layers store causes."""
    objective, (x, y, weight) = context.objective, context.batch

    def forward() -> None:
        blank_gradients(context, np.nan)
        objective.data_loss(Batch(x.copy(), y, weight))

    def backward() -> Gradients:
        objective.backward(weight)
        return copy_gradients(context)

    modules = [module for layer in context.sandbox.layers for module in layer.modules()]
    with context.sandbox.parameters_restored():
        widen_by_stored(sizes, modules, forward, backward, rng)


def choose_network_scheme(
    context: CheckContext, loss: LossResult, layers: LayersResult, loss_rounding_scale: float
) -> Scheme:
    """Return the complex step if the loss and every layer before it are complex-safe."""
    n_layers = len(context.objective.layers_before_loss)
    schemes = [loss.scheme, *layers.schemes[:n_layers]]
    if all(isinstance(scheme, ComplexStep) for scheme in schemes):
        return ComplexStep()
    return RichardsonDifference(internal_scale=max(1.0, loss_rounding_scale))


def total_gradient(context: CheckContext) -> tuple[Any, Gradients]:
    """Return the objective and its gradient, both as training computes them."""
    blank_gradients(context, np.nan)
    value, _ = context.objective.value_and_gradient(context.batch)
    return value, copy_gradients(context)


def _check_value(context: CheckContext, trained_value: float, loss_rounding_scale: float) -> Check:
    """Check the value that training reports: it must be the sum of the terms."""
    check = Check(None, "total", "value", component="value_and_gradient", elements=1)
    context.sandbox.set_dtype("real")
    value = float(context.objective.terms(context.batch)["total"])
    gap = abs(trained_value - value)
    scale = abs(trained_value) + abs(value)
    check.difference = gap / scale if scale > 0 else 0.0
    tolerance = OBJECTIVE_AGREEMENT * scale
    check.resolution = tolerance / abs(value) if value else np.inf
    if np.isfinite(value) and not gap <= tolerance + EPS * loss_rounding_scale:
        check.verdict = "fail"
        check.worst = {"analytic": trained_value, "numeric": value, "bar": tolerance}
        check.diagnosis = (
            f"training reports an objective of {trained_value:.9g}, "
            f"but its terms add up to {value:.9g}"
        )
    return check


def _total_numeric(data: NumericGradients, penalties: PenaltiesResult) -> NumericGradients:
    """Return the numeric gradient of the total for the parameters where all terms are known."""
    total = dict(data)
    for keys, _, numeric in penalties.gradients.values():
        for key in keys:
            data_gradient = total.pop(key, None)
            if data_gradient is not None and key in numeric:
                total[key] = add_numeric(data_gradient, numeric[key])
    return total


def add_numeric(first: NumericGradient, second: NumericGradient) -> NumericGradient:
    """Return the numeric gradient of the sum of two terms; their error bounds add up."""
    return NumericGradient(first.value + second.value, first.error + second.error, first.scheme)


def shift_gradients(runs: list[Gradients], data: Gradients, total: Gradients) -> list[Gradients]:
    """Return noisy gradients of the total: those of the data loss, shifted by the penalties'."""
    return [{key: run[key] + total[key] - data[key] for key in run} for run in runs]


def overall_relative_error(analytic: Gradients, numeric: NumericGradients) -> float:
    """Return the relative error of the gradient with respect to all parameters."""
    pairs = [(gradient.ravel(), numeric[key].value.ravel()) for key, gradient in analytic.items()]
    return relative_error(*map(np.concatenate, zip(*pairs, strict=True)))
