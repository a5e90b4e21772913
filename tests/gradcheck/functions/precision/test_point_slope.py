import numpy as np
import pytest
from coarse_functions import both_sides, tanh_layer

from minidl.gradcheck.functions.precision.measure import measure_precision
from minidl.gradcheck.functions.precision.point_slope import point_slope


def measured(cost, gradient, x, direction):
    sides = both_sides(cost, gradient, x)
    precision = measure_precision(*sides, np.random.default_rng(0))
    return point_slope(sides[0], precision, direction)


@pytest.mark.parametrize("seed", range(6))
def test_the_slope_is_within_its_bar(seed):
    cost, gradient, x = tanh_layer(seed)
    direction = np.random.default_rng(seed).standard_normal(24)
    slope, bar = measured(cost, gradient, x, direction)
    assert abs(slope - gradient(x).ravel() @ direction) <= bar < 1e-2


def test_at_a_kink_the_bar_covers_both_sides():
    x = np.array([0.0, 1.0, -2.0])
    cost, gradient = (
        (lambda p: float(np.maximum(p.astype("f"), 0).sum())),
        (lambda p: 1.0 * (p > 0)),
    )
    slope, bar = measured(cost, gradient, x, np.array([1.0, 0.0, 0.0]))
    assert abs(slope - 0.5) + 0.5 <= bar + 1e-3
    slope, bar = measured(cost, gradient, x, np.array([0.0, 1.0, 0.0]))
    assert slope == pytest.approx(1, abs=1e-4)
    assert bar < 1e-2
