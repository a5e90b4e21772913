"""Each known mistake in a layer, made in a real one, is called by its name."""

import numpy as np
import pytest

from minidl import Layer, LeakyReLU, Linear, Ones, Parameter, ReLU, Sigmoid, Softmax, Tanh
from minidl.gradcheck.diagnosis.activation_mistakes import ACTIVATION_MISTAKES, DROPOUT_MISTAKES
from minidl.gradcheck.diagnosis.batch_mistakes import BATCH_MISTAKES
from minidl.gradcheck.diagnosis.linear_mistakes import (
    MATRIX_MISTAKES,
    TRANSPOSED_WEIGHT,
    VECTOR_MISTAKES,
)
from minidl.testing import check_layer

X = np.random.default_rng(0).standard_normal((5, 5))


def diagnoses(layer):
    return {check.parameter: check.diagnosis for check in check_layer(layer, X).failures}


# Activations: the base, and dx as a function of x, y and dy.


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class HardTanh(Layer):
    """Clips to -1 to 1."""

    def forward(self, x, *, training=False):
        return np.where(np.abs(x.real) < 1, x, np.sign(x.real))


class TanhSkip(Layer):
    """x + tanh(x)."""

    def forward(self, x, *, training=False):
        return x + np.tanh(x)


ACTIVATIONS = {
    "dx = dy: the derivative of the activation is missing": (Tanh, lambda x, y, dy: dy),
    "the derivative is taken at the output instead of the input": (
        Sigmoid,
        lambda x, y, dy: dy * sigmoid(y) * (1 - sigmoid(y)),
    ),
    "dx = dy * y: the output instead of the derivative": (Sigmoid, lambda x, y, dy: dy * y),
    "dx = dy * x: the input instead of the derivative": (Tanh, lambda x, y, dy: dy * x),
    "dx = dy * (1 - y): a term or a square of the derivative is missing": (
        Tanh,
        lambda x, y, dy: dy * (1 - y),
    ),
    "dx = dy * (1 + y): a term of the derivative is missing": (
        Tanh,
        lambda x, y, dy: dy * (1 + y),
    ),
    "dx = dy * y * (1 - y): only the diagonal of the derivative, or a sigmoid's": (
        Softmax,
        lambda x, y, dy: dy * y * (1 - y),
    ),
    "dx = dy * (1 - y**2): a tanh's derivative": (Sigmoid, lambda x, y, dy: dy * (1 - y**2)),
    "dx = dy * x * (1 - x): the derivative's formula for outputs taken at the input": (
        Sigmoid,
        lambda x, y, dy: dy * x * (1 - x),
    ),
    "dx = dy * (1 - x**2): the derivative's formula for outputs taken at the input": (
        Tanh,
        lambda x, y, dy: dy * (1 - x**2),
    ),
    "the mask is taken from the incoming gradient (dy > 0) instead of the input": (
        ReLU,
        lambda x, y, dy: np.maximum(dy, 0),
    ),
    "the mask is inverted: dy where x <= 0": (ReLU, lambda x, y, dy: np.where(x > 0, 0, dy)),
    "the mask is inverted": (HardTanh, lambda x, y, dy: np.where(np.abs(x) < 1, 0, dy)),
    "dx = the derivative alone: the incoming gradient is ignored": (
        Tanh,
        lambda x, y, dy: 1 - y**2,
    ),
    "dx = the mask alone: the incoming gradient is ignored": (
        LeakyReLU,
        lambda x, y, dy: np.heaviside(x, 0.0),
    ),
    "dx = dy * derivative**2: the derivative is applied twice": (
        Tanh,
        lambda x, y, dy: dy * (1 - y**2) ** 2,
    ),
    "dx = dy / derivative: a division instead of a product": (
        Sigmoid,
        lambda x, y, dy: dy / (y * (1 - y)),
    ),
    "dx without dy itself: the gradient of a skip is missing": (
        TanhSkip,
        lambda x, y, dy: dy * (1 - np.tanh(x) ** 2),
    ),
    "dx with dy itself added once too often": (Tanh, lambda x, y, dy: dy * (1 - y**2) + dy),
    "dx = y * (dy - sum(dy * y) over the examples): the sum runs over the wrong axis": (
        Softmax,
        lambda x, y, dy: y * (dy - (dy * y).sum(axis=0)),
    ),
}


