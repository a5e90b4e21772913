"""Sorts with many equal numbers: each order of them has its own gradient."""

import numpy as np
import pytest

from minidl import check_gradients

W = np.random.default_rng(0).standard_normal(20)
X = np.where(np.arange(20) % 2, np.random.default_rng(1).standard_normal(20), 0.0)


def order_of(x):
    return x.real.argsort(kind="stable")


def cost(x):
    return (W * np.sin(x[order_of(x)])).sum()


def gradient(x):
    result = np.empty_like(x)
    result[order_of(x)] = W
    return np.cos(x) * result


def test_the_gradient_of_a_stable_sort_is_unresolved_where_numbers_tie():
    """Differences see the first and the last place of a number alone."""

    def by_differences(x):
        return cost(np.abs(x - 9.0))

    def right(x):
        return -gradient(np.abs(x - 9.0))

    report = check_gradients(by_differences, right, X)
    assert report.status == "unresolved", report
    assert report.checks[0].resolution == pytest.approx(1e-4)
    assert "many numbers tie here" in report.checks[0].diagnosis
    assert check_gradients(by_differences, right, X + np.linspace(1, 2, 20)).ok
    assert check_gradients(cost, gradient, X).ok  # the complex step chooses as a stable sort does


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: 1.001 * gradient(x),
        lambda x: gradient(x) + 0.1 * (x == 0),
    ],
)
def test_a_wrong_gradient_fails_at_ties_too(wrong):
    assert check_gradients(cost, wrong, X).failures


def test_what_is_wrong_at_the_point_alone_is_told_so():
    """The slopes of 2 leaky(x) - |x| are 1 and 1.25 beside zero; reverse mode gives 0.25 there."""
    x = np.array([0.0, 1.0, -2.0])

    def bent(x):
        return (2 * np.where(x > 0, x, x / 8) - np.abs(x)).sum()

    def reverse(x):
        return 2 * np.where(x > 0, 1, 1 / 8) - np.sign(x)

    (check,) = check_gradients(bent, reverse, x).failures
    assert "at this point alone: it is right nearby" in check.diagnosis


def test_a_slope_of_zero_after_a_sort_is_unresolved():
    """Up, a number takes the last place of the tie, and down the first, with other weights."""

    weights = np.linspace(1, -1.3, 20)

    def folded(x):
        return (weights * np.abs(np.sort(x))).sum()

    def right(x):
        order = order_of(x)
        result = np.empty_like(x)
        result[order] = weights * np.sign(x[order])
        return result

    report = check_gradients(folded, right, X)
    assert report.status == "unresolved", report
    assert "lies between those of several" in report.checks[0].diagnosis
    assert check_gradients(folded, lambda x: right(x) + 4.0 * (x == 0), X).failures
    assert check_gradients(folded, lambda x: 1.01 * right(x), X).failures
