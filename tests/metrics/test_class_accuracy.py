import numpy as np

from minidl import BinaryCrossEntropy, CategoricalCrossEntropy, ClassAccuracy, Predictions

METRIC = ClassAccuracy()


def measured(loss, output, target, weight=None):
    return list(METRIC.values(METRIC.sums(Predictions(loss, output, target, weight))))


def test_the_share_of_each_class_that_is_found():
    p, t = np.eye(4)[[0, 1, 1, 2]], np.eye(4)[[0, 0, 1, 1]]
    loss = CategoricalCrossEntropy()
    assert measured(loss, p, t) == [1 / 2, 1 / 2, 0, 0]
    assert measured(loss, p, t, np.array([3.0, 1.0, 0.0, 1.0])) == [3 / 4, 0, 0, 0]
    names = ("class_accuracy_0", "class_accuracy_1", "class_accuracy_2", "class_accuracy_3")
    assert METRIC.columns(loss, 4) == names


def test_one_output_has_two_classes_and_decisions_have_a_share_each():
    p, t = np.array([[0.9], [0.8], [0.2]]), np.array([[1.0], [0.0], [0.0]])
    assert measured(BinaryCrossEntropy(), p, t) == [1 / 2, 1]
    assert len(METRIC.columns(BinaryCrossEntropy(), 1)) == 2
    p, t = np.array([[0.9, 0.1], [0.8, 0.3]]), np.array([[1.0, 1.0], [1.0, 0.0]])
    assert measured(BinaryCrossEntropy(), p, t) == [1, 1 / 2]
