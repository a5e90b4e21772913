import numpy as np
import pytest
from coarse_functions import both_sides, tanh_layer
from numpy.polynomial import legendre

from minidl.gradcheck.functions.precision.line_integral import (
    Line,
    LineIntegral,
    MeanSlope,
    mean_of_fit,
)
from minidl.gradcheck.functions.precision.measure import measure_precision

NODES = legendre.leggauss(12)[0]


def integral_of(cost, gradient, x, seed=0):
    sides = both_sides(cost, gradient, x)
    rng = np.random.default_rng(seed)
    return LineIntegral(*sides, measure_precision(*sides, rng), rng)


def test_the_mean_of_a_polynomial_is_exact():
    mean, bound = mean_of_fit(NODES, 3 + NODES + 6 * NODES**2, 3.0)
    assert mean == pytest.approx(5)
    assert bound < 1e-12


def test_the_bound_covers_what_no_polynomial_fits():
    for edge in (-0.9, 0.1, 0.33):
        mean, bound = mean_of_fit(NODES, (edge < NODES) * 1.0, float(edge < 0))
        assert abs(mean - (1 - edge) / 2) < bound
    assert mean_of_fit(NODES, np.full(12, np.nan), 1.0)[1] == np.inf
    assert mean_of_fit(NODES, np.ones(12), np.nan)[1] == np.inf


def test_the_bound_covers_a_spike_at_the_point():
    for height in (1e-3, 1.0, 1e6):
        mean, bound = mean_of_fit(NODES, np.ones(12), 1 + height)
        assert mean == pytest.approx(1)
        widest = height * np.abs(NODES).min()  # a triangle between the nodes beside it
        assert 0.5 * widest <= bound <= 2 * widest


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("factor", [1.0, 1.001])
def test_a_factor_shows_in_float32(seed, factor):
    integral = integral_of(*tanh_layer(seed, factor=factor), seed)
    direction = np.random.default_rng(seed).standard_normal(24)
    found = integral.explore(Line(direction, 1.0, 1e-7))
    assert found.is_wrong == (factor != 1)


def test_there_is_no_mean_where_the_window_leaves_the_domain():
    integral = integral_of(
        lambda p: float(np.sqrt(p).sum()), lambda p: 0.5 / np.sqrt(p), np.ones(3)
    )
    line = Line(np.ones(3), 1.0, 0.0)
    with np.errstate(all="ignore"):
        assert integral.over_window(line, 1.5) == MeanSlope()
        assert integral.over_kinks(line, 1.5) == MeanSlope()
    assert integral.over_window(line, 0.1).bar < 1e-5
