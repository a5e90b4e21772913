"""Known mistakes in an activation or in dropout, made in real layers, are called by name."""

import numpy as np
import pytest
from layer_mistakes import diagnoses

from minidl import Layer, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from minidl.gradcheck.diagnosis.activation_mistakes import ACTIVATION_MISTAKES, DROPOUT_MISTAKES


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


# dx as a function of x, y and dy.

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


# dx as a function of the mask, of keep_prob and of dy.

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


def test_every_mistake_has_a_case():
    missing = {words for words, _ in (*ACTIVATION_MISTAKES, *DROPOUT_MISTAKES)} - {
        *ACTIVATIONS,
        *DROPOUT,
    }
    assert not missing, f"add a layer that makes each of these mistakes to this file: {missing}"
