"""How many calls of a cost a check may take."""

import numpy as np
import pytest

from minidl import check_gradients
from minidl.errors import ArgumentError
from minidl.gradcheck.functions.budget import (
    arrays_in_budget,
    calls_per_element,
    check_budget,
    default_budget,
)
from minidl.gradcheck.numeric.differences import ComplexStep, RichardsonDifference


def test_small_arrays_are_computed_first():
    assert arrays_in_budget([4000, 10, 2000], 1, 5000) == [False, True, True]
    assert arrays_in_budget([4000, 10, 2000], 7, 5000) == [False, True, False]
    assert arrays_in_budget([5000], 1, 5000) == [True]
    assert arrays_in_budget([5001], 1, 5000) == [False]


def test_differences_take_more_calls_than_the_complex_step():
    assert calls_per_element(ComplexStep()) == 1
    assert calls_per_element(RichardsonDifference()) == 7


def test_calls_of_large_functions_take_longer_and_are_fewer():
    assert default_budget(10) == default_budget(20_000) == 5000
    assert default_budget(10**5) == 1000
    assert default_budget(10**7) == 100


@pytest.mark.parametrize("budget", [0, -1, 2.5, "all", True])
def test_a_budget_is_a_number_of_calls(budget):
    with pytest.raises(ArgumentError, match=r"budget must be a whole number of calls >= 1 or None"):
        check_budget(budget)
    with pytest.raises(ArgumentError, match="budget"):
        check_gradients(lambda p: p**2, lambda p: 2 * p, 1.0, budget=budget)


def calls_of(n, budget=None, complex_safe=True):
    calls = []
    w = np.random.default_rng(0).standard_normal(n)

    def cost(p):
        calls.append(1)
        return np.sin(p if complex_safe else np.array(p, np.float64)) @ w

    with np.errstate(all="ignore"):
        report = check_gradients(cost, lambda p: w * np.cos(p), w, budget=budget)
    assert report.ok
    return len(calls), report


def test_no_cliff_lies_at_any_size():
    for complex_safe in (True, False):
        counts = [
            calls_of(n, complex_safe=complex_safe)[0] for n in (700, 2000, 5000, 5001, 20_000)
        ]
        assert max(counts) < 5000 + 600  # with a finer look at an array by differences


def test_the_budget_of_the_user_decides_what_is_computed_whole():
    calls, report = calls_of(300, budget=100)
    assert calls < 100
    assert report.checks[0].numeric is None
    calls, report = calls_of(6000, budget=6000)
    assert calls > 6000
    assert report.checks[0].numeric is not None


def test_the_same_seed_gives_the_same_report():
    first, second = (calls_of(6000)[1] for _ in range(2))
    assert str(first) == str(second)


@pytest.mark.parametrize("size", [100, 20_000])
def test_plain_central_differences_keep_to_a_budget(size):
    calls, x = [0], np.random.default_rng(0).standard_normal(size)

    def cost(p):
        calls[0] += 1
        return np.sin(p).sum()

    assert check_gradients(cost, np.cos, x, method="central", budget=50).ok
    assert calls[0] <= 60
    wrong = check_gradients(cost, lambda p: 1.01 * np.cos(p), x, method="central", budget=50)
    assert wrong.failures


def test_without_one_they_compute_every_element():
    calls, x = [0], np.random.default_rng(0).standard_normal(2_000)

    def cost(p):
        calls[0] += 1
        return np.sin(p).sum()

    assert check_gradients(cost, np.cos, x, method="central").ok
    assert calls[0] > 2 * x.size
