import numpy as np
import pytest

from minidl import check_gradients
from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.lost_derivative import lost_derivative
from minidl.gradcheck.functions.pytree import ParameterTree
from minidl.gradcheck.result import Check

X = np.array([1.0, 3.0])
RIGHT, LOST = 2 * X, np.array([2.0, 0.0])


def lossy(p):
    return p["p"][0] ** 2 + np.abs(p["p"][1]) ** 2


def reason(gradient, cost=lossy, verdict="fail", **worst):
    checks = [Check(None, "total", "p", 0.5, verdict, worst=worst)]
    function = CostFunction(cost, ParameterTree({"p": X}))
    return lost_derivative(function, gradient, checks, np.random.default_rng(0))


@pytest.mark.parametrize("worst", [{"index": [1]}, {}])
def test_where_a_difference_agrees_with_the_gradient_the_complex_step_lost_it(worst):
    assert reason(RIGHT, **worst) == "its derivative for p got lost"
    assert reason(np.array([2.0, 5.0]), **worst) == ""  # neither of them agrees
    assert reason(RIGHT, lambda p: (p["p"] ** 2).sum(), **worst) == ""
    assert reason(RIGHT, verdict="pass", **worst) == ""


@pytest.mark.parametrize("size", [6, 12_000])
def test_a_lost_part_may_be_slight_and_the_cost_large(size):
    x = np.random.default_rng(0).uniform(1, 2, size)

    def cost(p):
        return (p**2).sum() + 1e-8 * np.abs(p).sum() + 1e3

    assert check_gradients(cost, lambda p: 2 * p + 1e-8 * np.sign(p), x).failures == []
    assert check_gradients(cost, lambda p: 2 * p + 2e-8 * np.sign(p), x).failures


def test_an_array_of_which_only_a_part_was_computed_is_asked_at_its_worst_element():
    bars = {"analytic": np.ones(1), "numeric": np.zeros(1), "bar": np.zeros(1)}
    for arrays in ({}, bars):
        check = Check(None, "total", "p", 0.5, "fail", worst={"index": [1]}, kinks=1, **arrays)
        function = CostFunction(lossy, ParameterTree({"p": X}))
        assert lost_derivative(function, RIGHT, [check], np.random.default_rng(0))
        assert not lost_derivative(function, LOST, [check], np.random.default_rng(0))


def test_where_the_worst_element_sits_on_a_kink_others_are_asked():
    def cost(p):
        first, second = p["p"]
        return np.where(first.real > 0, 2 * first, first) + np.abs(second) ** 2

    right, lost = np.array([9.0, 6.0]), np.array([2.0, 0.0])
    arrays = {"analytic": right, "numeric": lost, "bar": np.zeros(2)}
    check = Check(None, "total", "p", 0.5, "fail", worst={"index": [0]}, kinks=1, **arrays)
    function = CostFunction(cost, ParameterTree({"p": np.array([0.0, 3.0])}))
    assert lost_derivative(function, right, [check], np.random.default_rng(0))


def test_a_cost_of_1e11_does_not_hide_what_is_lost_beside_other_arrays():
    def cost(p):
        return 1e11 * (p["a"] ** 2).sum() + 1e4 * (p["b"] ** 3).sum() + np.abs(p["b"]).sum()

    def gradients(p):
        return {"a": 2e11 * p["a"], "b": 3e4 * p["b"] ** 2 + np.sign(p["b"])}

    parameters = {"a": np.array([0.7, -1.2]), "b": np.array([1.5, 2.5, -0.8])}
    report = check_gradients(cost, gradients, parameters)
    assert report.failures == []
    assert any("not complex-safe (its derivative for b got lost)" in note for note in report.notes)


def test_a_part_of_1e_12_is_lost_if_it_is_where_all_numbers_are_of_the_size_of_1():
    x = np.array([5e3, -6e3, 6e3])

    def cost(p):
        return (3 * p + np.abs(0.5 / (1 + p**2))).sum()

    def gradient(p):
        return 3 - p / (1 + p**2) ** 2

    assert check_gradients(cost, gradient, x).failures == []


def sum_of_kinks(seed, weight):
    """Return a cost with 6,000 kinks and a slight penalty of absolute values, and its gradient."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(60)
    centers = rng.standard_normal((60, 100))

    def cost(p):
        gaps = p[:, None] - centers
        return 30 * np.where(gaps.real > 0, gaps, -gaps).sum() + weight * np.abs(p).sum()

    def gradient(p):
        return 30 * np.sign(p[:, None] - centers).sum(axis=1) + weight * np.sign(p)

    return cost, gradient, x


@pytest.mark.parametrize("seed", range(3))
def test_what_differences_cannot_tell_from_the_complex_step_is_asked_of_the_operations(seed):
    cost, gradient, x = sum_of_kinks(seed, 1e-7)
    assert not check_gradients(cost, gradient, x).failures
    # Of a cost that loses nothing, the same slight error is one.
    smooth, slopes, x = sum_of_kinks(seed, 0.0)
    report = check_gradients(smooth, lambda p: slopes(p) + 1e-7 * np.sign(p), x)
    assert report.failures
    assert report.method == "complex step"


def test_a_cost_that_cannot_be_recorded_leaves_a_slight_error_to_differences():
    cost, gradient, x = sum_of_kinks(0, 1e-7)

    def opaque(p):
        return cost(np.array(memoryview(p)) if p.dtype == float else p)

    report = check_gradients(opaque, gradient, x)
    assert not report.failures
    assert any("may get lost" in note for note in report.notes)
