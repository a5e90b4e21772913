import numpy as np
import pytest

from minidl import BinaryCrossEntropy, CategoricalCrossEntropy, Predictions, Recall

METRIC = Recall()


def measured(loss, output, target):
    (value,) = METRIC.values(METRIC.sums(Predictions(loss, output, target)))
    return value


def test_that_of_class_1_and_the_mean_over_the_classes_that_occur():
    p, t = np.array([[0.9, 0.8, 0.7, 0.1, 0.2]]).T, np.array([[1.0, 0.0, 1.0, 1.0, 1.0]]).T
    assert measured(BinaryCrossEntropy(), p, t) == pytest.approx(2 / 4, rel=1e-15)
    p, t = np.eye(4)[[0, 0, 1, 2]], np.eye(4)[[0, 1, 1, 1]]
    assert measured(CategoricalCrossEntropy(), p, t) == pytest.approx(
        (1 + 1 / 3 + 0) / 3, rel=1e-15
    )


def test_where_nothing_is_predicted_or_expected_it_is_0():
    assert measured(BinaryCrossEntropy(), np.array([[0.1], [0.2]]), np.zeros((2, 1))) == 0
