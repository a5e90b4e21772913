import numpy as np
import pytest
from loss_examples import CATEGORICAL, F8, floats

from minidl import (
    ArgumentError,
    ShapeError,
)
from minidl.losses.categorical_cross_entropy import SoftmaxCrossEntropy


@floats
def test_large_logits_do_not_overflow(dtype):
    loss = SoftmaxCrossEntropy()
    logits = np.array([[1e4, -1e4], [1e4, -1e4]], dtype)
    assert loss.forward(logits, np.array([[1, 0], [0, 1]], dtype)) == 1e4
    np.testing.assert_array_equal(loss.backward(), [[0, 0], [0.5, -0.5]])


@pytest.mark.parametrize("loss", CATEGORICAL, ids=str)
@pytest.mark.parametrize(
    "Y",
    [
        [2, 0],
        [[2], [0]],
        np.array([2, 0], np.uint8),
        [2.0, 0.0],
        np.eye(3)[[2, 0]],
        [[0, 0, 5e-324 + 1], [1, 0, 0]],
    ],
)
def test_categorical_targets_become_rows(loss, Y):
    np.testing.assert_array_equal(loss.prepare_targets(Y, 3, F8), [[0, 0, 1], [1, 0, 0]])


@pytest.mark.parametrize("loss", CATEGORICAL, ids=str)
def test_rows_that_almost_sum_to_1_are_normalized(loss):
    assert loss.prepare_targets([[0.5, 0.4999]], 2, F8).sum() == 1


@pytest.mark.parametrize("loss", CATEGORICAL, ids=str)
@pytest.mark.parametrize(
    ("Y", "message"),
    [
        ([0, 3], "integers from 0 to 2, got 3 in row 1"),
        ([-1, 0], "got -1 in row 0"),
        ([0, 0.5], "got 0.5 in row 1"),
        ([0, np.nan], "got nan in row 1"),
        ([[0.5, 0.5, 0.5]], "sum to 1 .*got a sum of 1.5"),
        ([[-0.5, 1.0, 0.5]], "got the number -0.5"),
    ],
)
def test_categorical_targets_must_be_classes_or_probabilities(loss, Y, message):
    with pytest.raises(ArgumentError, match=message):
        loss.prepare_targets(Y, 3, F8)


@pytest.mark.parametrize("loss", CATEGORICAL, ids=str)
def test_class_numbers_need_a_known_number_of_classes(loss):
    with pytest.raises(
        ShapeError, match=r"the number of classes is unknown: pass one_hot\(Y, classes\)"
    ):
        loss.prepare_targets([0, 1], None, F8)
