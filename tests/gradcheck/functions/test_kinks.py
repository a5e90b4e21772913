"""Kinks of a cost: every slope between the one-sided ones is right."""

import numpy as np
import pytest

from minidl import check_gradients
from minidl.gradcheck.functions.constants import MAX_BAR_RICHARDSON
from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.kinks import one_sided_slopes
from minidl.gradcheck.functions.pytree import ParameterTree


@pytest.mark.parametrize(
    "cost",
    [
        lambda p: np.maximum(p, 0).sum(),
        lambda p: np.where(p.real > 0, p, 0).sum(),
        lambda p: (np.abs(p) + p.real).sum() / 2,
    ],
    ids=["maximum", "where", "abs"],
)
@pytest.mark.parametrize(
    ("slope", "right"),
    [(0.0, True), (0.5, True), (1.0, True), (-0.01, False), (1.01, False), (2.0, False)],
)
def test_at_a_kink_every_slope_between_the_one_sided_ones_is_right(cost, slope, right):
    report = check_gradients(
        cost, lambda p: np.where(p == 0, slope, (p > 0) * 1.0), np.array([1.0, 0.0, -2.0])
    )
    assert report.ok == right
    if right:
        assert report.difference < 1e-9
        if slope:  # where complex numbers do not see the kink, nothing asks for it at slope 0
            assert report.checks[0].kinks == 1
            assert any("1 of 3 elements sit exactly on a kink" in note for note in report.notes)
    else:
        assert report.failures[0].worst["index"] == [1]


def test_the_one_sided_slopes_of_a_kink():
    cost = CostFunction(
        lambda p: np.where(p > 0, 3 * p, p).sum(), ParameterTree(np.array([0.0, 1.0, -1.0]))
    )
    left, right, error = one_sided_slopes(cost, 0)
    assert abs(left - 1) <= error + 1e-9
    assert abs(right - 3) <= error + 1e-9
    assert one_sided_slopes(cost, 1) is None
    assert one_sided_slopes(cost, 2) is None


@pytest.mark.parametrize("slope_at_zero", [1.0, 1.5])
def test_a_kink_beside_a_tiny_element_is_not_its_own(slope_at_zero):
    """The step is as long as for numbers near 1, and the kink at 1e-7 lies within it."""
    cost = CostFunction(
        lambda p: np.where(p < 0, p, np.where(p < 1e-7, slope_at_zero * p, 20 * p)).sum(),
        ParameterTree(np.array([0.0, 1.0])),
    )
    slopes = one_sided_slopes(cost, 0)
    if slope_at_zero == 1.0:
        assert slopes is None
    else:
        assert slopes.left == pytest.approx(1.0, abs=slopes.error)
        assert slopes.right == pytest.approx(1.5, abs=slopes.error)
        assert slopes.error < 0.1


def test_kinks_within_epsilon_of_the_parameters():
    """Central differences see half of the slope: both ends lie beyond the kinks."""
    report = check_gradients(
        lambda p: np.where(np.abs(p.real) < 5e-8, p, 5e-8 * np.sign(p.real)).sum(),
        lambda p: (np.abs(p) < 5e-8) * 1.0,
        np.array([0.0, 2.0]),
        method="central",
    )
    assert report.ok
    assert any("a kink lies within epsilon" in note for note in report.notes)


def test_differences_that_are_too_uncertain_are_computed_again_by_more_steps():
    def cost(p):
        return np.abs(np.sin(40 * p) + 2).sum() + 1e-3 * np.abs(p + 3).sum()

    def gradients(p):
        return 40 * np.cos(40 * p) + 1e-3

    report = check_gradients(cost, gradients, np.array([0.0393, 0.5, -1.0]))
    assert report.ok, report
    assert max(check.resolution for check in report.checks) < MAX_BAR_RICHARDSON


def test_products_of_moved_numbers_do_not_decide_on_which_side_of_a_kink_zero_is():
    def cost(p):
        hidden = np.maximum(p["b"], 0)
        return (np.maximum(p["w"] @ hidden + p["c"], 0) * [1.0, 2.0]).sum() + p["b"].sum()

    def gradients(p):
        hidden = np.maximum(p["b"], 0)
        dz = (p["w"] @ hidden + p["c"] > 0) * [1.0, 2.0]
        dh = p["w"].T @ dz
        return {"w": np.outer(dz, hidden), "b": dh * (p["b"] > 0) + 1, "c": dz}

    for seed in range(20):
        rng = np.random.default_rng(seed)
        w = 1e-3 * rng.standard_normal((2, 3))
        parameters = {"w": w, "b": np.zeros(3), "c": np.zeros(2)}
        report = check_gradients(cost, gradients, parameters, seed=seed)
        assert report.ok, report


@pytest.mark.parametrize("slope", [2.1, 0.7, 1.3])
def test_rounding_inside_of_a_small_cost_does_not_shift_the_slopes_beside_a_kink(slope):
    def cost(p):
        large = 100 / 3 + np.where(p.real > 0, 2.1 * p, 0.7 * p)
        return (large - 100 / 3).sum()

    def gradient(p):
        return np.where(p > 0, 2.1, np.where(p < 0, 0.7, slope))

    x = np.array([0.0, 1e-3, -3e-3])
    assert check_gradients(cost, gradient, x).failures == []
    assert check_gradients(cost, lambda p: gradient(p) + 2 * (p == 0), x).failures


@pytest.mark.parametrize("error", [ValueError, KeyError])
def test_where_the_domain_ends_beside_a_kink_no_sides_are_known(error):
    def cost(p):
        if p.real[0] < 0:
            raise error("outside")
        return np.where(p.real > 0, 2 * p, p).sum()

    function = CostFunction(cost, ParameterTree(np.array([0.0, 0.7])))
    assert one_sided_slopes(function, 0) is None
