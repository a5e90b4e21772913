"""The rules of the layer contract."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ...errors import ArgumentError
from ...utils.random import get_raw_rng_state
from ...utils.typing import Array
from ..constants import (
    COMBINED_RUNS,
    OTHER_INPUT_FACTORS,
    OTHER_INPUT_NOISE,
    ROUNDING_PER_NOISE,
    SAME_ELEMENT,
    SAME_RATIO,
    SAME_RUN,
    SINGLE_FLOOR_ULPS,
    SINGLE_GAP,
    SINGLE_NOISE,
    SINGLE_NOISE_EFFECT,
    TINY,
)
from ..layer_harness import LayerHarness
from ..result import Check
from ..rounding.compare import rounding_bar
from ..rounding.noise import ulp_noise
from .rule import Rule, run_rules
from .writes import detect_write, read_only

GradientsByName = dict[str, Array]


@dataclass(frozen=True)
class LayerRun:
    """A layer with two inputs and two cotangents, and what a first run gave.

    Attributes
    ----------
    harness
        The layer.
    rng
        Draws the noise of a comparison.
    x, other_x
        Two inputs of the same shape.
    y, repeated_y
        The outputs of two calls of `forward(x)`, before any `backward`.
    cotangent, other_cotangent
        Two incoming gradients.
    gradients
        Those of `x` and `cotangent`.
    """

    harness: LayerHarness
    rng: np.random.Generator
    x: Array
    other_x: Array
    y: Array
    repeated_y: Array
    cotangent: Array
    other_cotangent: Array
    gradients: GradientsByName

    @classmethod
    def of(cls, harness: LayerHarness, x: Array, rng: np.random.Generator) -> LayerRun:
        """Run a layer at `x`; draw the rest."""
        factors = rng.uniform(*OTHER_INPUT_FACTORS, x.shape)
        other_x = x * factors + OTHER_INPUT_NOISE * rng.standard_normal(x.shape)
        y, repeated_y = harness.fresh_output(x), harness.fresh_output(x)
        cotangent, other_cotangent = (rng.standard_normal(y.shape) for _ in range(2))
        gradients = harness.fresh_gradients(x, cotangent)
        return cls(harness, rng, x, other_x, y, repeated_y, cotangent, other_cotangent, gradients)

    def has_independent_rows(self) -> bool:
        """Return whether there are several rows that must not depend on each other."""
        one_output_each = self.y.shape[:1] == (len(self.x),) > (1,)
        return one_output_each and not self.harness.training

    def differing(self, gradients: GradientsByName, expected: GradientsByName) -> str:
        """Return the name of the first gradient that differs by more than noise explains, or ""."""
        name = _first_difference(gradients, expected, COMBINED_RUNS)
        if name and name in gradients and gradients[name].shape == expected[name].shape:
            noisy = self.harness.noisy_gradients(self.x, self.cotangent, self.rng)
            bar = rounding_bar(self.gradients[name], [run[name] for run in noisy])
            gap = np.abs(gradients[name] - expected[name])
            return "" if np.all(gap <= COMBINED_RUNS * (bar + bar.mean())) else name
        return name


def _first_difference(
    gradients: GradientsByName, expected: GradientsByName, factor: float = 1.0
) -> str:
    for name, gradient in expected.items():
        if name not in gradients or gradients[name].shape != gradient.shape:
            return name
        scale = np.abs(gradient).max(initial=0.0) * factor
        with np.errstate(all="ignore"):
            tolerance = SAME_RUN * scale + SAME_ELEMENT * np.abs(gradient)
            same = np.all(np.abs(gradients[name] - gradient) <= tolerance)
        undefined = np.isnan(gradient)
        both_undefined = undefined.any() and np.array_equal(undefined, np.isnan(gradients[name]))
        if not same and not both_undefined:
            return name
    return ""


LayerTest = Callable[[LayerRun], str | None]

LAYER_RULES: dict[str, Rule[LayerRun]] = {}
"""The rules by their ids, in the order in which they are tested."""


def register_rule(rule_id: str, title: str) -> Callable[[LayerTest], LayerTest]:
    """Return a decorator that makes a test the last of `LAYER_RULES`."""

    def register(test: LayerTest) -> LayerTest:
        LAYER_RULES[rule_id] = Rule(rule_id, title, test)
        return test

    return register


@register_rule("shapes_and_dtypes", "shapes and dtypes")
def _shapes_and_dtypes(run: LayerRun) -> str | None:
    x = run.x
    y = run.harness.forward(x.copy())
    if not isinstance(y, np.ndarray) or y.ndim < 1 or len(y) != len(x):
        kind = getattr(y, "shape", type(y).__name__)
        return f"forward returns {kind} for an input of shape {x.shape}, expected one row each"
    if y.dtype != np.float64:
        return f"forward returns {y.dtype} for an input of float64"
    dx = run.harness.layer.backward(run.cotangent.copy())
    if dx is None or np.shape(dx) != x.shape:
        shape = "None" if dx is None else np.shape(dx)
        return f"backward returns {shape} for an input of shape {x.shape}"
    if np.asarray(dx).dtype != np.float64:
        return f"backward returns {np.asarray(dx).dtype} for a gradient of float64"
    return None


@register_rule("no_randomness_at_inference", "no randomness outside of training")
def _no_randomness_at_inference(run: LayerRun) -> str | None:
    run.harness.fresh_output(run.x)
    advanced = any(
        repr(get_raw_rng_state(stream)) != repr(state)
        for stream, state in run.harness.random_states
    )
    if advanced and not run.harness.training:
        return "it draws random numbers outside of training: look at the argument training"
    return None


@register_rule("arguments_untouched", "arguments untouched")
def _arguments_untouched(run: LayerRun) -> str | None:
    originals = {"its input": run.x, "the incoming gradient": run.cotangent}
    for target in originals:
        arguments = {
            name: read_only(array) if name == target else array.copy()
            for name, array in originals.items()
        }
        if violation := detect_write(target, partial(run.harness.gradients, *arguments.values())):
            return violation
        for name, array in originals.items():
            if not np.array_equal(array, arguments[name], equal_nan=True):
                return f"it writes into {name}"
    return None


@register_rule("parameters_untouched", "parameters untouched")
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


@register_rule("gradients_overwritten", "gradients overwritten")
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


@register_rule("does_not_accumulate", "does not accumulate")
def _does_not_accumulate(run: LayerRun) -> str | None:
    first = run.harness.fresh_gradients(run.x, run.cotangent)
    run.harness.layer.backward(run.cotangent.copy())
    second = {name: parameter.grad.copy() for name, parameter in run.harness.parameters.items()}
    name = _first_difference(second, {name: first[name] for name in second})
    if not name:
        return None
    a, b = second[name], first[name]
    ratios = a[b != 0] / b[b != 0] if np.isfinite(a).all() else np.zeros(0)
    times = "not "
    if len(ratios) and np.allclose(ratios, ratios[0], rtol=SAME_RATIO):
        times = f"{ratios[0]:.3g} times "
    return (
        f"the second backward gives {times}the first one's gradient of {name}: gradients accumulate"
    )


@register_rule("no_stale_cache", "no stale cache")
def _no_stale_cache(run: LayerRun) -> str | None:
    harness = run.harness
    first_cotangent, second_cotangent = (
        np.random.default_rng(seed).standard_normal(harness.fresh_output(run.other_x).shape)
        for seed in (1, 2)
    )
    harness.fresh_gradients(run.other_x, first_cotangent)
    name = _first_difference(harness.fresh_gradients(run.x, run.cotangent), run.gradients)
    if not name:
        harness.sandbox.reset(harness.layer)
        expected = harness.fresh_gradients(run.other_x, second_cotangent)
        harness.sandbox.reset(harness.layer)
        harness.fresh_gradients(run.x, run.cotangent)
        name = _first_difference(harness.fresh_gradients(run.other_x, second_cotangent), expected)
    if name:
        return f"the gradient of {name} depends on an earlier batch: something cached is stale"
    return None


@register_rule("results_are_its_own", "results are its own")
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


@register_rule("zero_gives_zero", "zero gives zero")
def _zero_gives_zero(run: LayerRun) -> str | None:
    gradients = run.harness.fresh_gradients(run.x, np.zeros_like(run.cotangent))
    for name, gradient in gradients.items():
        if np.any(np.nan_to_num(gradient) != 0):
            return (
                f"an incoming gradient of 0 gives a gradient of {name} that is not 0: "
                "is dy ignored?"
            )
    return None


@register_rule("linear_in_dy", "linear in the incoming gradient")
def _linear_in_dy(run: LayerRun) -> str | None:
    other = run.harness.fresh_gradients(run.x, run.other_cotangent)
    combination = 2 * run.cotangent - 3 * run.other_cotangent
    expected = {
        name: 2 * gradient - 3 * other[name]
        for name, gradient in run.gradients.items()
        if name in other
    }
    name = run.differing(run.harness.fresh_gradients(run.x, combination), expected)
    if name:
        return (
            f"backward is not linear in the incoming gradient ({name}): "
            "does it use the sign or the size of dy?"
        )
    return None


@register_rule("additive_over_batch", "additive over the batch")
def _additive_over_batch(run: LayerRun) -> str | None:
    if not run.has_independent_rows():
        return None
    first, others = (
        run.harness.fresh_gradients(run.x[rows], run.cotangent[rows])
        for rows in (slice(None, 1), slice(1, None))
    )
    sums = {name: first[name] + others[name] for name in run.harness.parameters}
    if "input" in first and "input" in others and "input" in run.gradients:
        sums["input"] = np.concatenate([first["input"], others["input"]])
    name = run.differing(sums, {name: run.gradients[name] for name in sums})
    if name:
        return (
            f"the gradient of {name} is not that of the first example and of the others together: "
            "a mean, or a special case for one?"
        )
    return None


@register_rule("rows_independent", "rows independent")
def _rows_independent(run: LayerRun) -> str | None:
    if not run.has_independent_rows():
        return None
    count = min(3, len(run.x))
    alone = np.concatenate([run.harness.fresh_output(run.x[i : i + 1]) for i in range(count)])
    together = run.y[: len(alone)]
    same_shape = alone.shape == together.shape
    tolerance = SAME_RUN * np.abs(together).max(initial=0.0) + TINY
    if same_shape and np.all(np.abs(alone - together) <= tolerance):
        return None
    # Rounding may be larger, after a cancellation: noise shows how large.
    noisy = run.harness.fresh_output(ulp_noise(run.x, run.rng))[: len(alone)]
    rounding = ROUNDING_PER_NOISE * np.abs(noisy - together).max(initial=0.0)
    if same_shape and np.all(np.abs(alone - together) <= tolerance + rounding):
        return None
    return "the output of an example depends on the other examples of its batch"


@register_rule("float32_as_float64", "float32 as float64")
def _float32_as_float64(run: LayerRun) -> str | None:
    x, cotangent = run.other_x.astype(np.float32), run.cotangent.astype(np.float32)
    double = run.harness.fresh_gradients(x.astype(np.float64), cotangent.astype(np.float64))
    single: GradientsByName = {}
    try:
        y = run.harness.forward(x.copy(), "single")
        if y.shape == cotangent.shape and np.isfinite(y).all():
            single = run.harness.collect(cotangent.copy())
    finally:
        run.harness.sandbox.set_dtype("real")
    size_of_x = max(1.0, np.abs(x).max(initial=0.0))
    single_eps = np.finfo(np.float32).eps
    floor = SINGLE_FLOOR_ULPS * single_eps * np.linalg.norm(cotangent) * size_of_x
    for name, gradient in single.items():
        expected = double.get(name, gradient)
        if expected.shape != gradient.shape:
            continue
        gap, size = float(np.linalg.norm(gradient - expected)), float(np.linalg.norm(expected))
        if SINGLE_GAP * size + floor < gap < np.inf:
            noise = 1 + SINGLE_NOISE * run.rng.uniform(-1, 1, x.shape)
            noisy = run.harness.fresh_gradients(x * noise, cotangent.astype(np.float64))
            if np.linalg.norm(noisy[name] - expected) < SINGLE_NOISE_EFFECT * gap:
                return (
                    f"the gradient of {name} in float32 differs from that in float64: "
                    f"by {gap:.2g}, of {size:.2g}"
                )
    return None


def check_layer_rules(harness: LayerHarness, x: Array, rng: np.random.Generator) -> list[Check]:
    """Test every rule on a layer at the input `x`.

    Parameters
    ----------
    harness : LayerHarness
        The layer, in training mode or not.
    x : ndarray
        The input, in float64.
    rng : numpy.random.Generator
        Draws a second input, two cotangents, and noise.

    Returns
    -------
    list of Check
        A row for each rule, in the order of `LAYER_RULES`.

    Raises
    ------
    ArgumentError
        If the output is random and no generator could be reset to repeat it.
    """

    def guarded(rule: Rule[LayerRun]) -> Rule[LayerRun]:
        def find_violation(run: LayerRun) -> str | None:
            try:
                return rule.find_violation(run)
            except Exception as error:
                kind = type(error).__name__
                return f"it raises {kind}, for a batch of another size perhaps: {error}"

        return rule._replace(find_violation=find_violation)

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        run = LayerRun.of(harness, x, rng)
        if not np.array_equal(run.repeated_y, run.y, equal_nan=True):
            raise ArgumentError(
                f"layer {harness.number}, {harness.layer}: two forward passes differ, so its "
                "randomness cannot be frozen: draw only from a Generator such as self.rng, and "
                "only while training"
            )
        checks = run_rules(map(guarded, LAYER_RULES.values()), run, str(harness.layer))
    for check in checks:
        check.layer, check.training = harness.number, harness.training
    return checks
