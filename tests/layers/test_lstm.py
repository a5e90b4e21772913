"""Values by hand; what all recurrent layers have in common is in test_recurrent.py."""

import numpy as np
from recurrent_loops import sigmoid

from minidl import LSTM
from minidl.layers.lstm import ForgetOne


def test_one_step_by_hand():
    layer = LSTM(1, 1, learn_initial_state=True)
    layer.weight.value = [[1], [2], [3], [4]]
    layer.recurrent_weight.value = [[0.5], [-0.5], [0.25], [0]]
    layer.bias.value = [0, 1, 0, -1]
    layer.initial_state.value, layer.initial_cell.value = [2], [3]
    i, f, g, o = sigmoid(1.5), sigmoid(1.0), np.tanh(2.0), sigmoid(1.0)  # of x = 0.5
    cell = f * 3 + i * g
    y = layer.forward(np.array([[[0.5]]]))
    np.testing.assert_allclose(y, [[[o * np.tanh(cell)]]], rtol=1e-7)
    layer.backward(np.array([[[1.0]]]))
    dcell = o * (1 - np.tanh(cell) ** 2)
    dz = [
        dcell * g * i * (1 - i),
        dcell * 3 * f * (1 - f),
        dcell * i * (1 - g**2),
        np.tanh(cell) * o * (1 - o),
    ]
    np.testing.assert_allclose(layer.bias.grad, dz, rtol=1e-6)
    np.testing.assert_allclose(layer.recurrent_weight.grad[:, 0], 2 * np.array(dz), rtol=1e-6)
    np.testing.assert_allclose(layer.initial_cell.grad, [dcell * f], rtol=1e-6)
    np.testing.assert_allclose(
        layer.initial_state.grad, [np.dot(dz, [0.5, -0.5, 0.25, 0])], rtol=1e-6
    )


def test_an_open_forget_gate_carries_the_cell_and_its_gradient_over_many_steps():
    layer = LSTM(1, 1)
    layer.weight.value = [[60], [0], [60], [0]]
    layer.recurrent_weight.value = np.zeros((4, 1))
    layer.bias.value = [-30, 30, 0, 30]
    x = np.zeros((1, 200, 1))
    x[0, 0] = 1
    y = layer.forward(x)
    np.testing.assert_allclose(y[0, :, 0], np.tanh(1), rtol=1e-10)


def test_the_forget_gate_begins_open():
    bias = LSTM(2, 3).bias.value
    assert bias.tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    assert repr(ForgetOne()) == "ForgetOne()"


def test_parameters():
    layer = LSTM(3, 2, learn_initial_state=True)
    shapes = {name: parameter.shape for name, parameter in layer.parameters().items()}
    assert shapes == {
        "weight": (8, 3),
        "recurrent_weight": (8, 2),
        "bias": (8,),
        "initial_state": (2,),
        "initial_cell": (2,),
    }
    assert LSTM(3, 2).initial_cell is None
