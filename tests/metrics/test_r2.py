import numpy as np
import pytest

from minidl import R2, MeanSquaredError, Predictions

METRIC = R2()


def sums(output, target, weight=None):
    return METRIC.sums(Predictions(MeanSquaredError(), output, target, weight))


def test_one_minus_the_share_of_squares():
    t = np.array([[1.0], [2.0], [6.0]])
    assert METRIC.values(sums(t + 1, t)) == (1 - 3 / 14,)
    assert METRIC.values(sums(t, t)) == (1.0,)
    assert METRIC.values(sums(np.full_like(t, 3.0), t)) == (0.0,)


def test_the_squares_around_the_mean_of_all_batches():
    t = 1e9 + np.array([[0.0], [1.0], [2.0], [7.0], [9.0]])
    total = METRIC.add(sums(t[:2] + 1, t[:2]), sums(t[2:] + 1, t[2:]))
    assert METRIC.values(total) == pytest.approx((1 - 5 / ((t - t.mean()) ** 2).sum(),), rel=1e-12)
    nothing = sums(t[:1], t[:1], np.zeros(1))
    assert METRIC.add(nothing, total) is METRIC.add(total, nothing) is total


def test_a_target_that_never_changes():
    t = np.full((7, 1), 0.1)
    total = METRIC.add(sums(t[:3], t[:3]), sums(t[3:], t[3:]))
    assert METRIC.values(total) == (1.0,)
    assert METRIC.values(METRIC.add(total, sums(t + 1e-9, t))) == (0.0,)
    assert np.isnan(METRIC.values(sums(t[:1], t[:1])))
