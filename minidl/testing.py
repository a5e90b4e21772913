"""The conformance kit, for layers, losses, penalties and optimizers of one's own."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import ArgumentError, NonFiniteError, ShapeError
from .gradcheck import Check, GradientChecker, Report, check_gradients
from .gradcheck.check_model import merge_checks, random_nearby_parameters
from .gradcheck.context import harness_by_mode
from .gradcheck.contract.layer_rules import check_layer_rules
from .gradcheck.contract.loss_rules import LOSS_RULES, LossRun, check_loss_rules
from .gradcheck.contract.penalty_rules import check_penalty_rules
from .gradcheck.contract.rule import Rule, run_rules
from .gradcheck.contract.writes import detect_write, read_only
from .gradcheck.diagnosis.explain import explain_layer
from .gradcheck.layer_harness import LayerHarness, synthetic_input
from .gradcheck.sandbox import ModelSandbox
from .gradcheck.stages.layers import check_layer as check_layer_gradients
from .layers.base import Layer
from .losses.base import Loss
from .model.sequential import Sequential
from .optimizers.base import Optimizer
from .penalties import Penalty
from .utils.typing import Array
from .utils.validation import check_array

__all__ = ["assert_gradients", "check_layer", "check_loss", "check_optimizer", "check_penalty"]

_FLOAT64 = np.dtype(np.float64)


def assert_gradients(model: Sequential, X: npt.ArrayLike, Y: npt.ArrayLike) -> Report:
    """Check the `model` on a few examples `X`, `Y`; raise `GradientError`, an AssertionError, where a gradient is wrong.

    Examples
    --------
    >>> from minidl import Linear, MeanSquaredError, Sequential
    >>> assert_gradients(Sequential([Linear(2, 1)], loss=MeanSquaredError()), [[1, 2], [3, 5]], [1, 2]).ok
    True
    """
    return GradientChecker(model).check(X, Y).raise_if_failed()


def check_layer(layer: Layer, X: npt.ArrayLike, *, seed: int = 0) -> Report:
    """Check the protocol and every derivative of a `layer`, stochastic ones on and off, at `X` (m, ...) and at a synthetic input.

    The layer comes back as it was. `seed` is that of the cotangents and the synthetic input.

    Examples
    --------
    >>> from minidl import Dropout
    >>> check_layer(Dropout(0.8), [[0.5, -1.0], [2.0, 0.0]]).ok
    True
    """
    _must_be(Layer, layer)
    x = check_array(X, "X", _FLOAT64)
    rng = np.random.default_rng(seed)
    with ModelSandbox([layer]) as bench, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        y = LayerHarness(bench, 0).forward(x)
        if isinstance(y, np.ndarray) and not np.isfinite(y).all():
            raise NonFiniteError(
                f"the output of {layer} must be finite to be checked: give an X inside of its domain"
            )
        checks = _both_modes(bench, x, rng, protocol=True)
        with bench.perturbed(random_nearby_parameters(bench, rng)):
            other = synthetic_input(x, rng)
            if np.isfinite(
                LayerHarness(bench, 0).forward(other)
            ).all():  # inside of the layer's domain
                checks = merge_checks(checks, _both_modes(bench, other, rng, protocol=False))
    return Report.from_checks(checks, title=f"{layer} alone, {len(x)} examples")


def _both_modes(
    bench: ModelSandbox, x: Array, rng: np.random.Generator, *, protocol: bool
) -> list[Check]:
    """Check outside of training, and while training where that differs."""
    checks: list[Check] = []
    for harness in harness_by_mode(bench, 0, x):
        if protocol:
            checks += check_layer_rules(harness, x, rng)
        result = check_layer_gradients(harness, x, rng, limit=5000)
        for check in result.checks:
            if check.verdict == "fail" and not check.diagnosis:
                explain_layer(check, result, result.harness)
        checks += result.checks
        bench.reset(harness.layer)
    return checks


def check_loss(loss: Loss, prediction: npt.ArrayLike, target: npt.ArrayLike) -> Report:
    """Check a `loss`: its gradient with respect to `prediction` (m, k), and the rules of `Loss`; `target` is as for `fit`.

    Examples
    --------
    >>> from minidl import MeanSquaredError
    >>> check_loss(MeanSquaredError(), [[0.5], [2.0]], [[1.0], [0.0]]).ok
    True
    """
    _must_be(Loss, loss)
    p = check_array(prediction, "prediction", _FLOAT64)
    if p.ndim != 2:
        raise ShapeError(f"prediction must have shape (m, k), one row per example, got {p.shape}")
    with ModelSandbox([], others=(loss,)) as bench:
        t = loss.prepare_targets(target, p.shape[1], _FLOAT64)
        if len(t) != len(p):
            raise ShapeError(
                f"prediction and target must have as many rows, got {len(p)} and {len(t)}"
            )
        trial = LossRun(loss, p, t, lambda: bench.reset(loss))
        checks = check_loss_rules(trial, _LOSS_RULES)
        derived: list[Check] = []
        broken = {
            rule.id
            for rule, check in zip(_LOSS_RULES, checks, strict=True)
            if check.verdict == "fail"
        }
        if not broken & {"scalar_value", "gradient_like_prediction"}:
            derived = check_gradients(
                lambda p: loss.forward(p, t), lambda p: trial.value_and_gradient(p, t)[1], p
            ).checks
        for check in derived:
            check.term, check.parameter, check.component = "data", "prediction", str(loss)
    return Report.from_checks([*checks, *derived], title=f"{loss} alone, {len(p)} examples")


def _loss_mean(trial: LossRun) -> str | None:
    loss, p, t = trial.loss, trial.prediction, trial.target
    once = np.sum(loss.forward(p.copy(), t.copy()))
    twice = np.sum(loss.forward(np.concatenate([p, p]), np.concatenate([t, t])))
    if abs(twice - once) <= 1e-9 * abs(once):
        return None
    return f"a batch given twice over has {twice / once:.4g} times its loss: a mean over the examples is due, which stays the same"


def _loss_refuses(trial: LossRun) -> str | None:
    loss, p, t = trial.loss, trial.prediction, trial.target
    for other in (t[:1] if len(t) > 1 else np.concatenate([t, t]), t[:, 0]):
        try:
            loss.forward(p.copy(), other.copy())
        except Exception:  # any refusal will do
            continue
        return f"targets of shape {other.shape} are taken for predictions of shape {p.shape}: compare the shapes, numpy would broadcast"
    return None


_LOSS_RULES: tuple[Rule[LossRun], ...] = (
    *LOSS_RULES,
    Rule("mean_over_examples", "a mean over the examples", _loss_mean),
    Rule("other_shapes_refused", "other shapes refused", _loss_refuses),
)


def check_penalty(penalty: Penalty, weight: npt.ArrayLike, m: int = 5) -> Report:
    """Check a `penalty` for batches of `m` examples: its gradient at `weight` and at a point nearby, and the rules of `Penalty`.

    Examples
    --------
    >>> from minidl import L1
    >>> check_penalty(L1(0.1), [[1.0, 0.0]]).ok
    True
    """
    _must_be(Penalty, penalty)
    w = check_array(weight, "weight", _FLOAT64)

    def gradient(w: Array) -> Array:
        out = np.full(w.shape, np.nan)
        penalty.gradient(w, m, out)
        return out

    checks = check_penalty_rules(penalty, w, m)
    if all(check.verdict == "pass" for check in checks):
        size = float(np.sqrt(np.mean(w * w))) or 1.0
        nearby = w + 0.3 * size * np.random.default_rng(0).standard_normal(w.shape)
        for name, at in (("weight", w), ("weight (a point nearby)", nearby)):
            for check in check_gradients(lambda w: penalty.value(w, m), gradient, at).checks:
                check.term, check.parameter, check.component = str(penalty), name, str(penalty)
                checks.append(check)
    return Report.from_checks(checks, title=f"{penalty} alone, m = {m}")


_Make = Callable[[], Optimizer]


def check_optimizer(make: _Make, *, steps: int = 20_000) -> Report:
    """Check an optimizer: the rules of `Optimizer`, and that it gets down a parabola and a curved valley in at most `steps` steps.

    `make` returns a new optimizer at each call, with a learning rate that suits slopes of about 1: 0.01 to 0.1 for most.

    Examples
    --------
    >>> from minidl import Adam
    >>> check_optimizer(lambda: Adam(0.01)).ok
    True
    """
    first, cure = make(), "pass a callable such as lambda: Adam(0.01)"
    if not isinstance(first, Optimizer):
        raise ArgumentError(f"make must return an Optimizer, got {first!r}: {cure}")
    if first is make():
        raise ArgumentError(
            f"make must return a new optimizer at each call, got the same twice: {cure}"
        )
    parabola, valley = "the minimum of a parabola", "the bend of Rosenbrock's valley"
    rules: list[Rule[_Make]] = [
        *_OPTIMIZER_RULES,
        Rule(
            "finds_minimum",
            "finds the minimum of a parabola",
            lambda make: _descends(make, steps, parabola, _start(), 0.01, _parabola),
        ),
        Rule(
            "descends_valley",
            "gets down Rosenbrock's valley",
            lambda make: _descends(make, steps, valley, np.array([-1.2, 1.0]), 0.3, _rosenbrock),
        ),
    ]
    return Report.from_checks(run_rules(rules, make, str(first)), title=f"{first} alone")


def _start(dtype: npt.DTypeLike = np.float64) -> Array:
    return np.array([1.0, -2.0, 0.5, 3.0], dtype)


def _slope(theta: Array) -> Array:
    slope: Array = theta * np.array([1.0, 0.3, 0.1, 0.5], theta.dtype)
    return slope


def _parabola(theta: Array) -> tuple[float, Array]:
    return float(np.abs(theta).max()), _slope(theta)


def _rosenbrock(theta: Array) -> tuple[float, Array]:
    """Return height and slope, scaled to about 1, of (1 - x)**2 + 10 (y - x**2)**2, a milder wall than Rosenbrock's."""
    x, y = theta
    slope = np.array([-2 * (1 - x) - 40 * x * (y - x * x), 20 * (y - x * x)]) / 100
    return (1 - x) ** 2 + 10 * (y - x * x) ** 2, slope


