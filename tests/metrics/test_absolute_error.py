import numpy as np

from minidl import AbsoluteError, MeanSquaredError, Poisson, Predictions

METRIC = AbsoluteError()


def measured(loss, output, target, weight=None):
    return METRIC.values(METRIC.sums(Predictions(loss, output, target, weight)))


def test_the_mean_over_outputs_by_weight():
    p, t = np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[2.0, 4.0], [0.0, 2.0]])
    assert measured(MeanSquaredError(), p, t) == ((1.5 + 1) / 2,)
    assert measured(MeanSquaredError(), p, t, np.array([3.0, 1.0])) == ((3 * 1.5 + 1) / 4,)
    assert METRIC.higher_is_better is False


def test_under_a_poisson_loss_the_expected_counts_are_meant():
    z, t = np.zeros((2, 1)), np.array([[1.0], [3.0]])
    assert measured(Poisson(), z, t) == (1.0,)
    assert measured(Poisson(log_input=False), z + 1, t) == (1.0,)
