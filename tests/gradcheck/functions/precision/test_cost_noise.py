import numpy as np
import pytest
from coarse_functions import bfloat16, tanh_layer

from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.precision.cost_noise import is_smooth, measure_cost_noise
from minidl.gradcheck.functions.pytree import ParameterTree

X = np.random.default_rng(3).standard_normal(30)


def measured(cost, gradient, x=X, seed=0):
    function = CostFunction(cost, ParameterTree(x))
    rng = np.random.default_rng(seed)
    return is_smooth(function, gradient, rng), measure_cost_noise(function, gradient, rng)


@pytest.mark.parametrize(
    "cost",
    [
        lambda p: np.tanh(p).sum(),
        lambda p: np.maximum(p - X, 0).sum(),  # on kinks
        lambda p: np.abs(p).sum() + 1e4,
    ],
)
def test_functions_in_float64_are_smooth(cost):
    assert measured(cost, np.ones(30))[0]


@pytest.mark.parametrize("seed", range(5))
def test_functions_in_float32_are_not(seed):
    cost, gradient, x = tanh_layer(seed)
    smooth, noise = measured(cost, gradient(x).ravel(), x, seed)
    assert not smooth
    assert noise.bits == 24
    assert 1e-8 < noise.deviation < 1e-5


def test_steps_of_a_coarse_result_are_its_noise():
    smooth, noise = measured(lambda p: float(np.float32(1e4 + np.tanh(p).sum())), np.ones(30))
    assert not smooth
    assert noise.deviation == pytest.approx(2.0**-10 / 12**0.5, rel=0.5)


def test_chance_counts():
    rng = np.random.default_rng(0)
    noise = measured(lambda p: float(p.sum() * (1 + 1e-13 * rng.standard_normal())), np.ones(30))[1]
    assert noise.deviation > 1e-14


def test_half_precision_needs_wider_spacings():
    noise = measured(lambda p: float(bfloat16(np.tanh(bfloat16(p)).sum())), np.ones(30))[1]
    assert noise.bits == 8
    assert noise.spacing > 2.0**-18


def test_a_cost_that_never_changes_is_constant():
    assert measured(lambda p: 3.7, np.ones(30))[1].is_constant


@pytest.mark.parametrize("digits", [np.float32, np.float16])
def test_a_gradient_of_zeros_does_not_make_a_coarse_cost_exact(digits):
    assert not measured(lambda p: float(digits(np.tanh(p).sum())), np.zeros(30))[0]


def test_a_cost_that_does_not_change_at_all_is_exact_with_a_gradient_of_zeros():
    assert measured(lambda p: 3.7, np.zeros(30))[0]
