"""The protocol of a layer: rules that need no derivative and no tolerance, yet catch what no derivative sees.

Each rule is a function of a `Trial`; it returns None where the rule is kept, else one sentence about how it is broken.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from ..arrays import Array
from ..errors import ArgumentError
from .layer_check import LayerBench, noise
from .steps import EPS
from .verdict import NOISE, SAFETY, Check, rounding_bar

Found = dict[str, Array]


class Trial:
    """A layer, an input, two cotangents, and what an honest run gives for them."""

    def __init__(self, lone: LayerBench, x: Array, other: Array, rng: np.random.Generator) -> None:
        self.lone, self.x, self.other = lone, x, other
        self.layer, self.rng = lone.layer, rng
        self.y = np.array(lone.forward(x.copy()))
        self.again = np.array(lone.forward(x.copy()))  # before any backward, which may change more than it should
        self.c = rng.standard_normal(self.y.shape)
        self.e = rng.standard_normal(self.y.shape)
        self.fresh = self.run(x, self.c)

    def run(self, x: Array, cotangent: Array) -> Found:
        """Return the gradients of a forward and a backward on copies of the arguments."""
        self.lone.forward(x.copy())
        return self.lone.collect(cotangent.copy())

    def is_rounding(self, name: str, found: Array, expected: Array) -> bool:
        """Whether two gradients that should be equal differ by no more than the rounding that noise shows: after a cancellation."""
        if found.shape != expected.shape:
            return False
        bar = rounding_bar(self.fresh[name], [run[name] for run in self.lone.noisy(self.x, self.c, self.rng)])
        return bool(np.all(np.abs(found - expected) <= 10 * (bar + float(bar.mean()))))

    def batchwise(self) -> bool:
        """Whether the layer's output has one row per example, as the rules about rows need."""
        return self.y.ndim >= 1 and len(self.y) == len(self.x) and len(self.x) > 1


def _same(found: Found, expected: Found, factor: float = 1.0) -> str | None:
    """Return the name of the first gradient that differs by more than rounding."""
    for name, gradient in expected.items():
        if name not in found or found[name].shape != gradient.shape:
            return name
        scale = float(np.abs(gradient).max(initial=0.0)) * factor
        with np.errstate(all="ignore"):
            if not bool(np.all(np.abs(found[name] - gradient) <= 1e-9 * scale + 1e-12 * np.abs(gradient))):
                if np.isnan(gradient).any() and np.array_equal(np.isnan(gradient), np.isnan(found[name])):
                    continue
                return name
    return None


def reproducible(trial: Trial) -> str | None:
    """Forward twice, from the same random state, gives the same."""
    if not np.array_equal(trial.again, trial.y, equal_nan=True):
        return "two forwards of the same input differ"
    return None


def arguments_untouched(trial: Trial) -> str | None:
    """Neither the input nor the incoming gradient is written to."""
    for what, x, c in (("its input", _locked(trial.x), trial.c.copy()), ("the incoming gradient", trial.x.copy(), _locked(trial.c))):
        before = (x.copy(), c.copy())
        try:
            trial.lone.forward(x)
            trial.lone.collect(c)
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            return f"it writes into {what}: {error}"
        for name, kept, now in (("its input", before[0], x), ("the incoming gradient", before[1], c)):
            if not np.array_equal(kept, now, equal_nan=True):
                return f"it writes into {name}"
    return None


def _locked(array: Array) -> Array:
    locked = array.copy()
    locked.flags.writeable = False
    return locked


def parameters_untouched(trial: Trial) -> str | None:
    """Forward and backward leave the values of the parameters alone."""
    keys = [(trial.lone.number, name) for name in trial.lone.names]
    before = {key: trial.lone.bench.arrays(key)["real"].copy() for key in keys}
    trial.run(trial.x, trial.c)
    for key in keys:
        if not np.array_equal(before[key], trial.lone.bench.arrays(key)["real"], equal_nan=True):
            trial.lone.bench.set_value(key, before[key])
            return f"it changes the value of {key[1]}, which is the optimizer's work"
    return None


def shapes_and_dtypes(trial: Trial) -> str | None:
    """One row of output per example; the gradient of the input is like the input; all of the model's dtype."""
    y = trial.lone.forward(trial.x.copy())
    if not isinstance(y, np.ndarray) or y.ndim < 1 or len(y) != len(trial.x):
        return f"forward returns {getattr(y, 'shape', type(y).__name__)} for an input of shape {trial.x.shape}: one row per example is due"
    if y.dtype != np.float64:
        return f"forward returns {y.dtype} for an input of float64"
    dx = trial.layer.backward(trial.c.copy())
    if dx is None or np.shape(dx) != trial.x.shape:
        return f"backward returns {'None' if dx is None else np.shape(dx)} for an input of shape {trial.x.shape}"
    if np.asarray(dx).dtype != np.float64:
        return f"backward returns {np.asarray(dx).dtype} for a gradient of float64"
    return None


