"""Probes along random directions."""

import numpy as np
import pytest

from minidl.gradcheck import Check
from minidl.gradcheck.constants import RELATIVE_NOISE
from minidl.gradcheck.numeric.differences import ComplexStep
from minidl.gradcheck.numeric.function import Function, real_and_complex
from minidl.gradcheck.rounding.compare import KINKS_MEET
from minidl.gradcheck.rounding.probes import (
    balanced_direction,
    check_directions,
    compare_probes,
    directional_check,
)


@pytest.mark.parametrize("gradient", [[1.0, -1e-2, 1e-1], [0.0, 0.0, 0.0], [np.nan, 1.0, 1.0], 3.0])
def test_an_equalised_direction_reaches_every_element(gradient):
    u = balanced_direction(np.array(gradient), np.random.default_rng(0))
    assert np.isfinite(u).all()
    assert (u != 0).all()


def test_along_an_equalised_direction_all_weigh_about_the_same():
    gradient = np.array([1.0, -1e-2, 0.1])
    weights = np.abs(gradient * balanced_direction(gradient, np.random.default_rng(0)))
    assert weights.max() <= 3 * weights.min()


@pytest.mark.parametrize("n", [2, 4, 8])
def test_the_terms_along_an_equalised_direction_never_cancel(n):
    """Weights of exactly one size and both signs would: a factor would pass unseen."""
    slopes = [
        np.ones(n) @ balanced_direction(np.ones(n), np.random.default_rng(seed))
        for seed in range(200)
    ]
    assert np.abs(slopes).min() > 1e-9


def test_the_directions_have_both_signs():
    u = balanced_direction(np.ones(200), np.random.default_rng(0))
    assert 50 < (u > 0).sum() < 150


def test_a_probe_gives_slopes_and_the_size_of_its_terms():
    analytic, u = np.array([1.0, -2.0]), np.array([3.0, 1.0])
    slope, numeric, bar, terms = directional_check(analytic, [], u, 1.25, 0.5)
    assert (slope, numeric, terms) == (1.0, 1.25, 5.0)
    assert bar == pytest.approx(0.5)
    assert (
        directional_check(analytic, [analytic * (1 + RELATIVE_NOISE)], u, 1.25, 0.0)[2]
        > directional_check(analytic, [], u, 1.25, 0.0)[2]
    )


def probes(*pairs):
    return compare_probes(Check(1, "data", "weight"), list(pairs), 10, "complex step, probes")


def test_probes_that_agree_pass():
    check = probes((1.0, 1.0 + 1e-15, 1e-12, 3.0), (2.0, 2.0, 1e-12, 3.0))
    assert (check.verdict, check.elements, check.method) == ("pass", 10, "complex step, probes")
    assert 0 < check.difference < 1e-15


def test_one_wrong_probe_fails():
    check = probes((1.0, 1.0, 1e-12, 3.0), (1.0, 1.5, 1e-12, 3.0))
    assert check.verdict == "fail"
    assert check.worst == {"analytic": 1.0, "numeric": 1.5, "bar": 1e-12}
    assert check.difference == pytest.approx(0.5 / 6)


def test_a_failed_probe_is_not_passed_by_a_later_one():
    assert (
        probes((1.0, 1.5, 1e-12, 3.0), (1.0, 1.0, 1e-12, 3.0), (1.0, 1.0, 9.0, 3.0)).verdict
        == "fail"
    )


def test_a_probe_that_is_not_a_number_fails():
    check = probes((np.nan, 1.0, 1e-12, 1.0))
    assert (check.verdict, check.difference) == ("fail", 1.0)


def test_a_probe_under_rounding_is_left_open():
    check = probes((1e-9, 1e-9, 1e-6, 1e-9))
    assert check.verdict == "unresolved"
    assert "rounding floor" in check.diagnosis


@pytest.mark.parametrize(
    ("numeric", "bar"), [(np.nan, 1e-12), (np.inf, 1e-12), (1.0, np.inf), (1.0, np.nan)]
)
def test_a_probe_without_a_numeric_side_is_left_open(numeric, bar):
    check = probes((1.0, numeric, bar, 1.0))
    assert check.verdict == "unresolved"
    assert "cannot be computed" in check.diagnosis


def test_probes_of_nothing_but_zeros_pass():
    assert probes((0.0, 0.0, 0.0, 0.0)).difference == 0.0


def test_the_resolution_of_probes_is_that_of_the_worst():
    check = probes((1.0, 1.0, 1e-12, 3.0), (1.0, 1.0, 6e-12, 3.0))
    assert check.resolution == pytest.approx(2e-12 * np.sqrt(10))
    assert probes((0.0, 0.0, 0.0, 0.0)).resolution == np.inf
    assert probes((1.0, 1.0, np.nan, 1.0)).resolution == np.inf


def probed_at_zero(f, gradient, cotangent):
    """Return the check of a gradient of f at (0, 1, 2), where f may have kinks."""
    arrays = real_and_complex(np.array([0.0, 1.0, 2.0]))
    function = Function(lambda dtype: f(arrays[dtype]), arrays)
    check, rng = Check(0, "layer", "input"), np.random.default_rng(0)
    check_directions(
        check, function, ComplexStep(), gradient, [], rng, np.asarray(cotangent), count=8
    )
    return check


def relu(x):
    # The side that the complex step moves to is the one of its imaginary part.
    return np.where((x.real > 0) | ((x.real == 0) & (x.imag > 0)), x, 0)


@pytest.mark.parametrize("slope_at_zero", [0.0, 0.5, 1.0])
def test_a_probe_across_a_kink_allows_each_slope_between(slope_at_zero):
    check = probed_at_zero(relu, np.array([slope_at_zero, 1.0, 1.0]), np.ones(3))
    assert check.verdict != "fail"
    assert check.kinks == 1


def test_what_several_kinks_in_one_output_give_is_left_to_another_point():
    def f(x):
        return np.asarray(relu(x)[0] - relu(-x)[0] + relu(x[0] - x[1] + 1) + 5 * x[2])

    check = probed_at_zero(f, np.array([0.0, 0.0, 5.0]), 1.0)
    assert (check.verdict, check.worst) != ("fail", {})
    wrong = probed_at_zero(f, np.array([0.0, 0.0, -5.0]), 1.0)
    assert (wrong.verdict, wrong.diagnosis) == ("unresolved", KINKS_MEET)
    assert wrong.resolution == np.inf


def test_a_wrong_probe_without_a_kink_fails():
    check = probed_at_zero(lambda x: x**2 + x, np.array([0.0, 3.0, 5.0]), np.ones(3))
    assert (check.verdict, check.kinks) == ("fail", 0)
