"""Values by hand; what all recurrent layers have in common is in test_recurrent.py."""

import numpy as np
from recurrent_loops import sigmoid

from minidl import GRU


def test_one_step_by_hand():
    layer = GRU(1, 1, learn_initial_state=True)
    layer.weight.value = [[1], [2], [3]]
    layer.recurrent_weight.value = [[0.5], [-0.5], [0.25]]
    layer.bias.value, layer.recurrent_bias.value = [0, 1, -1], [0.75]
    layer.initial_state.value = [2]
    r, u = sigmoid(1.5), sigmoid(1.0)  # of x = 0.5
    q = 0.25 * 2 + 0.75
    n = np.tanh(0.5 + r * q)
    y = layer.forward(np.array([[[0.5]]]))
    np.testing.assert_allclose(y, [[[(1 - u) * n + u * 2]]], rtol=1e-7)
    layer.backward(np.array([[[1.0]]]))
    dn = (1 - u) * (1 - n**2)
    dz = np.array([dn * q * r * (1 - r), (2 - n) * u * (1 - u), dn])
    np.testing.assert_allclose(layer.bias.grad, dz, rtol=1e-6)
    np.testing.assert_allclose(layer.recurrent_bias.grad, [r * dn], rtol=1e-6)
    dv = dz * [1, 1, r]
    np.testing.assert_allclose(layer.recurrent_weight.grad[:, 0], 2 * dv, rtol=1e-6)
    np.testing.assert_allclose(
        layer.initial_state.grad, [u + np.dot(dv, [0.5, -0.5, 0.25])], rtol=1e-6
    )


def test_an_open_update_gate_keeps_the_state():
    layer = GRU(1, 3, learn_initial_state=True)
    layer.bias.value = [0] * 3 + [80] * 3 + [0] * 3
    layer.initial_state.value = [0.1, -0.5, 0.9]
    y = layer.forward(np.zeros((2, 100, 1), np.float32))
    np.testing.assert_array_equal(y, np.broadcast_to(layer.initial_state.value, (2, 100, 3)))
    layer.backward(np.ones((2, 100, 3), np.float32))
    assert layer.initial_state.grad.tolist() == [200] * 3


def test_parameters():
    layer = GRU(3, 2, learn_initial_state=True)
    shapes = {name: parameter.shape for name, parameter in layer.parameters().items()}
    assert shapes == {
        "weight": (6, 3),
        "recurrent_weight": (6, 2),
        "bias": (6,),
        "recurrent_bias": (2,),
        "initial_state": (2,),
    }
