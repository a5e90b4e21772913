"""A loss that is no mean over the examples cannot be divided into lanes."""

import numpy as np
import pytest

from minidl import ArgumentError, DataParallel, GradientDescent, Linear, Loss, Sequential

X, Y = np.random.default_rng(0).standard_normal((24, 2)), np.ones((24, 1))


class Squares(Loss):
    """The mean of squared errors, or their sum."""

    def __init__(self, average=True):
        self.average = average

    def forward(self, prediction, target):
        self._gap, self._n = prediction - target, len(target) if self.average else 1
        return (self._gap**2).sum() / self._n

    def backward(self):
        return 2 * self._gap / self._n

    def per_example(self):
        return (self._gap**2).sum(axis=1) * (1 if self.average else len(self._gap))


def fit(loss, **options):
    model = Sequential([Linear(2, 1)], loss=loss)
    model.fit(X, Y, optimizer=GradientDescent(1e-3), epochs=1, progress=False, **options)
    return model


@pytest.mark.parametrize("exact", [True, False])
def test_a_sum_over_examples_is_refused(exact):
    fit(Squares(average=False))
    comm = DataParallel(None, exact=exact)
    with pytest.raises(ArgumentError, match="must be the mean over the examples where a batch"):
        fit(Squares(average=False), comm=comm)


def test_a_mean_is_divided():
    one, other = (fit(Squares(), comm=comm) for comm in (None, DataParallel(None)))
    np.testing.assert_allclose(one.parameters.theta, other.parameters.theta, rtol=1e-5)
