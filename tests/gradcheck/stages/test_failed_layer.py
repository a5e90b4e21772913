"""The explanation of a layer that failed."""

import numpy as np
import pytest

from minidl import BinaryCrossEntropy, GradientChecker, He, Linear, Sequential, Sigmoid
from minidl.layers import Layer
from minidl.parameters import Parameter
from minidl.testing import check_layer

X = np.random.default_rng(0).standard_normal((5, 4))
Y = (X[:, :1] > 0).astype(float)


class Gated(Layer):
    """x * tanh(x W), its backward wrong: the weight is not transposed."""

    def __init__(self):
        self.weight = Parameter((4, 4), init=He(), fan_in=4)

    def forward(self, x, *, training=False):
        self.x, self.h = x, np.tanh(x @ self.weight.value)
        return x * self.h

    def backward(self, dy):
        dz = dy * self.x * (1 - self.h**2)
        self.weight.grad[...] = self.x.T @ dz
        return dy * self.h + dz @ self.weight.value


LINE = Gated.backward.__code__.co_firstlineno + 3
CURE = "right with `dz @ self.weight.value.T` for `dz @ self.weight.value`"


def check_in_model():
    layers = [Gated(), Linear(4, 1), Sigmoid()]
    return GradientChecker(Sequential(layers, loss=BinaryCrossEntropy())).check(X, Y)


@pytest.mark.parametrize("check", [lambda: check_layer(Gated(), X), check_in_model])
def test_the_line_to_change_in_a_layer_of_the_user(check):
    (failure,) = check().failures
    assert failure.parameter == "input"
    assert f"{CURE} in line {LINE}" in failure.diagnosis


def test_the_layer_keeps_its_backward():
    layer = Gated()
    check_layer(layer, X)
    assert "backward" not in vars(layer)


class Writes(Layer):
    """sin(x) * w, whose backward lacks a factor, and in which some edits write into dy."""

    def __init__(self):
        self.w = Parameter((3,), init=He(), fan_in=3)

    def forward(self, x, *, training=False):
        self.x = x
        return np.sin(x) * self.w.value

    def backward(self, dy):
        dx = np.zeros(dy.shape)
        dx[:, :2] = (dy * self.w.value)[:, :2]
        dx[:, 2:] = (dy * self.w.value)[:, 2:]
        self.w.grad[...] = (dy * np.sin(self.x)).sum(axis=0)
        return dx


def test_what_edits_write_changes_no_later_one():
    (failure,) = check_layer(Writes(), X[:, :3]).failures
    assert failure.parameter == "input"
    assert "cos" in failure.diagnosis
