"""The gradient under test: when it is called, and its rounding."""

import numpy as np

from minidl import check_gradients
from minidl.gradcheck.constants import NOISY_RUNS
from minidl.gradcheck.functions.analytic_gradient import AnalyticGradient
from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.pytree import ParameterTree


def test_gradients_that_go_back_from_the_last_forward():
    cache = {}

    def cost(p):
        cache["p"] = p.copy()
        return (p**4).sum()

    assert check_gradients(cost, lambda p: 4 * cache["p"] ** 3, np.ones((2, 3))).ok


def test_a_returned_buffer_may_be_used_again():
    buffer = np.empty(3)

    def gradients(p):
        buffer[:] = 2 * p
        return buffer

    report = check_gradients(lambda p: (p**2).sum(), gradients, np.array([1.0, 2.0, 3.0]))
    assert report.ok
    np.testing.assert_array_equal(report.checks[0].analytic, [2, 4, 6])


def gradient_of(gradients, cost=lambda p: (p**2).sum()):
    tree = ParameterTree(np.array([1.0, -2.0, 3.0]))
    return AnalyticGradient(gradients, CostFunction(cost, tree), np.random.default_rng(0))


def test_only_a_function_runs_under_noise():
    assert len(gradient_of(lambda p: 2 * p).noisy) == NOISY_RUNS
    ready_made = gradient_of(np.array([2.0, -4.0, 6.0]))
    assert not ready_made.is_callable
    assert ready_made.noisy == []


def test_the_roughness_is_the_noise_and_not_the_curvature():
    assert gradient_of(lambda p: 2 * p).roughness().max() < 1e-14
    rng = np.random.default_rng(1)
    rough = gradient_of(lambda p: 2 * p + 1e-9 * rng.standard_normal(3)).roughness()
    assert 1e-10 < rough.min() <= rough.max() < 1e-8
