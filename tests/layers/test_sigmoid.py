import numpy as np
import pytest

from minidl import Sigmoid

floats = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@floats
def test_a_saturated_sigmoid_has_a_gradient_of_zero(dtype):
    layer = Sigmoid()
    np.testing.assert_allclose(
        layer.forward(np.array([[-1000, 1000]], dtype)), np.array([[0, 1]]), atol=1e-37
    )
    np.testing.assert_allclose(layer.backward(np.ones((1, 2), dtype)), 0, atol=1e-37)
