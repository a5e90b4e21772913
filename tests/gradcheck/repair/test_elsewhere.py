"""Edits that are right by accident."""

import numpy as np
import pytest

from minidl import check_function, check_gradients
from minidl.gradcheck.repair.elsewhere import OtherPoint, is_refuted, other_values

RNG = np.random.default_rng(0)
X = RNG.standard_normal((4, 3))


def point(cost, x=X):
    return OtherPoint({"x": x}, lambda values: cost(values["x"]), lambda edited: {})


def test_elements_are_scaled_and_symmetry_stays():
    a = X @ X.T
    values = {"x": X, "a": a, "b": X[:, 0], "scalar": np.array(2.0)}
    moved = other_values(values, np.random.default_rng(1))
    np.testing.assert_array_equal(np.sign(moved["x"]), np.sign(X))
    np.testing.assert_allclose(moved["a"], moved["a"].T)
    assert np.linalg.eigvalsh(moved["a"] + np.eye(4)).min() > 0
    assert not np.isclose(moved["b"], X[:, 0]).any()
    assert moved["scalar"] == 2
    np.testing.assert_array_equal(values["a"], X @ X.T)


def test_a_wrong_gradient_is_refuted_and_a_right_one_is_not():
    sines = point(lambda x: np.sin(x).sum())
    assert not is_refuted(sines, {"x": np.cos(X)}, ["x"])
    assert is_refuted(sines, {"x": 1.01 * np.cos(X)}, ["x"])


def test_nothing_is_refuted_at_a_kink():
    kinks = point(lambda x: np.abs(x).sum(), np.zeros((4, 3)))
    assert not is_refuted(kinks, {"x": np.ones((4, 3))}, ["x"])


def hinge(s, t):
    return np.maximum(0, 1 - (2 * t - 1) * s).sum()


def without_mask(s, t):
    return -(2 * t - 1) * 1.0


T = np.array([0, 1, 1, 0, 1, 0, 1])
S = np.array([-1.2, 0.5, 1.4, 0.3, 2.0, 0.9, 0.6])  # a mask s < 1 is right here, too


@pytest.mark.parametrize("kind", ["pair", "cost"])
def test_an_edit_that_is_right_at_one_point_is_not_named(kind):
    if kind == "pair":
        report = check_function(
            lambda s: hinge(s, T), lambda dy, s: dy * without_mask(s, T), S, backward_inputs=True
        )
    else:
        report = check_gradients(lambda s: hinge(s, T), lambda s: without_mask(s, T), S)
    assert report.failures
    assert "(s < 1)" not in report.guilty.diagnosis
