import numpy as np
import pytest
from coarse_functions import bfloat16, relu_layer, tanh_layer

from minidl import check_gradients


@pytest.mark.parametrize("make", [tanh_layer, relu_layer])
@pytest.mark.parametrize("seed", range(5))
def test_right_arrays_do_not_fail_and_wrong_ones_are_not_ok(make, seed):
    cost, gradient, x = make(seed)
    report = check_gradients(cost, gradient(x), x, seed=seed)
    assert not report.failures
    assert report.checks[0].resolution < 0.3
    assert check_gradients(cost, 1.5 * gradient(x), x, seed=seed).failures
    assert not check_gradients(cost, 1.05 * gradient(x), x, seed=seed).ok


@pytest.mark.parametrize("seed", range(3))
def test_rounded_arrays_of_an_exact_cost(seed):
    cost, gradient, x = tanh_layer(seed, np.float64)
    assert not check_gradients(cost, bfloat16(gradient(x)), x).failures
    assert check_gradients(cost, bfloat16(1.1 * gradient(x)), x).failures


def test_what_is_not_finite_fails():
    cost, gradient, x = tanh_layer()
    assert check_gradients(cost, gradient(x) * np.nan, x).failures
