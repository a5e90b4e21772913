"""The protocol of layers, losses and penalties: rules that need no derivative and no tolerance, yet catch what no derivative sees.

Each rule returns None where it is kept, else one sentence about how it is broken.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..arrays import Array
from ..errors import ArgumentError
from ..losses import Loss
from ..penalties import Penalty
from .layer_check import LayerBench, noise
from .rules import Rule, locked, tried, writes
from .steps import EPS
from .verdict import NOISE, SAFETY, Check, rounding_bar

Found = dict[str, Array]


class Trial:
    """A layer, an input and another one nearby, two cotangents, and what an honest run gives for them."""

    def __init__(self, lone: LayerBench, x: Array, rng: np.random.Generator) -> None:
        self.lone, self.layer, self.bench, self.x, self.rng = lone, lone.layer, lone.bench, x, rng
        self.other = x * rng.uniform(0.5, 1.5, x.shape) + 0.1 * rng.standard_normal(x.shape)
        self.parameters = {name: lone.bench.parameters[lone.number, name] for name in lone.names}
        self.y = self.forward(x)
        self.again = self.forward(x)  # before any backward, which may change more than it should
        self.c = rng.standard_normal(self.y.shape)
        self.e = rng.standard_normal(self.y.shape)
        self.fresh = self.run(x, self.c)

    def forward(self, x: Array) -> Array:
        """Return a copy of the output for a copy of the input."""
        return np.array(self.lone.forward(x.copy()))

    def run(self, x: Array, cotangent: Array) -> Found:
        """Return the gradients of a forward and a backward on copies of the arguments."""
        return self.lone.gradients(x.copy(), cotangent.copy())

    def like(self, found: Found, expected: Found, factor: float = 1.0) -> str:
        """Return the name of the first gradient that differs by more than rounding, or ""."""
        for name, gradient in expected.items():
            if name not in found or found[name].shape != gradient.shape:
                return name
            scale = float(np.abs(gradient).max(initial=0.0)) * factor
            with np.errstate(all="ignore"):
                same = np.all(np.abs(found[name] - gradient) <= 1e-9 * scale + 1e-12 * np.abs(gradient))
            undefined = np.isnan(gradient)
            if not same and not (undefined.any() and np.array_equal(undefined, np.isnan(found[name]))):
                return name
        return ""

    def is_rounding(self, name: str, found: Array, expected: Array) -> bool:
        """Whether two gradients that should be equal differ by no more than the rounding that noise shows: after a cancellation."""
        if found.shape != expected.shape:
            return False
        bar = rounding_bar(self.fresh[name], [run[name] for run in self.lone.noisy(self.x, self.c, self.rng)])
        return bool(np.all(np.abs(found - expected) <= 10 * (bar + float(bar.mean()))))

    def has_rows(self) -> bool:
        """Whether the rules about rows apply: one row per example, which do not see each other."""
        return len(self.y) == len(self.x) > 1 and not self.lone.training


LayerRule = Callable[[Trial], str | None]
RULES: dict[str, LayerRule] = {}
"""The rules of a layer, in the order in which they are tried."""


def _rule(name: str) -> Callable[[LayerRule], LayerRule]:
    def register(rule: LayerRule) -> LayerRule:
        RULES[name] = rule
        return rule

    return register


@_rule("shapes and dtypes")
def _shapes_and_dtypes(trial: Trial) -> str | None:
    x = trial.x
    y = trial.lone.forward(x.copy())
    if not isinstance(y, np.ndarray) or y.ndim < 1 or len(y) != len(x):
        return f"forward returns {getattr(y, 'shape', type(y).__name__)} for an input of shape {x.shape}: one row per example is due"
    if y.dtype != np.float64:
        return f"forward returns {y.dtype} for an input of float64"
    dx = trial.layer.backward(trial.c.copy())
    if dx is None or np.shape(dx) != x.shape:
        return f"backward returns {'None' if dx is None else np.shape(dx)} for an input of shape {x.shape}"
    if np.asarray(dx).dtype != np.float64:
        return f"backward returns {np.asarray(dx).dtype} for a gradient of float64"
    return None


@_rule("no chance outside of training")
def _no_chance(trial: Trial) -> str | None:
    if trial.lone.training:
        return None
    trial.forward(trial.x)
    if not trial.bench.drawn(trial.layer):
        return None
    return "it draws random numbers outside of training, so that predictions depend on chance: look at the argument training"


@_rule("arguments untouched")
def _arguments_untouched(trial: Trial) -> str | None:
    names = ("its input", "the incoming gradient")
    for what in names:
        given = [locked(a) if name == what else a.copy() for name, a in zip(names, (trial.x, trial.c), strict=True)]
        if broken := writes(what, lambda: trial.lone.gradients(*given)):  # noqa: B023
            return broken
        for name, kept, now in zip(names, (trial.x, trial.c), given, strict=True):
            if not np.array_equal(kept, now, equal_nan=True):
                return f"it writes into {name}"
    return None


@_rule("parameters untouched")
def _parameters_untouched(trial: Trial) -> str | None:
    keys = [(trial.lone.number, name) for name in trial.lone.names]
    before = {key: trial.bench.arrays(key)["real"].copy() for key in keys}
    trial.run(trial.x, trial.c)
    for key, value in before.items():
        if not np.array_equal(value, trial.bench.arrays(key)["real"], equal_nan=True):
            trial.bench.set_value(key, value)
            return f"it changes the value of {key[1]}, which is the optimizer's work"
    return None


@_rule("gradients overwritten")
def _gradients_overwritten(trial: Trial) -> str | None:
    for name in trial.lone.names if np.isfinite(trial.y).all() else ():
        blank = np.isnan(trial.fresh[name])
        if blank.all():
            return f"backward never writes the gradient of {name}, or adds to what was there before"
        if blank.any():
            return f"backward leaves {np.count_nonzero(blank)} of {blank.size} elements of the gradient of {name} unwritten"
    return None


@_rule("does not accumulate")
def _does_not_accumulate(trial: Trial) -> str | None:
    first = trial.run(trial.x, trial.c)
    trial.layer.backward(trial.c.copy())
    second = {name: parameter.grad.copy() for name, parameter in trial.parameters.items()}
    name = trial.like(second, {name: first[name] for name in second})
    if not name:
        return None
    a, b = second[name], first[name]
    ratios = a[b != 0] / b[b != 0] if np.isfinite(a).all() else np.zeros(0)
    times = f"{ratios[0]:.3g} times " if len(ratios) and np.allclose(ratios, ratios[0], rtol=1e-6) else "not "
    return f"the second backward gives {times}the first one's gradient of {name}: gradients accumulate"


@_rule("no stale cache")
def _no_stale_cache(trial: Trial) -> str | None:
    one, two = (np.random.default_rng(seed).standard_normal(trial.forward(trial.other).shape) for seed in (1, 2))
    trial.run(trial.other, one)
    name = trial.like(trial.run(trial.x, trial.c), trial.fresh)
    if not name:
        trial.bench.reset(trial.layer)
        fresh = trial.run(trial.other, two)
        trial.bench.reset(trial.layer)
        trial.run(trial.x, trial.c)
        name = trial.like(trial.run(trial.other, two), fresh)
    return f"the gradient of {name} depends on an earlier batch: something cached is stale" if name else None


@_rule("results are its own")
def _results_are_its_own(trial: Trial) -> str | None:
    y = trial.lone.forward(trial.x.copy())
    dx = trial.layer.backward(trial.c.copy())
    for name, parameter in trial.parameters.items():
        for what, result in (("output", y), ("input gradient", dx)):
            if result is not None and any(np.shares_memory(result, own) for own in (parameter.value, parameter.grad)):
                return f"the {what} shares memory with {name}: who writes into one changes the other"
    return None


@_rule("zero gives zero")
def _zero_gives_zero(trial: Trial) -> str | None:
    for name, gradient in trial.run(trial.x, np.zeros_like(trial.c)).items():
        if np.any(np.nan_to_num(gradient) != 0):
            return f"an incoming gradient of 0 gives a gradient of {name} that is not 0: is dy ignored?"
    return None


@_rule("linear in the incoming gradient")
def _linear_in_cotangent(trial: Trial) -> str | None:
    second, mixed = trial.run(trial.x, trial.e), trial.run(trial.x, 2 * trial.c - 3 * trial.e)
    expected = {name: 2 * trial.fresh[name] - 3 * second[name] for name in trial.fresh if name in second}
    name = trial.like(mixed, expected, 10.0)
    if not name or (name in mixed and trial.is_rounding(name, mixed[name], expected[name])):
        return None
    return f"backward is not linear in the incoming gradient ({name}): does it use the sign or the size of dy?"


@_rule("additive over the batch")
def _additive_over_batch(trial: Trial) -> str | None:
    if not trial.has_rows():
        return None
    one, rest = (trial.run(trial.x[rows], trial.c[rows]) for rows in (slice(None, 1), slice(1, None)))
    sums = {name: one[name] + rest[name] for name in trial.lone.names}
    if "input" in one and "input" in rest and "input" in trial.fresh:
        sums["input"] = np.concatenate([one["input"], rest["input"]])
    name = trial.like(sums, {name: trial.fresh[name] for name in sums}, 10.0)
    if not name or trial.is_rounding(name, sums[name], trial.fresh[name]):
        return None
    what = "those of the first example and of the others beside each other" if name == "input" else "the sum of the first's and the others'"
    return f"the gradient of {name} over the batch is not {what}: a mean, not all of the examples, or a special case for one?"


@_rule("rows independent")
def _rows_independent(trial: Trial) -> str | None:
    if not trial.has_rows():
        return None
    alone = np.concatenate([trial.forward(trial.x[i : i + 1]) for i in range(min(3, len(trial.x)))])
    full = trial.y[: len(alone)]
    if alone.shape == full.shape:
        scale = float(np.abs(full).max(initial=0.0))
        gap = np.abs(alone - full)
        if np.all(gap <= 1e-9 * scale + 1e-300):
            return None
        noisy = trial.forward(noise(trial.x, trial.rng))[: len(alone)]  # after a cancellation?
        scale += 1e9 * SAFETY * EPS / NOISE * float(np.abs(noisy - full).max(initial=0.0))
        if np.all(gap <= 1e-9 * scale + 1e-300):
            return None
    return "the output of an example depends on the other examples of its batch"


@_rule("float32 as float64")
def _single_as_double(trial: Trial) -> str | None:
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


def check_protocol(lone: LayerBench, x: Array, rng: np.random.Generator) -> list[Check]:
    """Try every rule on one layer; return a row for each.

    Raises
    ------
    ArgumentError
        If two forwards differ although all random streams that can be found were rewound: nothing could be checked.
    """

    def kept(rule: LayerRule) -> str | None:
        try:
            return rule(trial)
        except Exception as error:  # it did not for the batch itself: see `Trial`
            return f"it raises {type(error).__name__} while the rule is tried, for a batch of another size perhaps: {error}"

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        trial = Trial(lone, x, rng)
        if not np.array_equal(trial.again, trial.y, equal_nan=True):
            raise ArgumentError(
                f"layer {lone.number}, {lone.layer}: two forwards of the same input differ although its random state was set back, "
                "so its randomness cannot be frozen: draw only from an attribute such as self.rng (a numpy.random.Generator), "
                "and only while training"
            )
        checks = tried(str(lone.layer), {name: partial(kept, rule) for name, rule in RULES.items()})
    for check in checks:
        check.layer, check.training = lone.number, lone.training
    return checks


@dataclass(frozen=True)
class LossTrial:
    """A loss, a prediction and a target, and how to make the loss as fresh as it was found."""

    loss: Loss
    p: Array
    t: Array
    reset: Callable[[], None]

    def run(self, p: Array, t: Array) -> tuple[float, Array]:
        """Return the loss and its gradient."""
        return float(np.sum(self.loss.forward(p, t))), np.array(self.loss.backward())


LossRule = Callable[[LossTrial], str | None]


def _one_number(trial: LossTrial) -> str | None:
    value = trial.loss.forward(trial.p.copy(), trial.t.copy())
    if np.ndim(value) == 0 and np.isrealobj(value):
        return None
    return f"forward returns an array of shape {np.shape(value)}: one number is due"


def _loss_arguments(trial: LossTrial) -> str | None:
    p, t = trial.p, trial.t
    return writes("the prediction", lambda: trial.run(locked(p), t.copy())) or writes("the target", lambda: trial.run(p.copy(), locked(t)))


def _gradient_like(trial: LossTrial) -> str | None:
    p = trial.p
    trial.loss.forward(p.copy(), trial.t.copy())
    found = trial.loss.backward()
    if isinstance(found, np.ndarray) and found.shape == p.shape and found.dtype == p.dtype:
        return None
    return f"backward returns {getattr(found, 'dtype', type(found).__name__)} {np.shape(found)} for a prediction of float64 {p.shape}"


def _repeats(trial: LossTrial) -> str | None:
    p, t = trial.p, trial.t
    first = trial.run(p.copy(), t.copy())
    if not np.array_equal(np.array(trial.loss.backward()), first[1], equal_nan=True):
        return "a second backward gives another gradient: does it accumulate?"
    # Nearby, within the domain of probabilities; and other targets.
    q, s = p * np.linspace(0.9, 1.0, p.size).reshape(p.shape), np.roll(t, 1, axis=0)
    used = trial.run(q.copy(), s.copy())
    again = trial.run(p.copy(), t.copy())
    trial.reset()
    fresh = trial.run(q.copy(), s.copy())
    for seen, due in ((again, first), (used, fresh)):
        if seen[0] != due[0] or not np.array_equal(seen[1], due[1], equal_nan=True):
            return "after another batch the same one gives another loss or gradient: something cached is stale"
    return None


PROTOCOL: dict[str, LossRule] = {
    "one number": _one_number,
    "arguments untouched": _loss_arguments,
    "gradient like the prediction": _gradient_like,
    "no stale cache": _repeats,
}


def check_loss_protocol(trial: LossTrial, rules: dict[str, LossRule] = PROTOCOL) -> list[Check]:
    """Try every rule on a loss; return a row for each."""
    return tried(str(trial.loss), {name: partial(rule, trial) for name, rule in rules.items()})


def check_penalty_protocol(penalty: Penalty, weight: Array, m: int) -> list[Check]:
    """Try every rule on a penalty, for one weight array and a batch of `m` examples; return a row for each."""

    def one_number() -> str | None:
        value = penalty.value(weight.copy(), m)
        return None if np.ndim(value) == 0 else f"value returns an array of shape {np.shape(value)}: one number is due"

    def untouched() -> str | None:
        frozen = locked(weight)
        return writes("the weight", lambda: (penalty.value(frozen, m), penalty.gradient(frozen, m, np.zeros(weight.shape))))

    def overwritten() -> str | None:
        out = np.full(weight.shape, np.nan)
        penalty.gradient(weight.copy(), m, out)
        blank = np.isnan(out)
        if not blank.any():
            return None
        return f"gradient leaves {blank.sum()} of {blank.size} elements of out unwritten, or adds to what was there: write it whole"

    rules: dict[str, Rule] = {"one number": one_number, "weight untouched": untouched, "out overwritten": overwritten}
    return tried(str(penalty), rules)
