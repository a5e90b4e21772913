from dataclasses import replace

import numpy as np
import pytest
from coarse_functions import both_sides, tanh_layer

from minidl.gradcheck.functions.precision import line_probes
from minidl.gradcheck.functions.precision.constants import RANDOM_DIRECTIONS, RESOLUTION_GOAL
from minidl.gradcheck.functions.precision.line_integral import LineIntegral, MeanSlope
from minidl.gradcheck.functions.precision.line_probes import (
    LineProbes,
    noise_dominates,
    resolution_of,
)
from minidl.gradcheck.functions.precision.line_search import LineSearch
from minidl.gradcheck.functions.precision.measure import measure_precision


def probes_of(cost, gradient, x, region, seed=0):
    sides = both_sides(cost, gradient, x)
    rng = np.random.default_rng(seed)
    return LineProbes(*sides, measure_precision(*sides, rng), rng).along(region)


def test_random_probes_of_a_right_function_reach_a_fine_resolution():
    cost, gradient, x = tanh_layer()
    probes = probes_of(cost, gradient, x, slice(0, 24))
    assert not any(probe.slope.is_wrong for probe in probes)
    assert resolution_of(slice(0, 24), gradient(x).ravel(), probes) < 1e-4


def test_an_error_that_averages_out_over_lines_is_not_seen():
    """Where the gradient turns within the lines, an error that is a part of it does so, too."""
    cost, gradient, x = tanh_layer()
    probes = probes_of(cost, gradient, x, slice(0, 24))
    reached = resolution_of(slice(0, 24), gradient(x).ravel(), probes)
    turning = [
        replace(probe, slope=replace(probe.slope, analytic=0.01 * probe.slope.analytic))
        for probe in probes
    ]
    averaged = resolution_of(slice(0, 24), gradient(x).ravel(), turning)
    assert 50 * reached < averaged < 200 * reached


def test_noise_dominates_where_windows_are_wide():
    x = np.random.default_rng(0).standard_normal(24)

    def dominates(scale):
        def cost(p):
            return float(np.sin(scale * p.astype(np.float32)).sum() + np.float32(30))

        probes = probes_of(cost, lambda p: scale * np.cos(scale * p), x, slice(0, 24))
        return noise_dominates(probes)

    assert dominates(0.3)
    assert not dominates(30.0)  # in windows of a few periods
    assert not noise_dominates([])


def test_the_last_probe_of_a_wrong_one_is_wrong():
    probes = probes_of(*tanh_layer(factor=1.01), slice(0, 24))
    assert [probe.slope.is_wrong for probe in probes] == [False] * (len(probes) - 1) + [True]


def test_only_the_region_moves():
    cost, gradient, x = tanh_layer()
    for probe in probes_of(cost, gradient, x, slice(4, 9)):
        assert (np.flatnonzero(probe.direction.vector) == np.arange(4, 9)).all()


def test_where_wide_windows_leave_the_domain_elements_move_by_their_own_size():
    x = 10.0 ** np.random.default_rng(0).uniform(-4, 0, 12)
    with np.errstate(all="ignore"):
        probes = probes_of(
            lambda p: float(np.sqrt(p.astype(np.float32)).sum()),
            lambda p: 0.5 / np.sqrt(p),
            x,
            slice(0, 12),
        )
    assert any((np.abs(probe.direction.vector) <= 1.5 * x).all() for probe in probes)
    assert resolution_of(slice(0, 12), 0.5 / np.sqrt(x), probes) < 1e-2


def near_a_minimum(p):
    """A loss whose slopes hardly rise above the rounding of float32."""
    return float(((1 + 0.03 * p.astype(np.float32)) ** 2).sum() + np.float32(40))


def test_an_array_near_the_resolution_aimed_at_gets_more_lines():
    x = np.random.default_rng(0).standard_normal(4)

    def gradient(p):
        return 0.06 * (1 + 0.03 * p)

    sides = both_sides(near_a_minimum, gradient, x)
    rng = np.random.default_rng(0)
    found = LineProbes(*sides, measure_precision(*sides, rng), rng).along(slice(0, 4))
    usual = found[: 1 + RANDOM_DIRECTIONS]
    reached = [resolution_of(slice(0, 4), gradient(x), some) for some in (usual, found)]
    assert reached[1] <= RESOLUTION_GOAL < reached[0]


def test_stairs_that_later_lines_show_widen_the_bars_of_all(monkeypatch):
    integrals, lines = [], []

    def integral_of(*arguments):
        integrals.append(LineIntegral(*arguments))
        return integrals[0]

    def along(search, line, original=LineSearch.along):
        lines.append(line)
        integrals[0].has_stairs = len(lines) > 5
        return original(search, line)

    monkeypatch.setattr(line_probes, "LineIntegral", integral_of)
    monkeypatch.setattr(LineSearch, "along", along)
    probes = probes_of(*tanh_layer(), slice(0, 24))
    assert len(probes) > 5
    for probe in probes:
        assert probe.slope.bar >= integrals[0].shared_noise(probe.slope.window)


@pytest.mark.parametrize("wrong", [False, True])
def test_rounding_inside_that_one_line_shows_may_be_along_all(monkeypatch, wrong):
    found = []

    def along(search, line):
        found.append(MeanSlope(0.5, 0.5, 1e-6, noise=1e-6, window=0.5))
        if len(found) == 3:
            return replace(found[-1], bar=2e-3, inside=1e-3)
        return replace(found[-1], analytic=0.6) if wrong and len(found) == 5 else found[-1]

    monkeypatch.setattr(LineSearch, "along", along)
    probes = probes_of(*tanh_layer(), slice(0, 24))
    bars = [probe.slope.bar for probe in probes]
    assert min(bars[:4]) == 2e-3
    assert probes[-1].slope.is_wrong == wrong
    assert bars[-1] == (1e-6 if wrong else 2e-3)


@pytest.mark.parametrize("factor", [1.0, 0.0])
def test_a_steep_slope_at_a_small_element_is_seen(factor):
    """The logarithm of a small element is steep; windows of the size of the others go beyond it."""
    x = 1000.0 * np.random.default_rng(1).standard_normal(40)
    x[7] = 2.0

    def cost(p):
        single = p.astype(np.float32)
        return float((np.log(single**2) * np.float32(3)).sum())

    def gradient(p):
        result = 6 / p
        result[7] *= factor
        return result

    probes = probes_of(cost, gradient, x, slice(0, 40))
    assert probes[-1].slope.is_wrong == (factor == 0)
    if factor:
        assert resolution_of(slice(0, 40), gradient(x), probes) < 1e-2
