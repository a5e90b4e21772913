"""Points far away, and masks that are kept from the first one."""

import numpy as np
import pytest

from minidl import check_gradients
from minidl.gradcheck.functions.distant_points import DISTANT_MOVES, negated, reflected, rolled

X = np.random.default_rng(0).standard_normal((4, 3))
A = X.T @ X + np.eye(3)
L = np.linalg.cholesky(A)


def test_the_moves_keep_what_a_formula_may_rely_on():
    np.linalg.cholesky(rolled(A, A))
    assert np.array_equal(rolled(A, A), rolled(A, A).T)
    assert np.array_equal(reflected(A, A), reflected(A, A).T)
    assert np.allclose(np.sort(reflected(X, X).ravel())[[0, -1]], np.sort(X.ravel())[[0, -1]])
    ordered = np.array([0.1, 0.5, 2.0])
    assert (np.diff(reflected(ordered, ordered)) > 0).all()
    assert np.array_equal(negated(L, L), np.tril(negated(L, L)))
    for move in DISTANT_MOVES:
        assert move(X, X).shape == X.shape
        assert move(np.array(2.0), X).shape == ()


@pytest.mark.parametrize(
    ("cost", "gradient", "x"),
    [
        (lambda p: (p * p).sum() ** 0.5, lambda p: p / np.linalg.norm(p), X),
        (lambda p: np.sqrt(p**2).sum(), np.ones_like, abs(X) + 0.1),
        (lambda p: np.linalg.slogdet(p)[1], np.linalg.inv, A),
        (lambda p: np.log(p).sum(), lambda p: 1 / p, abs(X) + 0.1),
        (lambda p: np.sqrt(p * p), np.ones_like, np.array(0.5)),
        (lambda p: np.where(p.real > 0, p, 0).sum(), lambda p: 1.0 * (p > 0), np.maximum(X, 0)),
        (
            lambda p: (np.diff(p) ** 3).sum(),
            lambda p: -np.diff(3 * np.diff(p) ** 2, 1, -1, 0, 0),
            X,
        ),
        (
            lambda p: np.sqrt(np.diff(p) ** 2).sum(),
            lambda p: np.r_[-1, np.zeros(p.size - 2), 1],
            np.cumsum(abs(X[0])),
        ),
    ],
    ids=["norm", "positive", "symmetric", "log", "one number", "zeros", "differences", "sorted"],
)
def test_right_gradients_and_those_of_a_kind_of_numbers_do_not_fail(cost, gradient, x):
    report = check_gradients(cost, gradient, x)
    assert not report.failures, str(report)


@pytest.mark.parametrize("threshold", [0.0, 0.4])
def test_a_mask_that_is_kept_is_wrong(threshold):
    kept = threshold < X
    assert min(abs(X - threshold).ravel()) > 0.005

    def cost(p):
        return (np.where(p.real > threshold, p - threshold, 0) ** 2).sum()

    report = check_gradients(cost, lambda p: 2 * (p - threshold) * kept, X)
    assert [check.parameter for check in report.failures] == ["follows its argument"]
