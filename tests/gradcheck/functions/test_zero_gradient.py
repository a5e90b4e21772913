"""Gradients that are zero because their terms cancel."""

import numpy as np
import pytest

from minidl import check_gradients

RNG = np.random.default_rng(0)
X, R = RNG.standard_normal((7, 3)), RNG.standard_normal((7, 3))


def normalized(p):
    z = X @ p["W"] + p["b"]
    z = z - z.mean(axis=0)
    return z / np.sqrt((z**2).mean(axis=0) + 1e-5), np.sqrt((z**2).mean(axis=0) + 1e-5)


def cost(p):
    return (normalized(p)[0] * R).sum()


def gradients(p):
    y, deviation = normalized(p)
    dz = (R - R.mean(axis=0) - y * (R * y).mean(axis=0)) / deviation
    return {"W": X.T @ dz, "b": dz.sum(axis=0)}


PARAMETERS = {"W": RNG.standard_normal((3, 3)), "b": RNG.standard_normal(3)}


def test_the_bias_before_a_normalization_is_zero_here():
    report = check_gradients(cost, gradients, PARAMETERS)
    assert report.ok, report
    (check,) = [check for check in report.checks if check.parameter == "b"]
    assert "zero here" in check.diagnosis or not check.numeric.any()


def test_a_wrong_gradient_of_it_fails():
    wrong = lambda p: gradients(p) | {"b": 1e-9 * p["b"]}  # noqa: E731
    assert [check.parameter for check in check_gradients(cost, wrong, PARAMETERS).failures] == ["b"]


def test_zeros_that_differences_cannot_tell_are_unresolved():
    def large(p):
        return float((p["a"] ** 2).sum().real + (p["b"] ** 2).sum().real)

    report = check_gradients(
        large,
        lambda p: {"a": 2 * p["a"], "b": 0 * p["b"]},
        {"a": 1e5 * RNG.standard_normal(4), "b": 1e-5 * RNG.standard_normal(4)},
    )
    assert not report.ok


@pytest.mark.parametrize("factor", [1, 2, -1])
def test_a_small_slope_that_a_large_cost_hides_is_unresolved(factor):
    def large(p):  # is not complex-safe
        return 1e11 * np.sum(p["a"] ** 2) + 1e-5 * np.sum(np.abs(p["b"]) ** 1.5)

    def slopes(p):
        root = np.sqrt(np.abs(p["b"])) * np.sign(p["b"])
        return {"a": 2e11 * p["a"], "b": factor * 1.5e-5 * root}

    report = check_gradients(large, slopes, {"a": np.array([1.0, 2.0]), "b": np.array([0.7, -1.2])})
    assert [check.verdict for check in report.checks] == ["pass", "unresolved"]


@pytest.mark.parametrize("seed", range(8))
def test_the_bias_before_a_normalization_is_zero_here_at_any_point(seed):
    rng = np.random.default_rng(seed)
    parameters = {"W": rng.standard_normal((3, 3)), "b": rng.standard_normal(3)}
    assert check_gradients(cost, gradients, parameters).ok


@pytest.mark.parametrize("seed", range(8))
def test_so_is_a_bias_before_a_mean_is_taken_off_whose_slope_is_a_constant(seed):
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((5, 3))

    def centred(p):
        z = p["x"] + p["b"]
        return ((z - z.mean(axis=0)) * weights).sum()

    def slopes(p):
        dz = weights - weights.mean(axis=0)
        return {"x": dz, "b": dz.sum(axis=0)}

    parameters = {"x": rng.standard_normal((5, 3)), "b": rng.standard_normal(3)}
    assert check_gradients(centred, slopes, parameters).failures == []
