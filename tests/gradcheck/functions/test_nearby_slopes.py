import numpy as np
import pytest

from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.nearby_slopes import NearbySlopes
from minidl.gradcheck.functions.pytree import ParameterTree

X = np.array([0.3, -1.0, 2.0])
U = np.array([1.0, 0.5, -2.0])


def slopes(cost, x=X, *, exact=True):
    function = CostFunction(cost, ParameterTree(x))
    return NearbySlopes(function, slice(0, len(x)), exact=exact)


@pytest.mark.parametrize("exact", [True, False])
def test_a_smooth_slope_is_known_to_a_small_error(exact):
    slope, error = slopes(lambda p: np.exp(p).sum(), exact=exact).along(U)
    assert abs(slope - np.exp(X) @ U) <= 10 * error
    assert error < (1e-12 if exact else 1e-2)


def test_an_imaginary_part_that_gets_lost_does_not_count():
    slope, _ = slopes(lambda p: np.abs(p).sum() + 0 * p.sum()).along(U)
    assert slope == pytest.approx(np.sign(X) @ U)


def test_the_complex_step_agrees_where_differences_of_an_oscillating_cost_do_not():
    found = slopes(lambda p: np.sin(p).sum(), 3e5 * X)
    direction = 3e5 * U
    right = np.cos(3e5 * X) @ direction
    assert abs(found.along(direction)[0] - right) > 1
    assert found.complex_step_agrees(direction, right, tolerance=1.0)
    assert not found.complex_step_agrees(direction, right + 2, tolerance=1.0)
    refuses = slopes(lambda p: np.abs(p.real).sum())
    assert not refuses.complex_step_agrees(U, np.sign(X) @ U, tolerance=1.0)


def test_two_short_steps_must_agree():
    found = slopes(lambda p: np.sin(1e4 * p).sum())
    right = 1e4 * np.cos(1e4 * X) @ U
    assert found.short_steps_agree(U, right, tolerance=1.0)
    assert not found.short_steps_agree(U, right + 2, tolerance=1.0)


def test_the_error_of_a_cost_that_stays_the_same_is_its_rounding():
    """Its slope, 1e-6, is too small for float32 to show."""
    _, error = slopes(lambda p: float(np.float32(4 / 3 + 1e-6 * p.sum())), exact=False).along(U)
    assert error > 1e-6 * abs(U.sum())
    _, error = slopes(lambda p: 4 / 3 + 1e-6 * p.sum(), exact=False).along(U)
    assert error < 1e-10
