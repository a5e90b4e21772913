"""The parameters of an object."""

import numpy as np

from minidl import Linear, MeanSquaredError, Sequential, check_function

X = np.random.default_rng(0).standard_normal((4, 3))


class Layer:
    def __init__(self):
        self.W, self.dW = np.ones((3, 2)), np.zeros((3, 2))

    def forward(self, x):
        self.x = x
        return np.sin(x) @ self.W

    def backward(self, dy):
        self.dW += np.sin(self.x).T @ dy
        return np.cos(self.x) * (dy @ self.W.T)


def test_gradients_that_pile_up_are_noted():
    layer = Layer()
    report = check_function(layer.forward, layer.backward, X)
    assert report.ok
    assert [check.parameter for check in report.checks if check.term == "total"] == ["x", "W"]
    assert ["pile up" in note for note in report.notes] == [True]
    assert not layer.dW.any()


class Filled:
    """It copies its input into an array of its own, whose gradient has the name of one."""

    def __init__(self):
        self.x, self.dx = X.copy(), np.zeros((4, 3))

    def forward(self, x):
        self.x[...] = x.real
        return np.sin(x)

    def backward(self, dy):
        self.dx[...] = dy * np.cos(self.x)
        return self.dx


def test_what_forward_fills_is_no_parameter():
    layer = Filled()
    report = check_function(layer.forward, layer.backward, X)
    assert report.ok
    assert [check.parameter for check in report.checks if check.term == "total"] == ["x"]
    assert np.array_equal(layer.x, X)


def test_the_parameters_of_a_layer_of_minidl_are_checked():
    layer = Linear(3, 2)
    Sequential([layer], loss=MeanSquaredError(), seed=0)
    report = check_function(layer.forward, layer.backward, X)
    assert report.ok
    names = [check.parameter for check in report.checks if check.term == "total"]
    assert names == ["x", "weight", "bias"]
