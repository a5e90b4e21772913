"""Values by hand; what all recurrent layers have in common is in test_recurrent.py."""

import numpy as np
from recurrent_loops import drawn

from minidl import RNN


def test_two_steps_by_hand():
    layer = RNN(1, 2)
    layer.weight.value = [[1], [2]]
    layer.recurrent_weight.value = [[0, 1], [-1, 0]]
    layer.bias.value = [0.5, 0]
    first = np.tanh([1.5, 2.0])  # of x = 1
    second = np.tanh([-1 + 0.5 + first[1], -2 - first[0]])  # of x = -1
    y = layer.forward(np.array([[[1.0], [-1.0]]]))
    np.testing.assert_allclose(y, [[first, second]], rtol=1e-15)
    dx = layer.backward(np.array([[[0.0, 0.0], [1.0, 0.0]]]))
    dz_second = np.array([1 - second[0] ** 2, 0])
    dz_first = (1 - first**2) * [0, dz_second[0]]  # through recurrent_weight[0, 1]
    np.testing.assert_allclose(dx, [[[2 * dz_first[1]], [dz_second[0]]]], rtol=1e-12)
    np.testing.assert_allclose(layer.bias.grad, dz_first + dz_second, rtol=1e-6)
    np.testing.assert_allclose(layer.weight.grad[:, 0], dz_first - dz_second, rtol=1e-6)
    np.testing.assert_allclose(layer.recurrent_weight.grad, np.outer(dz_second, first), rtol=1e-6)


def test_parameters_and_formula():
    layer = RNN(3, 2, learn_initial_state=True)
    shapes = {name: parameter.shape for name, parameter in layer.parameters().items()}
    assert shapes == {
        "weight": (2, 3),
        "recurrent_weight": (2, 2),
        "bias": (2,),
        "initial_state": (2,),
    }
    assert layer.formula()[0] == "h[k] = tanh(weight @ x[k] + bias + recurrent_weight @ h[k-1])"
    assert not any(layer.parameters()[name].penalized for name in ("bias", "initial_state"))


def test_an_orthogonal_layer_that_hardly_bends_keeps_the_norm_of_gradients():
    layer = drawn(RNN(1, 8), scale=1e-9)
    layer.recurrent_weight.value = np.linalg.qr(np.random.default_rng(0).standard_normal((8, 8)))[0]
    layer.forward(np.zeros((1, 100, 1)))
    dy = np.zeros((1, 100, 8))
    dy[0, -1, 0] = 1
    layer.backward(dy)
    norm = np.linalg.norm(layer.recurrent_weight.value @ np.ones(8)) / np.sqrt(8)
    dstates = layer.workspace["dstates"].reshape(101, 8)
    np.testing.assert_allclose(np.linalg.norm(dstates, axis=1), norm, rtol=1e-9)
