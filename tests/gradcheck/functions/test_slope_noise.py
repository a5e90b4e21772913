"""The noise of numeric slopes."""

import numpy as np

from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.pytree import ParameterTree
from minidl.gradcheck.functions.slope_noise import slope_noise

X = np.array([0.3, -1.0, 2.0])


def noise(f, index=0, direction=1.0):
    cost = CostFunction(f, ParameterTree(X))
    seen = slope_noise(cost, index, direction, np.random.default_rng(0))
    assert np.array_equal(cost.arrays["complex"], X)
    return seen


def test_a_smooth_slope_has_its_own_rounding_alone():
    seen = noise(lambda p: np.sin(p).sum())
    assert seen.deviation < 1e-15
    assert seen.changes


def test_rounding_of_large_numbers_inside_is_seen():
    assert noise(lambda p: ((1e9 + p) ** 2).sum() - 2e9 * p.sum()).deviation > 1e-8
    assert noise(lambda p: 1e10 + (p**2).sum()).deviation < 1e-15


def test_a_constant_slope_does_not_change():
    assert not noise(lambda p: p.sum()).changes


def test_a_slope_along_a_direction():
    assert noise(lambda p: (p**2).sum(), slice(0, 3), np.ones(3)).changes
