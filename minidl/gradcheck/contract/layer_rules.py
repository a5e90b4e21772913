"""The rules of the layer contract."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from ...errors import ArgumentError
from ...utils.typing import Array
from ..constants import EPS, NOISE_SAFETY, RELATIVE_NOISE
from ..layer_harness import LayerHarness
from ..numeric.function import Rng
from ..result import Check
from ..rounding.compare import rounding_bar
from ..rounding.noise import ulp_noise
from .rule import detect_write, read_only, run_rules

Found = dict[str, Array]


class LayerRun:
    """A layer, two inputs, two cotangents, and what they give."""

    def __init__(self, lone: LayerHarness, x: Array, rng: Rng) -> None:
        self.lone, self.layer, self.bench, self.x, self.rng = lone, lone.layer, lone.bench, x, rng
        self.other = x * rng.uniform(0.5, 1.5, x.shape) + 0.1 * rng.standard_normal(x.shape)
        self.y = self.forward(x)
        self.again = self.forward(x)  # before any backward
        self.c, self.e = (rng.standard_normal(self.y.shape) for _ in range(2))
        self.fresh = self.run(x, self.c)
        self.rows = self.y.shape[:1] == (len(x),) > (1,) and not lone.training

    def forward(self, x: Array) -> Array:
        """Return a copy of the output."""
        return np.array(self.lone.forward(x.copy()))

    def run(self, x: Array, cotangent: Array) -> Found:
        """Return the gradients."""
        return self.lone.gradients(x.copy(), cotangent.copy())

    def unlike(self, found: Found, expected: Found) -> str:
        """Return the first gradient that differs by more than noise explains."""
        name = _different(found, expected, 10.0)
        if name and name in found and found[name].shape == expected[name].shape:
            bar = rounding_bar(
                self.fresh[name], [run[name] for run in self.lone.noisy(self.x, self.c, self.rng)]
            )
            return (
                ""
                if np.all(np.abs(found[name] - expected[name]) <= 10 * (bar + bar.mean()))
                else name
            )
        return name


def _different(found: Found, expected: Found, factor: float = 1.0) -> str:
    for name, gradient in expected.items():
        if name not in found or found[name].shape != gradient.shape:
            return name
        scale = np.abs(gradient).max(initial=0.0) * factor
        with np.errstate(all="ignore"):
            same = np.all(np.abs(found[name] - gradient) <= 1e-9 * scale + 1e-12 * np.abs(gradient))
        undefined = np.isnan(gradient)
        if not same and not (undefined.any() and np.array_equal(undefined, np.isnan(found[name]))):
            return name
    return ""


LayerRule = Callable[[LayerRun], Iterator[str]]


"""Yields how it is broken; the first sentence is told."""


LAYER_RULES: dict[str, LayerRule] = {}


def register_rule(rule: LayerRule) -> LayerRule:
    return LAYER_RULES.setdefault(rule.__name__[1:].replace("_", " "), rule)


@register_rule
def _shapes_and_dtypes(trial: LayerRun) -> Iterator[str]:
    x = trial.x
    y = trial.lone.forward(x.copy())
    if not isinstance(y, np.ndarray) or y.ndim < 1 or len(y) != len(x):
        yield f"forward returns {getattr(y, 'shape', type(y).__name__)} for an input of shape {x.shape}: one row per example is due"
    if y.dtype != np.float64:
        yield f"forward returns {y.dtype} for an input of float64"
    dx = trial.layer.backward(trial.c.copy())
    if dx is None or np.shape(dx) != x.shape:
        yield f"backward returns {'None' if dx is None else np.shape(dx)} for an input of shape {x.shape}"
    if np.asarray(dx).dtype != np.float64:
        yield f"backward returns {np.asarray(dx).dtype} for a gradient of float64"


@register_rule
def _no_chance_outside_of_training(trial: LayerRun) -> Iterator[str]:
    trial.forward(trial.x)
    if not trial.lone.training and trial.bench.drawn(trial.layer):
        yield "it draws random numbers outside of training: look at the argument training"


@register_rule
def _arguments_untouched(trial: LayerRun) -> Iterator[str]:
    own = {"its input": trial.x, "the incoming gradient": trial.c}
    for what in own:
        given = {
            name: read_only(array) if name == what else array.copy() for name, array in own.items()
        }
        if broken := detect_write(what, partial(trial.lone.gradients, *given.values())):
            yield broken
        for name, array in own.items():
            if not np.array_equal(array, given[name], equal_nan=True):
                yield f"it writes into {name}"


@register_rule
def _parameters_untouched(trial: LayerRun) -> Iterator[str]:
    keys = [(trial.lone.number, name) for name in trial.lone.names]
    before = {key: trial.bench.arrays(key)["real"].copy() for key in keys}
    trial.run(trial.x, trial.c)
    for key, value in before.items():
        if not np.array_equal(value, trial.bench.arrays(key)["real"], equal_nan=True):
            trial.bench.set_value(key, value)
            yield f"it changes the value of {key[1]}, which is the optimizer's work"


@register_rule
def _gradients_overwritten(trial: LayerRun) -> Iterator[str]:
    for name in trial.lone.names if np.isfinite(trial.y).all() else ():
        blank = np.isnan(trial.fresh[name])
        if blank.all():
            yield f"backward never writes the gradient of {name}, or adds to what was there before"
        if blank.any():
            yield f"backward leaves {np.count_nonzero(blank)} of {blank.size} elements of the gradient of {name} unwritten"


@register_rule
def _does_not_accumulate(trial: LayerRun) -> Iterator[str]:
    first = trial.run(trial.x, trial.c)
    trial.layer.backward(trial.c.copy())
    second = {name: parameter.grad.copy() for name, parameter in trial.lone.parameters.items()}
    if name := _different(second, {name: first[name] for name in second}):
        a, b = second[name], first[name]
        ratios = a[b != 0] / b[b != 0] if np.isfinite(a).all() else np.zeros(0)
        times = (
            f"{ratios[0]:.3g} times "
            if len(ratios) and np.allclose(ratios, ratios[0], rtol=1e-6)
            else "not "
        )
        yield f"the second backward gives {times}the first one's gradient of {name}: gradients accumulate"


@register_rule
def _no_stale_cache(trial: LayerRun) -> Iterator[str]:
    one, two = (
        np.random.default_rng(seed).standard_normal(trial.forward(trial.other).shape)
        for seed in (1, 2)
    )
    trial.run(trial.other, one)
    name = _different(trial.run(trial.x, trial.c), trial.fresh)
    if not name:
        trial.bench.reset(trial.layer)
        fresh = trial.run(trial.other, two)
        trial.bench.reset(trial.layer)
        trial.run(trial.x, trial.c)
        name = _different(trial.run(trial.other, two), fresh)
    if name:
        yield f"the gradient of {name} depends on an earlier batch: something cached is stale"


@register_rule
def _results_are_its_own(trial: LayerRun) -> Iterator[str]:
    results = {
        "output": trial.lone.forward(trial.x.copy()),
        "input gradient": trial.layer.backward(trial.c.copy()),
    }
    for name, parameter in trial.lone.parameters.items():
        for what, result in results.items():
            if result is not None and any(
                np.shares_memory(result, own) for own in (parameter.value, parameter.grad)
            ):
                yield f"the {what} shares memory with {name}"


@register_rule
def _zero_gives_zero(trial: LayerRun) -> Iterator[str]:
    for name, gradient in trial.run(trial.x, np.zeros_like(trial.c)).items():
        if np.any(np.nan_to_num(gradient) != 0):
            yield f"an incoming gradient of 0 gives a gradient of {name} that is not 0: is dy ignored?"


@register_rule
def _linear_in_the_incoming_gradient(trial: LayerRun) -> Iterator[str]:
    second, mixed = trial.run(trial.x, trial.e), trial.run(trial.x, 2 * trial.c - 3 * trial.e)
    if name := trial.unlike(
        mixed,
        {name: 2 * trial.fresh[name] - 3 * second[name] for name in trial.fresh if name in second},
    ):
        yield f"backward is not linear in the incoming gradient ({name}): does it use the sign or the size of dy?"


@register_rule
def _additive_over_the_batch(trial: LayerRun) -> Iterator[str]:
    if not trial.rows:
        return
    one, rest = (
        trial.run(trial.x[rows], trial.c[rows]) for rows in (slice(None, 1), slice(1, None))
    )
    sums = {name: one[name] + rest[name] for name in trial.lone.names}
    if "input" in one and "input" in rest and "input" in trial.fresh:
        sums["input"] = np.concatenate([one["input"], rest["input"]])
    if name := trial.unlike(sums, {name: trial.fresh[name] for name in sums}):
        yield f"the gradient of {name} is not that of the first example and of the others together: a mean, or a special case for one?"


@register_rule
def _rows_independent(trial: LayerRun) -> Iterator[str]:
    if not trial.rows:
        return
    alone = np.concatenate([trial.forward(trial.x[i : i + 1]) for i in range(min(3, len(trial.x)))])
    full = trial.y[: len(alone)]
    size = np.abs(full).max(initial=0.0)
    if alone.shape != full.shape or not np.all(np.abs(alone - full) <= 1e-9 * size + 1e-300):
        noisy = trial.forward(ulp_noise(trial.x, trial.rng))[: len(alone)]  # after a cancellation?
        rounding = NOISE_SAFETY * EPS / RELATIVE_NOISE * np.abs(noisy - full).max(initial=0.0)
        if alone.shape != full.shape or not np.all(
            np.abs(alone - full) <= 1e-9 * size + rounding + 1e-300
        ):
            yield "the output of an example depends on the other examples of its batch"


@register_rule
def _float32_as_float64(trial: LayerRun) -> Iterator[str]:
    x, c = trial.other.astype(np.float32), trial.c.astype(np.float32)
    double = trial.run(x.astype(np.float64), c.astype(np.float64))
    try:
        y = trial.lone.forward(x.copy(), "single")
        single = trial.lone.collect(c.copy()) if y.shape == c.shape and np.isfinite(y).all() else {}
    finally:
        trial.bench.use("real")
    floor = 64 * np.finfo(np.float32).eps * np.linalg.norm(c) * max(1.0, np.abs(x).max(initial=0.0))
    for name, found in single.items():
        right = double.get(name, found)
        gap, size = (
            float(np.linalg.norm(a))
            for a in (found - right if right.shape == found.shape else 0.0, right)
        )
        if 0.05 * size + floor < gap < np.inf:
            # Unless noise moves it as far.
            shaken = trial.run(
                x * (1 + 1e-6 * trial.rng.uniform(-1, 1, x.shape)), c.astype(np.float64)
            )
            if np.linalg.norm(shaken[name] - right) < 0.1 * gap:
                yield f"in float32 the gradient of {name} is another one than in float64: {gap:.2g} away from {size:.2g}"


def check_layer_rules(lone: LayerHarness, x: Array, rng: Rng) -> list[Check]:
    """Try every rule on a layer; return a row for each."""

    def attempt(rule: LayerRule) -> str | None:
        try:
            return next(rule(trial), None)
        except Exception as error:
            return f"it raises {type(error).__name__}, for a batch of another size perhaps: {error}"

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        trial = LayerRun(lone, x, rng)
        if not np.array_equal(trial.again, trial.y, equal_nan=True):
            raise ArgumentError(
                f"layer {lone.number}, {lone.layer}: two forwards differ, so its randomness cannot be frozen: "
                "draw only from a Generator such as self.rng, and only while training"
            )
        checks = run_rules(
            str(lone.layer), {name: partial(attempt, rule) for name, rule in LAYER_RULES.items()}
        )
    for check in checks:
        check.layer, check.training = lone.number, lone.training
    return checks