def gradients_overwritten(trial: Trial) -> str | None:
    """Every element of every gradient is written."""
    for name in trial.lone.names:
        blank = np.isnan(trial.fresh[name])
        if blank.all() and np.isfinite(trial.y).all():
            return f"backward never writes the gradient of {name}, or adds to what was there before"
        if blank.any() and np.isfinite(trial.y).all():
            return f"backward leaves {np.count_nonzero(blank)} of {blank.size} elements of the gradient of {name} unwritten"
    return None


def does_not_accumulate(trial: Trial) -> str | None:
    """See that a second backward gives what the first gave."""
    trial.lone.forward(trial.x.copy())
    first = trial.lone.collect(trial.c.copy())
    trial.layer.backward(trial.c.copy())
    second = {name: trial.lone.bench.parameters[trial.lone.number, name].grad.copy() for name in trial.lone.names}
    name = _same(second, {name: first[name] for name in trial.lone.names})
    if name is None:
        return None
    ratio = _ratio(second[name], first[name])
    return f"the second backward gives {f'{ratio:.3g} times ' if ratio else 'not '}the first one's gradient of {name}: gradients accumulate"


def _ratio(a: Array, b: Array) -> float | None:
    if a.shape != b.shape or not np.isfinite(a).all() or not (b != 0).any():
        return None
    ratios = a[b != 0] / b[b != 0]
    return float(ratios[0]) if np.allclose(ratios, ratios[0], rtol=1e-6) else None


def no_stale_cache(trial: Trial) -> str | None:
    """After other input, the layer gives what a fresh one gives."""
    trial.run(trial.other, np.random.default_rng(1).standard_normal(np.shape(trial.lone.forward(trial.other.copy()))))
    name = _same(trial.run(trial.x, trial.c), trial.fresh)
    if name is None:
        cotangent = np.random.default_rng(2).standard_normal(np.shape(trial.lone.forward(trial.other.copy())))
        trial.lone.bench.reset(trial.layer)
        fresh = trial.run(trial.other, cotangent)
        trial.lone.bench.reset(trial.layer)
        trial.run(trial.x, trial.c)
        name = _same(trial.run(trial.other, cotangent), fresh)
    return None if name is None else f"the gradient of {name} depends on an earlier batch: something cached is stale"


def results_are_its_own(trial: Trial) -> str | None:
    """Neither result shares memory with a parameter or with a gradient."""
    y = trial.lone.forward(trial.x.copy())
    dx = trial.layer.backward(trial.c.copy())
    for name in trial.lone.names:
        parameter = trial.lone.bench.parameters[trial.lone.number, name]
        for what, result in (("output", y), ("input gradient", dx)):
            if result is not None and (np.shares_memory(result, parameter.value) or np.shares_memory(result, parameter.grad)):
                return f"the {what} shares memory with {name}: who writes into one changes the other"
    return None


def zero_gives_zero(trial: Trial) -> str | None:
    """See that a zero incoming gradient gives zero gradients."""
    found = trial.run(trial.x, np.zeros_like(trial.c))
    name = next((n for n, gradient in found.items() if np.any(np.nan_to_num(gradient) != 0)), None)
    return None if name is None else f"an incoming gradient of 0 gives a gradient of {name} that is not 0: is dy ignored?"


def linear_in_cotangent(trial: Trial) -> str | None:
    """backward(2 c - 3 e) = 2 backward(c) - 3 backward(e)."""
    second = trial.run(trial.x, trial.e)
    mixed = trial.run(trial.x, 2 * trial.c - 3 * trial.e)
    expected = {name: 2 * trial.fresh[name] - 3 * second[name] for name in trial.fresh if name in second}
    name = _same(mixed, expected, 10.0)
    if name is not None and name in mixed and trial.is_rounding(name, mixed[name], expected[name]):
        return None
    return None if name is None else f"backward is not linear in the incoming gradient ({name}): does it use the sign or the size of dy?"


def additive_over_batch(trial: Trial) -> str | None:
    """See that the gradients of the parameters are sums over the examples, and that each example's input has its own."""
    if not trial.batchwise() or trial.lone.training:
        return None
    one, rest = (trial.run(trial.x[rows], trial.c[rows]) for rows in (slice(None, 1), slice(1, None)))
    expected = {name: one[name] + rest[name] for name in trial.lone.names}
    if "input" in one and "input" in rest and "input" in trial.fresh:
        expected["input"] = np.concatenate([one["input"], rest["input"]])
    name = _same(expected, {name: trial.fresh[name] for name in expected}, 10.0)
    if name is None or trial.is_rounding(name, expected[name], trial.fresh[name]):
        return None
    what = "those of the first example and of the others beside each other" if name == "input" else "the sum of the first's and the others'"
    return f"the gradient of {name} over the batch is not {what}: a mean, not all of the examples, or a special case for one?"


