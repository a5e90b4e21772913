"""Probes of a large array at a point where the cost has kinks."""

import numpy as np
import pytest

from minidl import check_gradients

RNG = np.random.default_rng(0)
X = np.maximum(RNG.standard_normal((60, 100)), 0)  # half of it is zero
R = RNG.standard_normal((60, 100))


def relu_cost(x):
    return (R * np.maximum(x, 0)).sum()


def relu_gradient(x):
    return R * (x > 0)


def maximum_cost(x):
    return (R[:, :25] * x.reshape(60, 25, 4).max(axis=2)).sum()


def maximum_gradient(x, *, share=True):
    parts = x.reshape(60, 25, 4)
    hit = (parts == parts.max(axis=2, keepdims=True)).astype(float)
    if share:
        hit /= hit.sum(axis=2, keepdims=True)
    return (hit * R[:, :25, np.newaxis]).reshape(x.shape)


@pytest.mark.parametrize(
    ("cost", "gradient"),
    [
        (relu_cost, relu_gradient),
        (relu_cost, lambda x: R * (x >= 0)),
        (maximum_cost, maximum_gradient),
    ],
)
def test_subgradients_pass(cost, gradient):
    report = check_gradients(cost, gradient, X)
    (check,) = report.checks
    assert check.verdict == "pass"
    assert check.kinks > 100
    assert check.difference < 1e-12
    assert "sit exactly on a kink" in str(report)


def test_a_wrong_gradient_is_found_beside_kinks():
    def wrong(x):
        g = relu_gradient(x)
        g[3] *= 2
        return g

    (check,) = check_gradients(relu_cost, wrong, X).failures
    assert "row 3" in check.diagnosis


def test_what_is_no_subgradient_along_a_smooth_direction_fails():
    (check,) = check_gradients(maximum_cost, lambda x: maximum_gradient(x, share=False), X).failures
    assert "no subgradient" in check.diagnosis


def test_a_slope_outside_of_the_one_sided_ones_fails():
    (check,) = check_gradients(relu_cost, lambda x: R * np.where(x == 0, -3.0, x > 0), X).failures
    assert check.worst["index"]


def test_ready_made_gradients_at_kinks_are_unresolved():
    report = check_gradients(relu_cost, relu_gradient(X), X, budget=500)
    assert report.status == "unresolved"
    assert "kink" in report.checks[0].diagnosis