def _walk(
    optimizer: Optimizer, theta: Array, slope: Callable[[Array], Array] = _slope, steps: int = 5
) -> Array:
    for _ in range(steps):
        optimizer.step(theta, slope(theta))
    return theta


def _in_place(make: _Make) -> str | None:
    theta = _walk(make(), _start(), steps=1)
    if np.array_equal(theta, _start()):
        return "a step leaves theta as it is: it must be moved in place, e.g. theta -= ..."
    return None if np.isfinite(theta).all() else f"a step leads to {theta}"


def _gradient_untouched(make: _Make) -> str | None:
    return detect_write(
        "the gradient", lambda: _walk(make(), _start(), lambda theta: read_only(_slope(theta)))
    )


def _repeatable(make: _Make) -> str | None:
    same = np.array_equal(_walk(make(), _start()), _walk(make(), _start()))
    return None if same else "two new optimizers lead to different places from the same start"


def _starts_anew(make: _Make) -> str | None:
    used = make()
    _walk(used, 7 * _start()[:3], lambda theta: theta)
    same = np.array_equal(_walk(used, _start()), _walk(make(), _start()))
    return (
        None
        if same
        else "after serving another vector it leads to another place than a new one: start must make all of the state"
    )


def _dtypes(make: _Make) -> str | None:
    double, single = _walk(make(), _start()), _walk(make(), _start(np.float32))
    if np.allclose(single, double, rtol=1e-4, atol=1e-4):
        return None
    return f"in float32 it leads to {single}, in float64 to {double}, from the same start"


def _descends(
    make: _Make,
    steps: int,
    goal: str,
    theta: Array,
    close: float,
    landscape: Callable[[Array], tuple[float, Array]],
) -> str | None:
    optimizer = make()
    for _ in range(steps):
        far, slope = landscape(theta)
        if far < close:
            return None
        if not far < 1e6:
            return f"it runs away from {goal}, to {theta}: a wrong sign, or too large a learning rate in {optimizer}?"
        optimizer.step(theta, slope)
    return f"{steps:,} steps do not reach {goal}, but {theta}: too small a learning rate in {optimizer}?"


_OPTIMIZER_RULES: tuple[Rule[_Make], ...] = (
    Rule("in_place", "moves theta in place", _in_place),
    Rule("gradient_untouched", "gradient untouched", _gradient_untouched),
    Rule("repeatable", "repeatable", _repeatable),
    Rule("starts_anew", "starts anew for another vector", _starts_anew),
    Rule("float32_as_float64", "float32 as float64", _dtypes),
)


def _must_be(kind: type, given: Any) -> None:
    if not isinstance(given, kind):
        name = kind.__name__
        raise ArgumentError(
            f"{name.lower()} must be a {name}, got {given!r}: derive it from minidl.{name}"
        )
