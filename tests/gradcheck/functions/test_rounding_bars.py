"""Error bars follow each array, not the size of the cost."""

import numpy as np
import pytest

from minidl import check_gradients

RNG = np.random.default_rng(0)
A, B = 1e5 * RNG.standard_normal(4), 1e-5 * RNG.standard_normal(4)


def cost(p):
    return (p["a"] ** 2).sum() + (p["b"] ** 2).sum()


def verdicts(gradient_of_b, **more):
    gradients = lambda p: {"a": 2 * p["a"], "b": gradient_of_b(p["b"])}  # noqa: E731
    report = check_gradients(cost, gradients, {"a": A, "b": B}, **more)
    return {check.parameter: check.verdict for check in report.checks}


@pytest.mark.parametrize("factor", [-1, 0.5, 1.01, 1 + 1e-8])
def test_a_wrong_small_array_beside_a_large_one_fails(factor):
    assert verdicts(lambda b: factor * 2 * b) == {"a": "pass", "b": "fail"}


def test_a_right_one_passes():
    report = check_gradients(cost, lambda p: {"a": 2 * p["a"], "b": 2 * p["b"]}, {"a": A, "b": B})
    assert report.ok
    assert max(check.resolution for check in report.checks) < 1e-11


def test_what_does_not_change_may_be_rounding_and_is_not_ok():
    assert verdicts(lambda b: 0 * b)["b"] == "unresolved"
    report = check_gradients(cost, {"a": 2 * A, "b": -2 * B}, {"a": A, "b": B})
    assert not report.ok


def test_a_saturated_gradient_never_fails():
    for z in (5.0, 10.0, 15.0, 17.0, 18.5, 25.0):
        report = check_gradients(
            lambda p: np.tanh(p).sum(), lambda p: 1 - np.tanh(p) ** 2, np.array([z, z + 0.1])
        )
        assert not report.failures, (z, str(report))


def test_last_digits_that_stay_over_short_moves_are_seen_farther_away():
    """1 - tanh(p**3)**2 keeps its few ulps of 1, while the factor 3 p**2 changes."""
    rng = np.random.default_rng(29)
    p = np.cbrt(np.append(rng.uniform(5, 17.5, 2), rng.uniform(14, 17.5, 20)))

    def saturated(p):
        return np.tanh(p**3).sum()

    def right(p):
        return (1 - np.tanh(p**3) ** 2) * 3 * p**2

    assert check_gradients(saturated, right, p).ok
    wrong = check_gradients(saturated, lambda p: right(p) * np.where(p < 2.45, 1.1, 1), p)
    assert wrong.failures  # of slopes above 1e-11


CANCELLING = {
    "small difference of large numbers": (
        lambda p: ((1e8 + p) ** 2 - 1e16).sum(),
        lambda p: 2 * (1e8 + p),
    ),
    "logarithm close to one": (
        lambda p: np.log(1 + 1e-9 * p).sum(),
        lambda p: 1e-9 / (1 + 1e-9 * p),
    ),
    "log of a sum of exponentials": (
        lambda p: np.log(np.exp(50 * p).sum()),
        lambda p: 50 * np.exp(50 * p) / np.exp(50 * p).sum(),
    ),
    "variance of shifted numbers": (
        lambda p: ((p + 1e6) ** 2).mean() - (p + 1e6).mean() ** 2,
        lambda p: 2 * ((p + 1e6) - (p + 1e6).mean()) / p.size,
    ),
    "norm": (lambda p: np.sqrt((p**2).sum()), lambda p: p / np.sqrt((p**2).sum())),
    "quotient": (
        lambda p: p.sum() / (p @ p),
        lambda p: 1 / (p @ p) - 2 * p * p.sum() / (p @ p) ** 2,
    ),
    "power": (lambda p: ((p**2 + 1) ** 7.5).sum(), lambda p: 15 * p * (p**2 + 1) ** 6.5),
    "sum of a softmax": (
        lambda p: (np.exp(p) / np.exp(p).sum()).sum() + 1e3,
        lambda p: np.exp(p) / np.exp(p).sum() * (1 - (np.exp(p) / np.exp(p).sum()).sum()),
    ),
}


@pytest.mark.parametrize("name", CANCELLING)
@pytest.mark.parametrize("seed", range(5))
def test_right_gradients_of_functions_that_cancel_never_fail(name, seed):
    function, gradient = CANCELLING[name]
    p = np.random.default_rng(seed).standard_normal(6)
    assert not check_gradients(function, gradient, p, seed=seed).failures
    assert not check_gradients(function, gradient(p), p, seed=seed).failures
