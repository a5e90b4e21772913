import numpy as np
import pytest
from coarse_functions import bfloat16, both_sides, relu_layer, tanh_layer

from minidl.gradcheck.functions.precision.measure import measure_precision


def measured(cost, gradient, x, seed=0):
    return measure_precision(*both_sides(cost, gradient, x), np.random.default_rng(seed))


@pytest.mark.parametrize("make", [tanh_layer, relu_layer])
@pytest.mark.parametrize("seed", range(4))
def test_float64_is_exact_and_float32_is_not(make, seed):
    assert measured(*make(seed, np.float64), seed).is_exact
    precision = measured(*make(seed, np.float32), seed)
    assert not precision.cost_is_exact
    assert not precision.is_half


def test_rounded_values_of_an_exact_cost():
    cost, gradient, x = tanh_layer(0, np.float64)
    precision = measured(cost, lambda p: bfloat16(gradient(p)), x)
    assert precision.cost_is_exact
    assert precision.gradient_is_rounded
    assert precision.is_half


def test_what_is_random_is_not_rounded():
    cost, gradient, x = tanh_layer(0, np.float64)
    rng = np.random.default_rng(0)
    assert not measured(cost, lambda p: gradient(p) * rng.random(p.shape), x).gradient_is_rounded


def test_a_cost_that_ignores_its_argument_is_exact():
    assert measured(lambda p: 2.0, lambda p: 2 * p, np.ones(3)).cost_is_exact


def test_it_draws_nothing_from_the_generator_of_the_check():
    rng = np.random.default_rng(0)
    state = rng.bit_generator.state
    cost, gradient = both_sides(*tanh_layer())
    measure_precision(cost, gradient, rng.spawn(1)[0])
    assert rng.bit_generator.state == state


def test_a_cost_whose_terms_cancel_is_told_from_one_in_float32():
    x = np.linspace(1.0, 2.0, 7)

    def cancelling(p):
        return np.sum(np.cos(1e-4 * p) - 1) + np.sum(1e-9 * p)  # terms of 1, a sum of 1e-7

    def derivative(p):
        return -1e-4 * np.sin(1e-4 * p) + 1e-9

    precision = measured(cancelling, derivative, x)
    assert precision.cost.deviation > 2**-30 * abs(precision.base)
    assert precision.cost_cancels
    assert precision.is_double
    cost, gradient, x = tanh_layer(0, np.float32)
    assert not measured(cost, gradient, x).cost_cancels
    assert not measured(cost, gradient, x).is_double
