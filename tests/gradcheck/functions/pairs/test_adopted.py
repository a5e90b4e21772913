"""The parameters of an object."""

import numpy as np

from minidl import check_function

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
