"""The rule that a layer computes in float32 what it computes in float64."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import numpy as np

from ...layers.base import Layer
from ...utils.attributes import replaced_attributes
from ...utils.typing import Array
from ..constants import (
    EPS,
    SINGLE_FLOOR_ULPS,
    SINGLE_GAP,
    SINGLE_NOISE,
    SINGLE_NOISE_EFFECT,
    SINGLE_RUNS,
    SINGLE_USUAL,
)
from ..rounding.noise import in_double, in_single
from .layer_run import GradientsByName, LayerRun

_SINGLE_EPS = float(np.finfo(np.float32).eps)
_ULP_RATIO = EPS / _SINGLE_EPS


def float32_as_float64(run: LayerRun) -> str | None:
    """Test that gradients in float32 are those in float64, but for rounding.

    Parameters
    ----------
    run : LayerRun
        The layer with its inputs.

    Returns
    -------
    str or None
        How it breaks the rule.
    """
    return _violation_at(run, _of_usual_size(run.other_x))


def _of_usual_size(x: Array) -> Array:
    """Return an input; if it is large or small, the same one of size 1, where nothing saturates.

    Where a sigmoid or a softmax saturates, float32 knows no more of 1 - y than its rounding, and no
    noise on what goes in shows that.
    """
    if x.dtype.kind in "iu":
        return x
    size = float(np.sqrt(np.mean(np.square(x)))) if x.size else 0.0
    is_usual = SINGLE_USUAL < size < 1 / SINGLE_USUAL or not 0 < size < np.inf
    usual: Array = (x if is_usual else x / size).astype(np.float32)
    return usual


def _violation_at(run: LayerRun, x: Array) -> str | None:
    cotangent = run.cotangent.astype(np.float32)
    double, single = _in_both(run, x, cotangent)
    size_of_x = 1.0 if x.dtype.kind in "iu" else max(1.0, np.abs(x).max(initial=0.0))
    ulps = SINGLE_FLOOR_ULPS * _SINGLE_EPS * float(np.linalg.norm(cotangent))
    for name, gradient in single.items():
        floor = ulps * (1.0 if name == "input" else size_of_x)
        expected = double.get(name, gradient)
        if expected.shape != gradient.shape:
            continue
        gap = float(np.linalg.norm(gradient - expected))
        size = float(np.linalg.norm(expected))
        if run.harness.couples_examples and size <= SINGLE_NOISE * gap:
            continue  # its terms cancel over the batch: only rounding is left
        suspected = SINGLE_GAP * size + floor < gap < np.inf
        if suspected and not _is_rounding(run, x, cotangent, name, double, single):
            return (
                f"the gradient of {name} in float32 differs from that in float64: "
                f"by {gap:.2g}, of {size:.2g}"
            )
    return None


def _in_both(run: LayerRun, x: Array, cotangent: Array) -> tuple[GradientsByName, GradientsByName]:
    """Return the gradients in float64 and in float32."""
    double = run.harness.fresh_gradients(in_double(x), in_double(cotangent))
    return double, run.harness.single_gradients(x, cotangent)


def _is_rounding(
    run: LayerRun,
    x: Array,
    cotangent: Array,
    name: str,
    double: GradientsByName,
    single: GradientsByName,
) -> bool:
    """Return whether noise of some ulps of float32 explains the gap between two gradients.

    Noise on input and parameters moves the gradient where the layer is ill-conditioned, and the gap
    where that is the rounding of terms that cancel: a mistake stays what it is. Noise of as many
    ulps of float64 shows how much larger than its ulps the rounding of the gradient is. Noise
    between the layers of a container moves the gradient where one of them is on a kink.
    """
    gap = single[name] - double[name]
    least = SINGLE_NOISE_EFFECT * float(np.linalg.norm(gap))
    again = run.harness.single_gradients(x, cotangent)
    if not np.linalg.norm(again[name] - single[name]) < least:
        return False  # it differs from call to call: that is no rounding
    rng = np.random.default_rng(0)
    inner_layers = list(run.harness.layer.modules())[1:]
    arrays, number = run.harness.sandbox.arrays, run.harness.number
    for _ in range(SINGLE_RUNS):
        values = {
            (number, key): in_single(arrays[number, key]["real"], rng)
            for key in run.harness.parameters
        }
        with run.harness.sandbox.perturbed(values):
            noisy_double, noisy_single = _in_both(run, in_single(x, rng), in_single(cotangent, rng))
        effects = [noisy_double[name] - double[name]]
        effects.append((_with_ulps(run, x, cotangent, rng)[name] - double[name]) / _ULP_RATIO)
        if name in noisy_single:
            effects.append(noisy_single[name] - noisy_double[name] - gap)
        if inner_layers:
            with _noisy_outputs(inner_layers, rng):
                effects.append(_in_both(run, x, cotangent)[0][name] - double[name])
        if any(not np.linalg.norm(effect) < least for effect in effects):
            return True
    return False


def _with_ulps(
    run: LayerRun, x: Array, cotangent: Array, rng: np.random.Generator
) -> GradientsByName:
    """Return the gradients in float64 with noise of some of its ulps on what goes in."""

    def noisy(array: Array) -> Array:
        if array.dtype.kind in "iu":
            return array
        factors: Array = 1 + SINGLE_NOISE * _ULP_RATIO * rng.uniform(-1, 1, array.shape)
        return factors * array

    number, arrays = run.harness.number, run.harness.sandbox.arrays
    values = {(number, key): noisy(arrays[number, key]["real"]) for key in run.harness.parameters}
    with run.harness.sandbox.perturbed(values, dtypes=("real",)):
        return run.harness.fresh_gradients(noisy(in_double(x)), noisy(in_double(cotangent)))


@contextmanager
def _noisy_outputs(layers: Iterable[Layer], rng: np.random.Generator) -> Iterator[None]:
    """Change what layers return by the rounding of float32, for the length of a context."""
    with ExitStack() as stack:
        for layer in layers:
            stack.enter_context(_noisy_output(layer, rng))
        yield


@contextmanager
def _noisy_output(layer: Layer, rng: np.random.Generator) -> Iterator[None]:
    forward = layer.forward

    def noisy_forward(x: Array, *, training: bool = False) -> Array:
        y = forward(x, training=training)
        size = SINGLE_NOISE * float(np.abs(y).mean()) if y.size else 0.0
        noisy: Array = y + size * rng.uniform(-1, 1, y.shape)
        return noisy

    with replaced_attributes(layer, forward=noisy_forward):
        yield
