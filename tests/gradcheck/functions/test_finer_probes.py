"""Slight errors by differences: the finer look at an array along random directions."""

import re

import numpy as np
import pytest

from minidl import check_gradients
from minidl.gradcheck.functions.analytic_gradient import AnalyticGradient
from minidl.gradcheck.functions.array_probes import ArrayProbes
from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.finer_probes import look_finer
from minidl.gradcheck.functions.pytree import ParameterTree
from minidl.gradcheck.result import Check

RNG = np.random.default_rng(0)
W = RNG.standard_normal((30, 40))
X = RNG.standard_normal((5, 30))


def cost(p):
    return np.abs(np.tanh(X @ p) + 2).sum() + 100  # no complex step


def gradient(p):
    return X.T @ (1 - np.tanh(X @ p) ** 2)


def one_element(size):
    error = np.zeros(W.shape)
    error[3, 5] = size * np.linalg.norm(gradient(W))
    return error


@pytest.mark.parametrize("shape", ["small", "large"])
def test_a_right_gradient_is_fine_and_a_slight_error_fails(shape):
    w = W if shape == "small" else np.tile(W, (1, 10))
    right = check_gradients(cost, gradient, w)
    assert right.ok, right
    assert right.checks[0].resolution <= 1e-8
    for factor in (1 + 3e-8, 1 - 1e-7, 1 + 1e-6):
        assert check_gradients(cost, lambda p, f=factor: f * gradient(p), w).failures


def test_what_single_elements_hide_is_seen_by_the_finer_look_alone():
    def large(p):
        return cost(p) + 1e4

    w = W[:, :4]
    assert check_gradients(large, gradient, w).ok
    (check,) = check_gradients(large, lambda p: (1 + 3e-8) * gradient(p), w).failures
    assert re.search(r"slightly off along \d+ of 10 random directions", check.diagnosis)


def test_an_error_of_one_element_fails():
    for size in (1e-8, 1e-7, 1e-6):
        assert check_gradients(cost, lambda p, s=size: gradient(p) + one_element(s), W).failures


@pytest.mark.parametrize(
    "unchanged",
    [
        {"verdict": "fail"},
        {"verdict": "unresolved"},
        {"kinks": 2},
        {"diagnosis": "zero here"},
        {"resolution": 1e-9},
        {"resolution": np.inf},
    ],
)
def test_other_checks_stay_as_they_are(unchanged):
    options = {"verdict": "pass", "resolution": 1e-7} | unchanged
    check = Check(None, "total", "W", **options)
    before = repr(check)
    look_finer(check, probes(lambda p: 2 * gradient(p)), 0)
    assert repr(check) == before


def test_what_a_large_cost_hides_is_unresolved():
    check = Check(None, "total", "W", resolution=1e-3)
    look_finer(check, probes(gradient, lambda p: cost(p) + 1e9), 0)
    assert check.verdict == "unresolved"
    assert check.resolution > 1e-8


def probes(gradients, of=cost):
    function = CostFunction(of, ParameterTree(W))
    analytic = AnalyticGradient(gradients, function, np.random.default_rng(0))
    return ArrayProbes(function, analytic, function.central)


@pytest.mark.parametrize("factor", [1.0, 1 + 3e-8])
def test_beside_elements_at_kinks_a_slight_error_of_the_others_fails(factor):
    w = W[:, :4].copy()
    w[:2, :3] = 0.0

    def with_kinks(p):
        return cost(p) + np.abs(p[:2]).sum() + 1e4

    def slightly_wrong(p):
        right = gradient(p)
        right[:2] += np.sign(p[:2])
        return factor * right

    report = check_gradients(with_kinks, slightly_wrong, w)
    assert report.status == ("ok" if factor == 1 else "failed"), report
    assert report.checks[0].kinks == 6
