import numpy as np

from minidl import BinaryCrossEntropy, CategoricalCrossEntropy, Predictions, SigmoidCrossEntropy


def test_positions_are_rows_and_those_of_weight_0_are_left_out():
    output = np.arange(12.0).reshape(2, 3, 2)
    target = np.eye(2)[[[0, 1, 1], [1, 0, 0]]]
    loss = CategoricalCrossEntropy()
    whole = Predictions(loss, output, target)
    assert whole.output.shape == whole.target.shape == (6, 2)
    assert whole.row_weight.tolist() == [1] * 6
    masked = Predictions(loss, output, target, np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]]))
    assert masked.output[:, 0].tolist() == [0, 4, 10]
    assert masked.expected.tolist() == [0, 1, 0]
    assert masked.weight.tolist() == [1, 2, 3]
    by_example = Predictions(loss, output, target, np.array([0.0, 2.0]))
    assert by_example.weight.tolist() == [2, 2, 2]


def test_logits_and_targets_have_thresholds_of_their_own():
    output, target = np.array([[0.3], [-0.1], [0.6]]), np.array([[0.2], [1.0], [0.9]])
    predictions = Predictions(SigmoidCrossEntropy(), output, target)
    assert predictions.predicted.tolist() == [1, 0, 1]
    assert predictions.expected.tolist() == [0, 1, 1]
    predictions = Predictions(BinaryCrossEntropy(), output, target)
    assert predictions.predicted.tolist() == [0, 0, 1]


def test_differences_are_in_float64():
    output, target = np.array([[1e8]], np.float32), np.array([[1.0]], np.float32)
    assert Predictions(BinaryCrossEntropy(), output, target).difference.tolist() == [[99999999.0]]
