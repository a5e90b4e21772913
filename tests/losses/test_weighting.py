import numpy as np
import pytest

from minidl import CategoricalCrossEntropy, Loss, MeanSquaredError
from minidl.losses.weighting import expand_weight, supports_weights, weighted_mean


class PerExample(MeanSquaredError):
    """A loss from before there were positions."""

    def per_example(self):
        return 2 * super().per_example()


class Plain(Loss):
    def forward(self, prediction, target):
        return 0.0

    def backward(self):
        return np.zeros(1)


@pytest.mark.parametrize(
    ("loss", "per_example", "per_position"),
    [
        (CategoricalCrossEntropy(), True, True),
        (PerExample(), True, False),
        (Plain(), False, False),
    ],
)
def test_the_weights_that_a_loss_supports(loss, per_example, per_position):
    assert supports_weights(loss, per_position=False) == per_example
    assert supports_weights(loss, per_position=True) == per_position


def test_weighted_means():
    p, t = np.arange(12.0).reshape(2, 3, 2), np.zeros((2, 3, 2))
    losses = (p**2).mean(axis=2)
    loss = MeanSquaredError()
    loss.forward(p, t)
    rows, positions = np.array([0.5, 1.5]), np.array([[2.0, 0, 1], [3, 0, 0]])
    assert weighted_mean(loss, positions) == pytest.approx((losses * positions).mean())
    assert weighted_mean(loss, rows) == pytest.approx((losses.mean(axis=1) * rows).mean())
    custom = PerExample()
    custom.forward(p, t)
    assert weighted_mean(custom, rows) == pytest.approx(2 * (losses.mean(axis=1) * rows).mean())


@pytest.mark.parametrize(
    ("shape", "ndim", "expected"),
    [((4,), 2, (4, 1)), ((4,), 3, (4, 1, 1)), ((4, 2), 3, (4, 2, 1)), ((4, 2), 4, (4, 2, 1, 1))],
)
def test_weights_get_axes_of_length_one(shape, ndim, expected):
    assert expand_weight(np.ones(shape), ndim).shape == expected
