import numpy as np
import pytest

from minidl import ArgumentError, LeakyReLU, ReLU


@pytest.mark.parametrize("layer", [ReLU(), LeakyReLU(0.25)], ids=str)
def test_at_the_kink_the_left_slope_counts(layer):
    layer.forward(np.array([[-1.0, 0.0, 1.0]]))
    left = getattr(layer, "slope", 0.0)
    np.testing.assert_array_equal(
        layer.backward(np.array([[2.0, 2.0, 2.0]])), [[2 * left, 2 * left, 2]]
    )


@pytest.mark.parametrize("slope", [-0.1, 1, 2, np.nan, np.inf])
def test_slope_must_be_in_0_to_1(slope):
    with pytest.raises(
        ArgumentError, match=rf"slope must be in \[0, 1\), got {slope} in LeakyReLU"
    ):
        LeakyReLU(slope)
