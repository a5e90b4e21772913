import numpy as np

from minidl import Tanh


def test_output_and_gradient_by_hand():
    layer = Tanh()
    x = np.array([[-1.0, 0.0, np.log(2)]])
    np.testing.assert_allclose(layer.forward(x), [[np.tanh(-1), 0, 0.6]], rtol=1e-15)
    dx = layer.backward(np.array([[1.0, 2.0, 1.0]]))
    np.testing.assert_allclose(dx, [[1 - np.tanh(1) ** 2, 2, 0.64]], rtol=1e-14)
