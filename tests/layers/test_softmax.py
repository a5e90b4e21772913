import numpy as np
import pytest

from minidl import Softmax

floats = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@floats
def test_softmax_survives_logits_of_ten_thousand(dtype):
    layer = Softmax()
    np.testing.assert_array_equal(
        layer.forward(np.array([[1e4, -1e4, 1e4]], dtype)), [[0.5, 0, 0.5]]
    )
    np.testing.assert_array_equal(layer.backward(np.array([[1, 5, 0]], dtype)), [[0.25, 0, -0.25]])


def test_softmax_rows_sum_to_1():
    y = Softmax().forward(np.random.default_rng(0).standard_normal((50, 7)) * 30)
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-14)