def single_as_double(trial: Trial) -> str | None:
    """See that float32 gives what float64 gives, as far as float32 can: models train in it by default."""
    lone = trial.lone
    x, c = trial.other.astype(np.float32), trial.c.astype(np.float32)
    double = trial.run(x.astype(np.float64), c.astype(np.float64))
    try:
        y = lone.forward(x.copy(), "single")
        single = lone.collect(c.copy()) if y.shape == c.shape and np.isfinite(y).all() else {}
    finally:
        lone.bench.use("real")
    floor = 64 * float(np.finfo(np.float32).eps) * float(np.linalg.norm(c)) * max(1.0, float(np.abs(x).max(initial=0.0)))
    for name, found in single.items():
        right = double.get(name)
        if right is None or right.shape != found.shape or not (np.isfinite(right).all() and np.isfinite(found).all()):
            continue
        gap, size = float(np.linalg.norm(found - right)), float(np.linalg.norm(right))
        if gap <= 0.05 * size + floor:
            continue
        # Float32 may lose all digits, too: then noise of its size moves the gradient as far.
        shaken = trial.run(x * (1 + 1e-6 * trial.rng.uniform(-1, 1, x.shape)), c.astype(np.float64))
        if float(np.linalg.norm(shaken[name] - right)) < 0.1 * gap:
            return f"in float32 the gradient of {name} is another one than in float64: {gap / max(size, 1e-300):.2g} of its size away"
    return None


def rows_independent(trial: Trial) -> str | None:
    """Row i of the output depends on row i of the input alone."""
    if not trial.batchwise() or trial.lone.training:
        return None
    alone = np.concatenate([np.array(trial.lone.forward(trial.x[i : i + 1].copy())) for i in range(min(3, len(trial.x)))])
    full = trial.y[: len(alone)]
    scale = float(np.abs(full).max(initial=0.0))
    if alone.shape == full.shape and not np.all(np.abs(alone - full) <= 1e-9 * scale + 1e-300):
        noisy = np.array(trial.lone.forward(noise(trial.x, trial.rng)))[: len(alone)]  # after a cancellation?
        scale += 1e9 * SAFETY * EPS / NOISE * float(np.abs(noisy - full).max(initial=0.0))
    if alone.shape != full.shape or not np.all(np.abs(alone - full) <= 1e-9 * scale + 1e-300):
        return "the output of an example depends on the other examples of its batch"
    return None


def no_chance_in_inference(trial: Trial) -> str | None:
    """See that chance has a part only while training."""
    if trial.lone.training:
        return None
    trial.lone.forward(trial.x.copy())
    if trial.lone.bench.drawn(trial.layer):
        return "it draws random numbers outside of training, so that predictions depend on chance: look at the argument training"
    return None


RULES: dict[str, Callable[[Trial], str | None]] = {
    "shapes and dtypes": shapes_and_dtypes,
    "no chance outside of training": no_chance_in_inference,
    "arguments untouched": arguments_untouched,
    "parameters untouched": parameters_untouched,
    "gradients overwritten": gradients_overwritten,
    "does not accumulate": does_not_accumulate,
    "no stale cache": no_stale_cache,
    "results are its own": results_are_its_own,
    "zero gives zero": zero_gives_zero,
    "linear in the incoming gradient": linear_in_cotangent,
    "additive over the batch": additive_over_batch,
    "rows independent": rows_independent,
    "float32 as float64": single_as_double,
}


def new_trial(lone: LayerBench, x: Array, rng: np.random.Generator) -> Trial:
    """Return a trial of a layer at `x`, with another input nearby."""
    return Trial(lone, x, x * rng.uniform(0.5, 1.5, x.shape) + 0.1 * rng.standard_normal(x.shape), rng)


def check_protocol(lone: LayerBench, x: Array, rng: np.random.Generator) -> list[Check]:
    """Try every rule on one layer; return a row for each.

    Raises
    ------
    ArgumentError
        If two forwards differ although all random streams that can be found were rewound: nothing could be checked.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        trial = new_trial(lone, x, rng)
        if why := reproducible(trial):
            raise ArgumentError(
                f"layer {lone.number}, {lone.layer}: {why} although its random state was set back, so its randomness cannot be frozen: "
                "draw only from an attribute such as self.rng (a numpy.random.Generator), and only while training"
            )
        checks = []
        for name, rule in RULES.items():
            try:
                broken = rule(trial)
            except Exception as error:  # it did not for the batch itself: see `reproducible`
                broken = f"it raises {type(error).__name__} while the rule is tried, for a batch of another size perhaps: {error}"
            check = Check(lone.number, "protocol", name, where=str(lone.layer), training=lone.training, method="no derivative needed")
            if broken:
                check.verdict, check.difference, check.diagnosis = "fail", 1.0, broken
            checks.append(check)
    return checks