@pytest.mark.parametrize("words", ACTIVATIONS)
def test_a_mistake_in_an_activation(words):
    base, dx = ACTIVATIONS[words]

    class Wrong(base):
        def forward(self, x, *, training=False):
            self.x, self.y = x, np.array(super().forward(x, training=training))
            return self.y

        def backward(self, dy):
            return dx(self.x, self.y, dy) * 1.0

    assert f"consistent with: {words} (" in diagnoses(Wrong())["input"]


# Dropout: dx as a function of the mask, of keep_prob and of dy.

DROPOUT = {
    "the mask is missing: dx = dy / keep_prob": lambda mask, keep, dy: dy / keep,
    "the mask and its scale are missing: dx = dy, as outside of training": (
        lambda mask, keep, dy: dy * 1.0
    ),
    "the mask is scaled by 1/keep_prob twice": lambda mask, keep, dy: dy * mask / keep**2,
    "the mask is inverted and scaled": lambda mask, keep, dy: dy * ~mask / keep,
    "the mask is inverted and unscaled": lambda mask, keep, dy: dy * ~mask,
}


@pytest.mark.parametrize("words", DROPOUT)
def test_a_mistake_in_dropout(words):
    class WrongDropout(Layer):
        stochastic = True

        def __init__(self):
            self.keep_prob = 0.7

        def forward(self, x, *, training=False):
            self.mask = self.rng.random(x.shape) < self.keep_prob if training else None
            return x * self.mask / self.keep_prob if training else x * 1.0

        def backward(self, dy):
            return dy * 1.0 if self.mask is None else DROPOUT[words](self.mask, self.keep_prob, dy)

    assert f"consistent with: {words} (" in diagnoses(WrongDropout())["input"]


# The incoming gradient: what the weight's gradient is computed from.


def except_row(dy, row):
    dy = dy.copy()
    dy[row] = 0
    return dy


BATCH = {
    "only the last example is in the sum over the batch": lambda dy: dy - except_row(dy, -1),
    "the last example is left out of the sum over the batch": lambda dy: except_row(dy, -1),
    "only the first example is in the sum over the batch": lambda dy: dy - except_row(dy, 0),
    "the first example is left out of the sum over the batch": lambda dy: except_row(dy, 0),
    "the examples of dy are in reverse order": lambda dy: np.flip(dy, axis=0).copy(),
    "the examples of dy are shifted by one": lambda dy: np.vstack([dy[-1:], dy[:-1]]),
    "dy squared instead of dy": lambda dy: dy**2,
    "the size of dy instead of dy": lambda dy: np.sqrt(dy**2),
    "the sign of dy instead of dy": lambda dy: dy / np.abs(dy + (dy == 0)),
    "the positive part of dy instead of dy": lambda dy: np.where(dy > 0, dy, 0.0),
}


class Dense(Linear):
    """Remembers its input and output."""

    def __init__(self):
        super().__init__(5, 5)

    def forward(self, x, *, training=False):
        self.x, self.y = x, np.array(super().forward(x, training=training))
        return self.y


@pytest.mark.parametrize("words", BATCH)
def test_a_mistake_in_the_incoming_gradient(words):
    class Wrong(Dense):
        def backward(self, dy):
            dx = super().backward(dy)
            self.weight.grad[...] = BATCH[words](dy).T @ self.x
            return dx

    assert f"consistent with: {words} (" in diagnoses(Wrong())["weight"]


# Gradients of vectors and matrices, as a function of x, y, dy and the right gradient.

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


def test_the_weight_transposed_in_the_input_gradient():
    class Wrong(Dense):
        def backward(self, dy):
            super().backward(dy)
            return dy @ self.weight.value.T

    assert f"consistent with: {TRANSPOSED_WEIGHT} (" in diagnoses(Wrong())["input"]


@pytest.mark.parametrize(
    ("mistakes", "cases"),
    [
        (ACTIVATION_MISTAKES, ACTIVATIONS),
        (DROPOUT_MISTAKES, DROPOUT),
        ([(words, None) for words in BATCH_MISTAKES], BATCH),
        (VECTOR_MISTAKES, {*VECTORS, GAIN}),
        (MATRIX_MISTAKES, MATRICES),
    ],
    ids=["activation", "dropout", "batch", "vector", "matrix"],
)
def test_every_mistake_has_a_case(mistakes, cases):
    missing = {words for words, _ in mistakes} - set(cases)
    assert not missing, f"add a layer that makes each of these mistakes to this file: {missing}"
