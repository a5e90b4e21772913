"""Slight parts of a derivative that the complex step loses and the gradient forgets, too."""

import numpy as np
import pytest

from minidl import check_gradients
from minidl.errors import ArgumentError
from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.pytree import ParameterTree
from minidl.gradcheck.functions.slight_loss import loses_slightly
from minidl.gradcheck.result import Check

RNG = np.random.default_rng(0)


def loses(cost, gradient, p, verdict="pass"):
    checks = [Check(None, "total", name, verdict=verdict) for name in p]
    vector = np.concatenate([np.ravel(gradient[name]) for name in p])
    function = CostFunction(cost, ParameterTree(p))
    return loses_slightly(function, vector, checks, np.random.default_rng(1))


@pytest.mark.parametrize("penalty", [1e-4, 1e-6, 1e-8])
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e4])
@pytest.mark.parametrize("count", [3, 40])
def test_a_forgotten_penalty_of_absolute_values_fails(penalty, size, count):
    x = RNG.standard_normal(count) * size

    def cost(p):
        y = p / size
        return (y**2).sum() + penalty * np.abs(y).sum()

    def gradient(p):
        return (2 * p / size + penalty * np.sign(p)) / size

    right = check_gradients(cost, gradient, x)
    assert right.ok, right
    assert check_gradients(cost, lambda p: 2 * p / size**2, x).failures


def test_a_penalty_of_a_tiny_array_beside_a_usual_one():
    parameters = {"a": np.array([0.77, 1.0, 1.42]), "b": np.array([1.9e-6, 5.1e-6, 2.4e-6])}

    def cost(p):
        return (p["a"] ** 2).sum() + (3e5 * p["b"]).sum() + np.sqrt(np.abs(p["b"]) @ p["a"] + 9)

    def gradients(p, forgets=False):
        root = np.sqrt(np.abs(p["b"]) @ p["a"] + 9)
        own = 0 if forgets else np.sign(p["b"]) * p["a"] / (2 * root)
        return {"a": 2 * p["a"] + np.abs(p["b"]) / (2 * root), "b": 3e5 + own}

    assert check_gradients(cost, gradients, parameters).ok
    report = check_gradients(cost, lambda p: gradients(p, forgets=True), parameters)
    assert [check.parameter for check in report.failures] == ["b"]


def test_arrays_are_asked_alone_where_others_make_the_cost_large():
    p = {"a": np.array([0.7, -1.2]), "b": np.array([1.5, 2.5, -0.8])}
    gradient = {"a": 2e11 * p["a"], "b": 3e-2 * p["b"] ** 2}

    def cost(p):
        b = p["b"]
        return 1e11 * (p["a"] ** 2).sum() + 1e-2 * (b**3).sum() + 1e-5 * np.abs(b).sum()

    assert loses(cost, gradient, p)
    assert not loses(cost, gradient, p, verdict="fail")  # that is said already
    assert not loses(lambda p: 1e11 * (p["a"] ** 2).sum() + 1e-2 * (p["b"] ** 3).sum(), gradient, p)


@pytest.mark.parametrize("frequency", [1.0, 1e3, 1e6, 1e7, 1e9])
def test_a_cost_that_turns_within_the_steps_loses_nothing(frequency):
    x = RNG.standard_normal(30)
    gradient = {"x": np.cos(frequency * x)}
    assert not loses(lambda p: np.sin(frequency * p["x"]).sum() / frequency, gradient, {"x": x})


@pytest.mark.parametrize("seed", range(20))
def test_kinks_poles_zeros_and_rounding_are_no_loss(seed):
    rng = np.random.default_rng(seed)
    w, x = rng.standard_normal((40, 50)), rng.standard_normal(40) * 10 ** rng.uniform(-6, 4)
    z = x @ w
    relu = {"x": w @ (z > 0)}
    assert not loses(lambda p: np.where((v := p["x"] @ w).real > 0, v, 0).sum(), relu, {"x": x})
    assert not loses(lambda p: (1 / p["x"]).sum(), {"x": -1 / x**2}, {"x": x})
    assert not loses(lambda p: (p["x"] ** 3).sum(), {"x": 0 * x}, {"x": 0 * x})
    large = {"x": np.ones(40)}
    assert not loses(lambda p: (p["x"] + 1e6).sum() - 40e6 + 1, large, {"x": x / np.abs(x).max()})


def test_the_complex_step_is_refused_where_it_loses_a_part():
    x = np.array([1.0, 3.0])
    with pytest.raises(ArgumentError, match="a slight part of its derivative got lost"):
        check_gradients(
            lambda p: (p**2).sum() + 1e-7 * np.abs(p).sum(), lambda p: 2 * p, x, method="complex"
        )


def test_what_many_kinks_hide_is_asked_of_the_operations():
    rng = np.random.default_rng(25)
    x, centers = rng.standard_normal(60), rng.standard_normal((60, 100))

    def cost(p, weight=1e-6):
        gaps = p["x"][:, None] - centers
        return np.where(gaps.real > 0, gaps, -gaps).sum() + weight * np.abs(p["x"]).sum()

    forgets = {"x": np.sign(x[:, None] - centers).sum(axis=1)}
    assert loses(cost, forgets, {"x": x})
    assert not loses(lambda p: cost(p, 0.0), forgets, {"x": x})
