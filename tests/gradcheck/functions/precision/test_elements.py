import numpy as np
import pytest
from coarse_functions import both_sides, tanh_layer

from minidl.gradcheck.functions.precision.elements import numeric_elements
from minidl.gradcheck.functions.precision.measure import measure_precision


@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 3e-3), (np.float64, 1e-7)])
def test_elements_are_known_within_their_bars(dtype, error):
    cost, gradient = both_sides(*tanh_layer(0, dtype))
    precision = measure_precision(cost, gradient, np.random.default_rng(0))
    slopes, errors = numeric_elements(cost, precision, range(4, 20))
    assert (np.abs(slopes - gradient.value[4:20]) <= errors + 1e-6).all()
    assert errors.max() < error


def test_outside_of_the_domain_steps_are_shorter():
    def cost(p):
        return float(np.sqrt(p.astype(np.float32)).sum())

    x = np.array([1e-3, 1.0])
    with np.errstate(all="ignore"):
        sides = both_sides(cost, lambda p: 0.5 / np.sqrt(p), x)
        precision = measure_precision(*sides, np.random.default_rng(0))
        slopes, errors = numeric_elements(sides[0], precision, [0, 1])
    assert errors[0] == np.inf or abs(slopes[0] - 0.5 / x[0] ** 0.5) <= errors[0]
    assert slopes[1] == pytest.approx(0.5, abs=1e-3)
