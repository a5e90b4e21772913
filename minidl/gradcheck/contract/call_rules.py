"""Rules about calls: what a layer does to its arguments, its memory and its state."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial

import numpy as np

from ...utils.random import get_raw_rng_state
from ..constants import SAME_RATIO
from .gradient_rules import additive_over_batch
from .layer_run import LayerRun, first_difference
from .rule import Rule
from .writes import detect_write, read_only


def _shapes_and_dtypes(run: LayerRun) -> str | None:
    x = run.x
    y = run.harness.forward(x.copy())
    if not isinstance(y, np.ndarray) or y.ndim < 1 or len(y) != len(x):
        kind = getattr(y, "shape", type(y).__name__)
        return f"forward returns {kind} for an input of shape {x.shape}, expected one row each"
    if y.dtype != np.float64:
        return f"forward returns {y.dtype} for an input of {x.dtype}"
    dx = run.harness.layer.backward(run.cotangent.copy())
    if run.harness.layer.takes_integers:
        return None  # a gradient of integers has no meaning
    if dx is None or np.shape(dx) != x.shape:
        shape = "None" if dx is None else np.shape(dx)
        return f"backward returns {shape} for an input of shape {x.shape}"
    if np.asarray(dx).dtype != np.float64:
        return f"backward returns {np.asarray(dx).dtype} for a gradient of float64"
    return None


def _no_randomness_at_inference(run: LayerRun) -> str | None:
    run.harness.fresh_output(run.x)
    advanced = any(
        repr(get_raw_rng_state(generator)) != repr(state)
        for generator, state in run.harness.random_states
    )
    if advanced and not run.harness.training:
        return "it draws random numbers outside of training: look at the argument training"
    return None


def _arguments_untouched(run: LayerRun) -> str | None:
    originals = {"its input": run.x, "the incoming gradient": run.cotangent}
    for target in originals:
        arguments = {
            name: read_only(array) if name == target else array.copy()
            for name, array in originals.items()
        }
        violation = detect_write(target, partial(run.harness.gradients, *arguments.values()))
        if violation:
            return violation
        for name, array in originals.items():
            if not np.array_equal(array, arguments[name], equal_nan=True):
                return f"it writes into {name}"
    return None


def _parameters_untouched(run: LayerRun) -> str | None:
    parameters = run.harness.parameters
    originals = {name: parameter.value.copy() for name, parameter in parameters.items()}
    run.harness.fresh_gradients(run.x, run.cotangent)
    for name, value in originals.items():
        if not np.array_equal(value, parameters[name].value, equal_nan=True):
            for array in run.harness.sandbox.arrays[run.harness.number, name].values():
                array[...] = value
            return f"it changes the value of {name}, which is the optimizer's work"
    return None


def _gradients_overwritten(run: LayerRun) -> str | None:
    for name in run.harness.parameters if np.isfinite(run.y).all() else ():
        unwritten = np.isnan(run.gradients[name])
        if unwritten.all():
            return f"backward never writes the gradient of {name}, or adds to what was there before"
        if unwritten.any():
            return (
                f"backward leaves {np.count_nonzero(unwritten)} of {unwritten.size} elements "
                f"of the gradient of {name} unwritten"
            )
    return None


def _does_not_accumulate(run: LayerRun) -> str | None:
    first = run.harness.fresh_gradients(run.x, run.cotangent)
    run.harness.layer.backward(run.cotangent.copy())
    second = {name: parameter.grad.copy() for name, parameter in run.harness.parameters.items()}
    name = first_difference(second, {name: first[name] for name in second})
    if not name:
        return None
    again, once = second[name], first[name]
    ratios = again[once != 0] / once[once != 0] if np.isfinite(again).all() else np.zeros(0)
    times = "not "
    if len(ratios) and np.allclose(ratios, ratios[0], rtol=SAME_RATIO):
        times = f"{ratios[0]:.3g} times "
    return (
        f"the second backward gives {times}the first one's gradient of {name}: gradients accumulate"
    )


def _no_stale_cache(run: LayerRun) -> str | None:
    harness = run.harness
    first_cotangent, second_cotangent = (
        np.random.default_rng(seed).standard_normal(harness.fresh_output(run.other_x).shape)
        for seed in (1, 2)
    )
    harness.fresh_gradients(run.other_x, first_cotangent)
    name = first_difference(harness.fresh_gradients(run.x, run.cotangent), run.gradients)
    if not name:
        harness.sandbox.reset(harness.layer)
        expected = harness.fresh_gradients(run.other_x, second_cotangent)
        harness.sandbox.reset(harness.layer)
        harness.fresh_gradients(run.x, run.cotangent)
        name = first_difference(harness.fresh_gradients(run.other_x, second_cotangent), expected)
    if name:
        return f"the gradient of {name} depends on an earlier batch: something cached is stale"
    if _is_right_for_one_batch_only(run):
        return (
            "its gradients are right for one batch and wrong for another one of the same shape: "
            "something cached is stale"
        )
    return None


def _is_right_for_one_batch_only(run: LayerRun) -> bool:
    """Return whether a layer that was used before is right for the batch that it remembers."""
    if not run.harness.is_custom:
        return False
    with suppress(Exception):  # for parts of a batch, which another rule reports
        gradients = run.harness.fresh_gradients(run.other_x, run.cotangent)
        other_run = replace(run, x=run.other_x, other_x=run.x, gradients=gradients)
        return additive_over_batch(run) is None and additive_over_batch(other_run) is not None
    return False


def _results_are_its_own(run: LayerRun) -> str | None:
    results = {
        "output": run.harness.forward(run.x.copy()),
        "input gradient": run.harness.layer.backward(run.cotangent.copy()),
    }
    for name, parameter in run.harness.parameters.items():
        for title, result in results.items():
            if result is not None and (
                np.shares_memory(result, parameter.value)
                or np.shares_memory(result, parameter.grad)
            ):
                return f"the {title} shares memory with {name}"
    return None


CALL_RULES: tuple[Rule[LayerRun], ...] = (
    Rule("shapes_and_dtypes", "shapes and dtypes", _shapes_and_dtypes),
    Rule(
        "no_randomness_at_inference",
        "no randomness outside of training",
        _no_randomness_at_inference,
    ),
    Rule("arguments_untouched", "arguments untouched", _arguments_untouched),
    Rule("parameters_untouched", "parameters untouched", _parameters_untouched),
    Rule("gradients_overwritten", "gradients overwritten", _gradients_overwritten),
    Rule("does_not_accumulate", "does not accumulate", _does_not_accumulate),
    Rule("no_stale_cache", "no stale cache", _no_stale_cache),
    Rule("results_are_its_own", "results are its own", _results_are_its_own),
)
