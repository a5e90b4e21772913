"""All built-in optimizers: minima, state, and names on the command line and in the estimators."""

import tracemalloc

import numpy as np
import pytest
from optimizer_paths import GRADS, KINDS, SCHEDULE, each, walk

from minidl import (
    Adam,
    AdamW,
    ArgumentError,
    GradientDescent,
    Momentum,
    Nesterov,
    Optimizer,
    RMSProp,
    optimizers,
)
from minidl.cli import defaults
from minidl.testing import check_optimizer
from minidl.utils.parts import exported_parts


def parabola(t):
    return 2 * np.array([1, 10]) * (t - [3, -1])


def rosenbrock(t):
    x, y = t
    return np.array([-2 * (1 - x) - 40 * x * (y - x * x), 20 * (y - x * x)])


TABLE = [
    (GradientDescent, parabola, [3, -1], 0.05, 400),
    (Momentum, parabola, [3, -1], 0.05, 600),
    (Nesterov, parabola, [3, -1], 0.05, 600),
    (Adam, parabola, [3, -1], 0.05, 1500),
    (GradientDescent, rosenbrock, [1, 1], 0.005, 6000),
    (Momentum, rosenbrock, [1, 1], 0.005, 6000),
    (Nesterov, rosenbrock, [1, 1], 0.005, 6000),
    (Adam, rosenbrock, [1, 1], 0.01, 4000),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("kind", "slope", "minimum", "rate", "steps"), TABLE, ids=lambda v: getattr(v, "__name__", None)
)
def test_each_optimizer_reaches_the_minimum(kind, slope, minimum, rate, steps, dtype):
    optimizer, theta = kind(rate), np.array([-1.2, 1], dtype)
    for _ in range(steps):
        optimizer.step(theta, slope(theta).astype(dtype))
    assert theta.dtype == dtype
    np.testing.assert_allclose(theta, minimum, atol=1e-3 if dtype == np.float32 else 1e-4)


@each
def test_it_passes_the_check_for_optimizers(kind):
    report = check_optimizer(lambda: kind(0.01))
    assert report.ok, report


def test_each_optimizer_lists_its_running_sums_in_state_names():
    v, s = np.zeros(4), np.zeros(4)
    momentum, ahead, square, both = (
        Momentum(0.1, 0.8),
        Nesterov(0.1, 0.8),
        RMSProp(0.1, 0.7),
        Adam(0.1, 0.8, 0.7),
    )
    for optimizer in (momentum, ahead, square, both):
        walk(optimizer)
    for g in GRADS:
        v, s = 0.8 * v + 0.2 * g, 0.7 * s + 0.3 * g**2
    np.testing.assert_allclose(momentum.velocity, v / 0.2, rtol=1e-11)
    np.testing.assert_allclose(ahead.lookahead_velocity, 0.8 * v / 0.2, rtol=1e-11)
    np.testing.assert_allclose(square.mean_square, s / 0.3, rtol=1e-11)
    np.testing.assert_allclose(
        (both.first_moment, both.second_moment), (v / 0.2, s / 0.3), rtol=1e-11
    )


@pytest.mark.parametrize(
    ("kind", "name"),
    [(Momentum, "beta"), (Nesterov, "beta"), (RMSProp, "beta"), (Adam, "beta1"), (AdamW, "beta2")],
)
@pytest.mark.parametrize("value", [-0.1, 1, 1.5, np.nan, None])
def test_factors_must_be_in_0_to_1(kind, name, value):
    with pytest.raises(
        ArgumentError, match=rf"{name} must be in \[0, 1\), got {value} in {kind.__name__}"
    ):
        kind(0.1, **{name: value})


@pytest.mark.parametrize("kind", [Adam, AdamW, RMSProp])
@pytest.mark.parametrize("epsilon", [0, -1e-8, np.nan, np.inf, "small"])
def test_epsilon_must_be_positive(kind, epsilon):
    with pytest.raises(
        ArgumentError, match=f"epsilon must be finite and > 0, got {epsilon!r} in {kind.__name__}"
    ):
        kind(epsilon=epsilon)


@pytest.mark.parametrize(
    "optimizer",
    [kind(SCHEDULE, clip_norm=1e-3) for kind in KINDS],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_steps_after_the_first_allocate_no_arrays(optimizer):
    optimizer.fast = False
    theta, grad = np.ones(30_000, np.float32), np.ones(30_000, np.float32)  # 120 kB each
    optimizer.step(theta, grad)
    tracemalloc.start()
    for _ in range(3):
        optimizer.step(theta, grad)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000


BUILT_IN = exported_parts(optimizers, Optimizer)


@pytest.mark.parametrize("kind", BUILT_IN)
def test_it_declares_its_name_on_the_command_line(kind):
    assert vars(kind).get("option_name"), (
        f'give {kind.__name__} a class attribute option_name = "...": its name after --optimizer '
        "(and in the estimators, with underscores)"
    )


@pytest.mark.parametrize("kind", BUILT_IN)
def test_it_declares_whether_it_is_adaptive(kind):
    declared = any("is_adaptive" in vars(base) for base in kind.__mro__ if base is not Optimizer)
    assert declared, (
        f"give {kind.__name__} a class attribute is_adaptive: True if the size of a step hardly "
        "depends on the scale of the gradient, which needs a smaller default learning rate"
    )


def test_the_names_differ():
    names = [kind.option_name for kind in BUILT_IN]
    assert len(set(names)) == len(names)


def test_the_command_line_offers_all_of_them():
    assert set(defaults.OPTIMIZERS.values()) == set(BUILT_IN)
    assert {name for name, kind in defaults.OPTIMIZERS.items() if kind.is_adaptive} == {
        "adam",
        "adamw",
        "rmsprop",
    }


def test_the_estimators_offer_all_of_them():
    estimators = pytest.importorskip("minidl.sklearn.options")
    assert {*estimators.OPTIMIZERS.values()} >= {*BUILT_IN} - {Adam}
    assert issubclass(estimators.OPTIMIZERS["adam"], Adam)
    assert estimators.OPTIMIZERS["gd"] is optimizers.GradientDescent
