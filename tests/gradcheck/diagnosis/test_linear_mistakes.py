"""Each known mistake in the gradient of a vector or a matrix, made in a real layer, is named."""

import numpy as np
import pytest
from layer_mistakes import Dense, diagnoses

from minidl import Layer, Ones, Parameter
from minidl.gradcheck.diagnosis.linear_mistakes import MATRIX_MISTAKES, VECTOR_MISTAKES

# Gradients as a function of x, y, dy and the right gradient.

VECTORS = {
    "summed over the wrong axis: over the features instead of the examples": (
        lambda x, y, dy, right: dy.sum(axis=1) if len(dy) == len(right) else right
    ),
    "all elements equal the sum of dy over both axes": lambda x, y, dy, right: dy.sum(),
    "the mean of dy over both axes in every element": lambda x, y, dy, right: dy.mean(),
    "the largest of dy instead of its sum over the examples": (
        lambda x, y, dy, right: dy.max(axis=0)
    ),
    "the sum of dy * x": lambda x, y, dy, right: (dy * x).sum(axis=0),
    "the sum of dy * y: the output instead of the input": (
        lambda x, y, dy, right: (dy * y).sum(axis=0)
    ),
}


@pytest.mark.parametrize("words", VECTORS)
def test_a_mistake_in_the_gradient_of_a_bias(words):
    class Wrong(Dense):
        def backward(self, dy):
            dx = super().backward(dy)
            self.bias.grad[...] = VECTORS[words](self.x, self.y, dy, self.bias.grad)
            return dx

    assert f"consistent with: {words} (" in diagnoses(Wrong())["bias"]


GAIN = "the sum of dy alone: a factor is left out"


def test_a_factor_left_out_of_the_gradient_of_a_gain():
    class Gain(Layer):
        def __init__(self):
            self.gain = Parameter((5,), init=Ones())

        def forward(self, x, *, training=False):
            self.x = x
            return x * self.gain.value

        def backward(self, dy):
            self.gain.grad[...] = dy.sum(axis=0)
            return dy * self.gain.value

    assert f"consistent with: {GAIN} (" in diagnoses(Gain())["gain"]


MATRICES = {
    "dy.T @ y: the layer's output instead of its input": lambda x, y, dy: dy.T @ y,
    "dy.T @ x with the input squared": lambda x, y, dy: dy.T @ x**2,
    "dy.T @ x with the input left out": lambda x, y, dy: dy.sum(axis=0)[:, np.newaxis],
    "dy.T @ x with the input without its sign": lambda x, y, dy: dy.T @ np.abs(x),
}


@pytest.mark.parametrize("words", MATRICES)
def test_a_mistake_in_the_gradient_of_a_weight(words):
    class Wrong(Dense):
        def backward(self, dy):
            dx = super().backward(dy)
            self.weight.grad[...] = MATRICES[words](self.x, self.y, dy)
            return dx

    assert f"consistent with: {words} (" in diagnoses(Wrong())["weight"]


def test_every_mistake_has_a_case():
    missing = {words for words, _ in (*VECTOR_MISTAKES, *MATRIX_MISTAKES)} - {
        *VECTORS,
        *MATRICES,
        GAIN,
    }
    assert not missing, f"add a layer that makes each of these mistakes to this file: {missing}"
