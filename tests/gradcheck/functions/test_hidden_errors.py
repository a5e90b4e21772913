"""A gradient in float64 passes only if a slight mistake would have been seen."""

import numpy as np
import pytest

from minidl import check_gradients
from minidl.gradcheck.constants import MAX_BAR_FRACTION
from minidl.gradcheck.functions.constants import MAX_BAR_EXACT, MAX_BAR_RICHARDSON
from minidl.gradcheck.functions.hidden_errors import hide_no_errors, largest_bar
from minidl.gradcheck.numeric.differences import (
    CentralDifference,
    ComplexStep,
    RichardsonDifference,
)
from minidl.gradcheck.result import Check


def test_schemes_that_see_more_must_see_more():
    assert largest_bar(ComplexStep()) == MAX_BAR_EXACT
    assert largest_bar(RichardsonDifference()) == MAX_BAR_RICHARDSON
    assert largest_bar(CentralDifference(1e-7)) == MAX_BAR_FRACTION


@pytest.mark.parametrize(
    ("resolution", "verdict"),
    [(1e-12, "pass"), (1e-9, "pass"), (2e-8, "unresolved"), (1e-4, "unresolved"), (np.inf, "pass")],
)
def test_bars_that_hide_a_slight_mistake_are_unresolved(resolution, verdict):
    check = Check(None, "total", "w", resolution=resolution)
    hide_no_errors(check, ComplexStep())
    assert check.verdict == verdict
    assert bool(check.diagnosis) == (verdict == "unresolved")


def test_what_failed_and_what_is_zero_as_its_terms_cancel_stays_as_it_is():
    failed = Check(None, "total", "w", verdict="fail", resolution=1.0)
    zero = Check(None, "total", "b", diagnosis="zero here", resolution=3.0)
    for check, verdict in ((failed, "fail"), (zero, "pass")):
        hide_no_errors(check, ComplexStep())
        assert check.verdict == verdict


@pytest.mark.parametrize("factor", [1.0, 1 + 1e-7])
def test_the_noise_of_a_cost_in_float64_hides_slight_mistakes(factor):
    def cost(p):
        return np.abs(p @ p + 1e6) - 1e6  # terms cancel, and complex numbers cannot be used

    report = check_gradients(cost, lambda p: 2 * p * factor, np.array([0.5, -1.0, 2.0]))
    assert report.status == "unresolved", report
    assert 1e-7 < report.unresolved[0].resolution < 1e-4


def test_a_gradient_that_looks_rounded_as_it_has_kinks_hides_slight_mistakes():
    def cost(p):
        return (np.where(p.real > 0, p, 0.1 * p) ** 2).sum()

    def gradients(p):
        return 2 * p * np.where(p > 0, 1, 0.01) * (1 + 1e-7)

    report = check_gradients(cost, gradients, np.array([1e-9, 1.0, -1e-9, -2.0]))
    assert not report.ok, report


@pytest.mark.parametrize("slope", [0.3, 1.0])
def test_the_limits_of_slopes_at_a_kink_hide_nothing(slope):
    report = check_gradients(
        lambda p: np.where(p.real > 0, p, 0).sum(),
        lambda p: np.where(p == 0, slope, (p > 0) * 1.0),
        np.array([1.0, 0.0, -2.0]),
    )
    assert report.ok, report
