"""A gradient compared element by element."""

import numpy as np

from minidl import check_gradients


def of_rank(rank, seed=0):
    return np.random.default_rng(seed).standard_normal((2, 3, 4)[:rank])


def test_gradients_in_single_precision_are_compared_as_such():
    p = of_rank(2)
    assert check_gradients(lambda p: (p**2).sum(), (2 * p).astype(np.float32), p).ok
    report = check_gradients(lambda p: (p**2).sum(), (2.01 * p).astype(np.float32), p)
    assert not report.ok
    assert any("single precision" in note for note in report.notes)


def test_ready_made_gradients_that_are_slightly_off_are_unresolved():
    p = of_rank(2)
    report = check_gradients(lambda p: (p**2).sum(), 2 * p * (1 + 1e-10), p)
    assert report.checks[0].verdict == "unresolved"
    assert not check_gradients(lambda p: (p**2).sum(), lambda p: 2 * p * (1 + 1e-10), p).ok


def test_a_cost_that_ignores_its_argument_is_told():
    W = np.array([1.0, 2.0])
    report = check_gradients(lambda p: (W**2).sum() + 0 * p.sum(), lambda p: 2 * p, W)
    assert not report.ok
    assert any("does it use its argument" in note for note in report.notes)


def test_what_has_zero_gradient_is_told():
    report = check_gradients(lambda p: p[0] ** 2, lambda p: np.array([2 * p[0], 0.0]), np.ones(2))
    assert report.ok
    assert any("not tested: 1 of 2" in note for note in report.notes)
