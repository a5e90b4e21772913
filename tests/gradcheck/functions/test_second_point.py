"""Gradients at other points than the given one."""

import numpy as np
from coarse_functions import bfloat16

from minidl import check_gradients
from minidl.gradcheck.functions.analytic_gradient import AnalyticGradient
from minidl.gradcheck.functions.constants import NEARBY_DISTANCES
from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.pytree import ParameterTree
from minidl.gradcheck.functions.second_point import SecondPoint

X = np.array([0.3, -1.0, 2.0])


def second_point(cost, gradients, parameters=X, *, exact=True):
    rng = np.random.default_rng(0)
    function = CostFunction(cost, ParameterTree(parameters))
    gradient = AnalyticGradient(gradients, function, rng)
    second = SecondPoint(function, gradient, rng, exact=exact)
    before = {name: array.copy() for name, array in function.arrays.items()}
    wrong = second.wrong_arrays(dict.fromkeys(range(len(function.tree.leaves)), 0.0))
    for name, array in function.arrays.items():
        assert np.array_equal(array, before[name])
    return second, wrong


def test_a_gradient_that_follows_is_right():
    for exact in (True, False):
        second, wrong = second_point(lambda p: np.sin(p).sum(), np.cos, exact=exact)
        assert wrong == []
        assert second.nearby.distance == NEARBY_DISTANCES[0]
        assert not second.has_not_moved(0)


def test_a_gradient_that_stays_is_wrong():
    for exact in (True, False):
        second, wrong = second_point(lambda p: np.sin(p).sum(), lambda p: np.cos(X), exact=exact)
        assert wrong == [0]
        assert second.has_not_moved(0)


def test_the_gradient_of_a_linear_cost_stays_rightly():
    second, wrong = second_point(lambda p: p @ X, lambda p: X)
    assert wrong == []
    assert second.has_not_moved(0)


def test_only_the_arrays_that_stay_are_wrong():
    parameters = {"a": X, "b": 1e-5 * X}
    _, wrong = second_point(
        lambda p: 1e9 * np.sin(p["a"]).sum() + (p["b"] ** 2).sum(),
        lambda p: {"a": 1e9 * np.cos(p["a"]), "b": 2e-5 * X},
        parameters,
    )
    assert wrong == [1]


def test_the_point_is_nearer_where_the_domain_ends():
    def cost(p):
        if not 1.8 < p.real.max() < 2.2:
            raise ValueError("outside")
        return (p**3).sum()

    second, wrong = second_point(cost, lambda p: 3 * p**2)
    assert second.nearby.distance < NEARBY_DISTANCES[0]
    assert wrong == []
    assert second_point(cost, lambda p: 3 * X**2)[1] == [0]


def test_there_is_none_where_the_cost_holds_at_one_point_alone():
    def cost(p):
        return (p**3).sum() if np.array_equal(p.real, X) else np.nan

    second, wrong = second_point(cost, lambda p: 3 * X**2)
    assert second.nearby is None
    assert wrong == []
    assert second.unused_arrays([0]) == []
    assert not second.has_not_moved(0)


def test_formulas_for_unit_vectors_symmetric_matrices_and_probabilities_are_right():
    K = np.diag([1.0, 2.0, 5.0])
    u = X / np.linalg.norm(X)
    assert not second_point(
        lambda p: (p @ K @ p) / (p @ p), lambda p: 2 * (K @ p - (p @ K @ p) * p), u
    )[1]
    S, v = np.array([[2.0, 0.3], [0.3, 1.0]]), np.array([1.0, -2.0])
    assert not second_point(
        lambda p: (v @ p) @ (p @ v), lambda p: np.outer(v, p @ v) + np.outer(p @ v, v), S
    )[1]
    p = np.array([0.2, 0.3, 0.5])
    assert not second_point(lambda p: (p / p.sum()) @ X, lambda p: X - (p @ X), p)[1]


def test_a_right_gradient_at_kinks_and_of_a_cost_in_float32_is_right():
    def cost(p):
        return float(np.abs(p.astype(np.float32)).sum())

    assert second_point(cost, np.sign, exact=False)[1] == []
    W = np.random.default_rng(0).standard_normal((3, 40))

    def relu(p):
        z = p @ W
        return np.where(z.real > 0, z, 0).sum()

    assert second_point(relu, lambda p: W @ (p @ W > 0))[1] == []


def test_an_imaginary_part_that_gets_lost_there_is_no_mistake():
    def cost(p):
        moved = not np.array_equal(p.real, X)
        return ((p.real if moved else p) ** 2).sum() + 0j

    assert second_point(cost, lambda p: 2 * p)[1] == []


def test_arrays_that_move_the_cost_nowhere():
    second, _ = second_point(
        lambda p: (p["a"] ** 2).sum() + 0 * p["b"].sum(),
        lambda p: {"a": 2 * p["a"], "b": 0 * p["b"]},
        {"a": X, "b": X},
    )
    assert second.unused_arrays([1]) == [1]
    second, _ = second_point(
        lambda p: (p["a"] ** 2).sum() + (p["b"] ** 2).sum(),
        lambda p: {"a": 2 * p["a"], "b": 2 * p["b"]},
        {"a": X, "b": 0 * X},
    )
    assert second.unused_arrays([1]) == []


def test_ties_of_a_rounded_argument_are_right():
    rng = np.random.default_rng(0)
    x, weights = rng.standard_normal(400), bfloat16(rng.standard_normal(400))

    def cost(p):
        return (p[np.argsort(p.real)] * weights).sum()

    def gradients(p):
        g = np.empty(400)
        g[np.argsort(bfloat16(p), kind="stable")] = weights
        return g

    assert second_point(cost, gradients, x)[1] == []
    assert second_point(cost, lambda p: gradients(x), x)[1] == [0]


def oscillating(p):
    return np.abs(np.sin(1e5 * p) + 2).sum()  # no complex step


def test_a_gradient_of_a_function_that_oscillates_follows_its_argument():
    report = check_gradients(oscillating, lambda p: 1e5 * np.cos(1e5 * p), np.array([0.5, 1.2, -2]))
    assert not report.failures, report
    assert max(check.resolution for check in report.checks) < 1e-7


def test_a_stale_gradient_of_such_a_function_does_not():
    start = np.array([0.5, 1.2, -2])
    report = check_gradients(oscillating, lambda p: 1e5 * np.cos(1e5 * start), start)
    assert [check.parameter for check in report.failures] == ["follows its argument"], report


def test_a_cost_that_oscillates_over_every_step_of_a_difference_is_right_by_the_complex_step():
    for seed in range(20):
        x = 3e5 * np.random.default_rng(seed).standard_normal(30)
        assert second_point(lambda p: np.sin(p).sum(), np.cos, x)[1] == []


def test_half_precision_may_round_nearby_what_is_anything_at_a_kink():
    def cost(p):
        return np.abs(1.371 * p).sum()

    def gradient(p):
        return bfloat16(1.371 * np.where(p > 0, 1, -1))

    _, wrong = second_point(cost, gradient, np.zeros(1))
    assert wrong == []
    _, wrong = second_point(cost, lambda p: 1.5 * gradient(p), np.zeros(1))
    assert wrong == [0]
