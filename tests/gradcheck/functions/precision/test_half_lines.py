import numpy as np
import pytest
from coarse_functions import bfloat16, both_sides

from minidl.gradcheck.functions.precision.half_lines import HalfLines
from minidl.gradcheck.functions.precision.measure import measure_precision

RNG = np.random.default_rng(0)


def lines_of(cost, gradient, x, part=None):
    sides = both_sides(cost, lambda p: bfloat16(gradient(bfloat16(p))), x)
    precision = measure_precision(*sides, np.random.default_rng(0))
    return HalfLines(part or slice(0, x.size), *sides, precision, np.random.default_rng(0))


def sines(x):
    return float(np.sin(x).sum())


def test_gaps_of_a_right_gradient_are_averaged_rounding():
    lines = lines_of(sines, np.cos, RNG.standard_normal(40))
    for gap in lines.random(8) + lines.uphill(2):
        assert abs(gap.value) < 3e-3
        assert gap.slope.window == 0.5


def test_gaps_of_a_wrong_one_show_its_factor():
    lines = lines_of(sines, lambda x: 1.1 * np.cos(x), RNG.standard_normal(40))
    assert [gap.factor for gap in lines.uphill(3)] == pytest.approx([0.1] * 3, abs=0.01)
    again = lines.again(lines.uphill(1)[0], 0.1)
    assert again.factor == pytest.approx(0.1, abs=0.01)


def test_only_the_array_moves():
    x = RNG.standard_normal(40)
    lines = lines_of(sines, np.cos, x, slice(5, 9))
    assert lines.value.shape == (4,)
    assert {gap.vector.shape for gap in lines.random(6)} == {(4,)}


def test_kinks_ask_for_short_windows():
    x = 0.05 * RNG.choice([-1.0, 1.0], 4) + 1.0

    def bent(p):
        return float(np.maximum(p - 1, 0).sum() * 3 + p.sum())

    lines = lines_of(bent, lambda p: 3.0 * (p > 1) + 1, x)
    assert lines.random(1)[0].slope.window <= 0.03125


def test_kinks_at_the_point_are_avoided_elsewhere():
    x = np.ones(2)
    r = RNG.standard_normal(2)
    lines = lines_of(lambda p: float(abs(p - 1) @ r + p.sum()), lambda p: np.sign(p - 1) * r + 1, x)

    def typical(gaps):
        return np.median([gap.bar for gap in gaps])

    assert typical(lines.elsewhere().random(8)) < 0.1 * typical(lines.random(8))


def test_one_element_is_looked_at_from_other_points():
    costs = []

    def cost(x):
        costs.append(float(x[0]))
        return sines(x)

    lines = lines_of(cost, np.cos, np.array([0.7]))
    before = len(costs)
    gaps = lines.random(8)
    assert len(gaps) == 8
    middles = np.array(costs[before:])
    assert np.ptp(middles) > 0.1


def test_outside_of_the_domain_there_are_no_lines():
    def only_here(x):
        if abs(x - 1).max() > 1e-6:
            raise ValueError("outside")
        return float(x.sum())

    assert lines_of(only_here, np.ones_like, np.ones(3)).random(4) == []


def test_noise_does_not_agree_with_a_slope_of_zero():
    x = RNG.standard_normal(40)
    right = lines_of(sines, lambda p: 1.3 * np.cos(p), x)
    noise = lines_of(lambda p: 1.0 + 1e-9 * sines(p), lambda p: 1e-2 * np.sin(1e5 * p), x)
    assert right.agree()
    assert not noise.agree()


def test_windows_along_the_gradient_elsewhere_go_uphill_there():
    lines = lines_of(lambda p: float((p**2).sum()), lambda p: 2 * p, RNG.standard_normal(9))
    gaps = lines.uphill_elsewhere().uphill(4)
    assert all(gap.slope.numeric > 0 for gap in gaps)
    assert len({gap.slope.numeric for gap in gaps}) == 4
