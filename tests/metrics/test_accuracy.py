import numpy as np

from minidl import Accuracy, BinaryCrossEntropy, CategoricalCrossEntropy, Predictions


def measured(loss, output, target, weight=None):
    metric = Accuracy()
    return metric.values(metric.sums(Predictions(loss, output, target, weight)))


def test_the_share_of_right_predictions_by_weight():
    p, t = np.array([[0.9], [0.2], [0.4]]), np.array([[1.0], [1.0], [0.0]])
    assert measured(BinaryCrossEntropy(), p, t) == (2 / 3,)
    assert measured(BinaryCrossEntropy(), p, t, np.array([1.0, 5.0, 2.0])) == (3 / 8,)


def test_each_decision_and_each_position_counts():
    p, t = np.array([[0.9, 0.1], [0.8, 0.3]]), np.array([[1.0, 1.0], [1.0, 0.0]])
    assert measured(BinaryCrossEntropy(), p, t) == (3 / 4,)
    assert measured(BinaryCrossEntropy(), p, t, np.array([3.0, 1.0])) == (2.5 / 4,)
    p, t = np.eye(3)[[[0, 1], [2, 2]]], np.eye(3)[[[0, 2], [2, 1]]]
    assert measured(CategoricalCrossEntropy(), p, t) == (2 / 4,)
    mask = np.array([[1.0, 0.0], [1.0, 1.0]])
    assert measured(CategoricalCrossEntropy(), p, t, mask) == (2 / 3,)
