"""The noise of the complex step, from costs that cancel."""

import numpy as np
import pytest

from minidl import check_gradients
from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.numeric_roughness import numeric_roughness
from minidl.gradcheck.functions.pytree import ParameterTree


def cross_entropy(z):
    """Return -log(1 - a), whose derivative is a; 1 - a cancels."""
    a = 1 / (1 + np.exp(-z))
    return -np.log(1 - a).sum()


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


Z = np.array([11.0, 12.5, -0.3])


def test_it_is_the_rounding_of_what_cancels():
    cost = CostFunction(cross_entropy, ParameterTree(Z))
    before = cost.arrays["complex"].copy()
    noise = numeric_roughness(cost, sigmoid(Z), np.ones(3, bool), np.random.default_rng(0))
    expected = 1.1e-16 / (1 - sigmoid(Z))  # an ulp of 1 - a
    assert (noise[:2] > 0.1 * expected[:2]).all()
    assert (noise[:2] < 10 * expected[:2]).all()
    assert noise[2] < 1e-14
    assert np.array_equal(cost.arrays["complex"], before)


def test_elements_that_are_not_measured_get_the_largest_relative_noise():
    z = np.full(20, 12.5)
    cost = CostFunction(cross_entropy, ParameterTree(z))
    doubtful = np.arange(20) < 12
    noise = numeric_roughness(cost, sigmoid(z), doubtful, np.random.default_rng(0))
    assert (noise[:12] > 0).all()
    assert not noise[12:].any()


@pytest.mark.parametrize("scale", [10.0, 12.0, 15.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_right_gradient_of_a_cost_that_cancels_does_not_fail(scale, seed):
    z = scale + np.random.default_rng(seed).standard_normal(8)
    report = check_gradients(cross_entropy, sigmoid, z)
    assert not report.failures, report


def test_a_slight_factor_still_fails():
    z = 2 + np.random.default_rng(0).standard_normal(8)
    assert not check_gradients(cross_entropy, lambda z: sigmoid(z) * (1 + 1e-12), z).ok
    z += 8
    assert not check_gradients(cross_entropy, lambda z: sigmoid(z) * (1 + 1e-8), z).ok


@pytest.mark.parametrize("seed", range(2))
def test_a_large_array_does_not_fail_for_it_either(seed):
    z = 14 + np.random.default_rng(seed).standard_normal(6_000)
    report = check_gradients(cross_entropy, sigmoid, z, seed=seed)
    assert not report.failures, report
    assert not check_gradients(cross_entropy, lambda z: sigmoid(z) * (1 + 1e-8), z, seed=seed).ok
