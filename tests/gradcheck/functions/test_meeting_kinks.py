"""Points at which several kinks meet: all units of a row of zeros."""

import numpy as np
import pytest

from minidl import check_gradients
from minidl.gradcheck.functions.meeting_kinks import several_kinks_meet

RNG = np.random.default_rng(4)
W, C = RNG.standard_normal((3, 6)), RNG.standard_normal((5, 6))
X = np.vstack([RNG.standard_normal((2, 3)), np.zeros((1, 3)), RNG.standard_normal((2, 3))])


def leaky(dtype, slope=0.125):
    """Return the cost of leaky units in a precision, and its gradient in reverse mode."""
    weight, factor, part = W.astype(dtype), C.astype(dtype), dtype(slope)

    def cost(x):
        z = x.astype(dtype) @ weight  # real numbers alone: the complex step cannot follow
        return float((factor * np.where(z > 0, z, part * z)).sum())

    def gradient(x):
        z = x.astype(dtype) @ weight
        return (factor * np.where(z > 0, dtype(1), part)) @ weight.T

    return cost, gradient


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_fixed_slope_at_each_kink_is_unresolved(dtype):
    cost, gradient = leaky(dtype)
    (check,) = check_gradients(cost, gradient, X).checks
    assert check.verdict == "unresolved", check.diagnosis
    assert "several kinks meet here" in check.diagnosis


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_gradient_that_is_wrong_nearby_fails(dtype):
    cost, gradient = leaky(dtype)
    assert check_gradients(cost, lambda x: 1.1 * gradient(x), X).failures


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_gradient_far_from_all_nearby_fails(dtype):
    cost, gradient = leaky(dtype)
    assert check_gradients(cost, lambda x: gradient(x) + 20 * (x == 0), X).failures


def changes(*sides, here=0.0):
    """Return the changes of one element whose slope is one of two on each side of each kink."""
    choices = np.random.default_rng(0).random((12, len(sides))) < 0.5
    low, high = np.array(sides).T
    forward = np.where(choices, low, high).sum(axis=1, keepdims=True) - here
    back = np.where(choices, high, low).sum(axis=1, keepdims=True) - here
    return forward, back


@pytest.mark.parametrize(
    ("sides", "here", "expected"),
    [
        ([(0, 1), (0, -3)], 0.5, True),  # between the slopes nearby
        ([(0, 1), (0, -3)], 1.5, True),  # beyond them, but not far
        ([(0, 1), (0, -3)], 6.0, False),
        ([(0, 1), (0, -3)], -8.0, False),
        ([(0, 1)], 1.5, False),  # a single kink
        ([(0, 1)], 0.5, True),
    ],
)
def test_slopes_beyond_those_nearby_need_a_meeting_of_kinks(sides, here, expected):
    assert several_kinks_meet(*changes(*sides, here=here), 1e-3) == expected


def test_opposite_points_have_the_same_sum_unless_numbers_tie():
    forward, back = changes((0, 1), (0, -3), here=0.5)
    back[3] += 0.1
    assert not several_kinks_meet(forward, back, 1e-3)


def test_nothing_is_said_without_finite_points():
    assert not several_kinks_meet(np.empty((0, 1)), np.empty((0, 1)), 1e-3)
    forward, back = changes((0, 1), (0, -3), here=0.5)
    forward[2] = np.nan
    assert not several_kinks_meet(forward, back, 1e-3)
