"""The check of one gradient of one cost: its schemes."""

import numpy as np
import pytest

from minidl import check_gradients
from minidl.errors import ArgumentError
from minidl.gradcheck.functions.function_check import FunctionCheck
from minidl.gradcheck.numeric.differences import CentralDifference


def make_check(cost, gradients, parameters):
    return FunctionCheck(cost, gradients, np.array(parameters), np.random.default_rng(0))


def test_complex_safe_costs_are_checked_by_the_complex_step():
    check = make_check(lambda p: (p**2).sum(), lambda p: 2 * p, [1.0, 2.0])
    assert check.by_best_scheme(complex_required=True).method == "complex step"


def test_costs_that_refuse_complex_numbers_are_not_checked_by_force():
    check = make_check(lambda p: float(p.real[0]) ** 2, lambda p: 2 * p, [1.0])
    with pytest.raises(ArgumentError, match="not complex-safe"):
        check.by_best_scheme(complex_required=True)
    assert check.by_best_scheme(complex_required=False).ok


def test_the_scheme_of_courses_compares_every_element():
    check = make_check(lambda p: (p**3).sum(), lambda p: 3 * p, [1.0, 2.0])
    report = check.by_central_differences(CentralDifference(1e-7))
    assert report.failures[0].worst["index"] == [1]


@pytest.mark.parametrize(
    ("cost", "gradients"),
    [
        (lambda x: np.abs(x).sum(), np.sign),
        (lambda x: ((1 - x) ** 2).sum() * 0.0 + (x**4).sum(), lambda x: 4 * x**3),
        (lambda x: np.sum(x * np.sin(3 * x)), lambda x: np.sin(3 * x) + 3 * x * np.cos(3 * x)),
    ],
)
def test_a_cost_of_zero_is_no_coarse_one(cost, gradients):
    report = check_gradients(cost, gradients, np.zeros((2, 3)))
    assert report.ok, report
    assert not any("computes in" in note for note in report.notes)


@pytest.mark.parametrize("frequency", [1e6, 1e7])
@pytest.mark.parametrize("others", [{}, {"b": np.arange(1.0, 4)}])
def test_a_gradient_that_turns_within_short_moves_is_no_noise(frequency, others):
    parameters = {"a": np.random.default_rng(0).standard_normal(30), **others}

    def cost(p):
        return np.sin(frequency * p["a"]).sum() / frequency + sum((p[k] ** 2).sum() for k in others)

    def gradients(p, factor=1.0):
        result = np.cos(frequency * p["a"])
        result[3] *= factor
        return {"a": result, **{k: 2 * p[k] for k in others}}

    assert not check_gradients(cost, gradients, parameters).failures
    report = check_gradients(cost, lambda p: gradients(p, 1.05), parameters)
    assert [check.parameter for check in report.failures] == ["a"]
    assert "only element (3,)" in report.failures[0].diagnosis


def test_what_is_left_of_terms_that_cancel_may_explain_a_difference():
    """Backward multiplies by 1, which it computes as the difference of two large numbers."""
    x = np.random.default_rng(3).standard_normal(40)

    def cancelled(p):
        one = (4e15 * np.sin(2 * p) + 1) - 8e15 * np.sin(p) * np.cos(p)
        return one * p

    report = check_gradients(lambda p: (p**2).sum() / 2, cancelled, x)
    assert report.method == "line integrals"
    assert not report.failures
