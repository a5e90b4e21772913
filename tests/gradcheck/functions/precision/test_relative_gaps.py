import numpy as np
import pytest

from minidl.gradcheck.functions.precision.line_integral import MeanSlope
from minidl.gradcheck.functions.precision.relative_gaps import (
    RelativeGap,
    hidden_error,
    mean_factor,
    root_mean_square,
)


def gaps_of(error, gradient, count, rng, rounding=0.0, kinks=0):
    """Gaps along random directions of a gradient that is off by `error`."""
    found = []
    for number in range(count):
        u = rng.choice([-1.0, 1.0], gradient.size) * rng.uniform(0.5, 1.5, gradient.size)
        size, has_kink = float(np.linalg.norm(gradient * u)), number < kinks
        off = float(error @ u) + (100 if has_kink else 1) * rounding * size * rng.standard_normal()
        bar = size * (1.0 if has_kink else 0.01)
        numeric = float((gradient - error) @ u)
        found.append(RelativeGap(u, MeanSlope(numeric + off, numeric, bar, 0.0, 0.5), size))
    return found


SHAPES = {
    "spread": lambda n, rng: rng.standard_normal(n),
    "one element": lambda n, rng: np.eye(1, n, int(rng.integers(n)))[0],
    "a factor": lambda n, rng: None,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("size", "rounding"), [(3, 0.0), (30, 0.02), (30, 0.2)])
def test_no_error_is_larger_than_what_may_hide(shape, size, rounding):
    rng = np.random.default_rng(size)
    for _ in range(100):
        gradient = rng.standard_normal(size)
        error = SHAPES[shape](size, rng)
        error = gradient if error is None else error
        error = 0.1 * error * np.linalg.norm(gradient) / np.linalg.norm(error)
        gaps = gaps_of(error, gradient, 16, rng, 0.1 * rounding)
        assert 0.1 <= hidden_error(gradient, gaps) < 2.0
        assert root_mean_square(gaps) < 0.3


def test_lines_with_wide_bars_hardly_count():
    rng = np.random.default_rng(0)
    gradient = rng.standard_normal(50)
    clear, kinky = (gaps_of(0 * gradient, gradient, 20, rng, 1e-3, kinks=k) for k in (0, 4))
    assert hidden_error(gradient, kinky) < 2 * hidden_error(gradient, clear) < 1e-2
    assert hidden_error(gradient, clear[:7]) == np.inf
    assert hidden_error(0 * gradient, clear) == np.inf


def test_where_the_gradient_is_flatter_along_the_lines_errors_are_larger():
    rng = np.random.default_rng(0)
    gradient = rng.standard_normal(50)
    gaps = gaps_of(0.01 * gradient, gradient, 16, rng)
    flat = [
        gap._replace(slope=MeanSlope(gap.slope.analytic / 9, gap.slope.numeric / 9, gap.slope.bar))
        for gap in gaps
    ]
    assert hidden_error(gradient, flat) == pytest.approx(hidden_error(gradient, gaps), rel=0.3)


def test_an_element_that_never_moves_may_hide_anything():
    rng = np.random.default_rng(0)
    gaps = gaps_of(np.zeros(5), np.ones(5), 16, rng, 1e-3)
    still = [gap._replace(vector=gap.vector * [1, 1, 0, 1, 1]) for gap in gaps]
    assert hidden_error(np.ones(5), still) == np.inf


def test_a_wrong_factor_is_a_part_of_the_slope():
    def along(numeric, bar):
        slope = MeanSlope(1.05 * numeric, numeric, bar, 0.0, 0.5)
        return RelativeGap(np.ones(3), slope, 2.0)

    # At other points the slope may be the other way round; the factor is the same.
    found = mean_factor([along(1.0, 0.012), along(3.0, 0.036), along(-2.0, 0.024)])
    assert found.value == pytest.approx(0.05)
    assert found.deviation == pytest.approx(0.002 / 3**0.5)
    assert found.is_outside(0.04)
    assert not found.is_outside(0.06)
    assert mean_factor([along(1.0, 0.01)]) == (0.0, np.inf, np.inf)
    assert along(0.001, 0.01).factor < 1e-3  # next to no slope


def test_what_all_integrals_may_miss_alike_is_no_wrong_factor():
    """A peak between the nodes of all lines."""
    slope = MeanSlope(2.9, 4.4, 6.4, 0.0, 0.5)
    found = mean_factor([RelativeGap(np.ones(3), slope, 4.0)] * 30)
    assert found.value < -0.3
    assert not found.is_outside(0.035)
