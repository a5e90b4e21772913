import numpy as np

from minidl import ReLU


def test_negative_inputs_and_their_gradients_become_zero():
    layer = ReLU()
    np.testing.assert_array_equal(layer.forward(np.array([[-2.0, 0.0, 3.0]])), [[0, 0, 3]])
    np.testing.assert_array_equal(layer.backward(np.array([[5.0, 6.0, 7.0]])), [[0, 0, 7]])
