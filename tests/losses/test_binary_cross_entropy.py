import numpy as np
import pytest
from loss_examples import BINARY, F8, floats

from minidl import (
    ArgumentError,
    BinaryCrossEntropy,
)
from minidl.losses.binary_cross_entropy import SigmoidCrossEntropy


@pytest.mark.parametrize(("t", "value"), [(1.0, 0.0), (0.0, 1000.0), (0.5, 500.0)])
@floats
def test_large_logits_do_not_overflow(t, value, dtype):
    loss = SigmoidCrossEntropy()
    assert (
        loss.forward(np.array([[1000], [-1000]], dtype), np.array([[t], [1 - t]], dtype)) == value
    )
    np.testing.assert_array_equal(loss.backward(), [[(1 - t) / 2], [(t - 1) / 2]])


@pytest.mark.parametrize("loss", BINARY, ids=str)
@pytest.mark.parametrize(("Y", "value"), [([0, 2], "2"), ([-1, 1], "-1"), ([0.5, 1.01], "1.01")])
def test_binary_targets_lie_in_0_to_1(loss, Y, value):
    with pytest.raises(
        ArgumentError,
        match=rf"Y must lie in \[0, 1\] for .*CrossEntropy\(\), got {value}: number the two cl",
    ):
        loss.prepare_targets(Y, 1, F8)


@pytest.mark.parametrize(
    ("loss", "sure"), [(BinaryCrossEntropy(), (0.2, 0.8)), (SigmoidCrossEntropy(), (-1.0, 1.0))]
)
def test_a_target_between_the_classes_counts_as_the_nearer_one(loss, sure):
    no, yes = sure
    prediction, target = (
        np.array([[no], [no], [yes], [yes]]),
        np.array([[0.3], [0.7], [0.7], [0.7]]),
    )
    assert loss.count_correct(prediction, target) == (3, 4)
