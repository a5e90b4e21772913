"""Edits that add what was forgotten: what they say of mistakes."""

import numpy as np

from minidl import Layer, Parameter
from minidl.initializers import Random
from minidl.testing import check_layer
from tests.gradcheck.repair.edits.wrong_functions import draw, explained


def test_the_incoming_gradient_lacks_a_derivative():
    def forward(x, w):
        return np.tanh(x @ w)

    def backward(dy, x, w):
        return dy @ w.T, x.T @ dy

    said = explained(forward, backward, draw(5, 4), draw(4, 3))
    assert "right with `dy * (1 - forward_output ** 2)` for `dy`" in said
    assert "dy is not multiplied by 1 - forward_output ** 2" in said


def test_a_missing_factor():
    def forward(x, w):
        return np.exp(x * w)

    def backward(dy, x, w):
        y = np.exp(x * w)
        return dy * w * y, dy * y

    assert "right with `dy * y * x` for `dy * y`" in explained(
        forward, backward, draw(5, 4), draw(5, 4)
    )


def test_a_missing_term():
    def forward(x, w):
        return x * w + np.sin(w)

    def backward(dy, x, w):
        slope = np.cos(w)
        return dy * w, dy * slope

    said = explained(forward, backward, draw(5, 4), draw(4, 5).T)
    assert "right with `np.cos(w) + x` for `np.cos(w)`" in said


def test_a_missing_term_that_is_computed_elsewhere():
    def forward(x):
        return np.sin(x) * np.exp(2 * x) + np.tanh(x)

    def backward(dy, x):
        grown = np.exp(2 * x)
        return dy * (np.cos(x) * grown + 2 * np.sin(x) * grown) - 0 * np.cosh(x) ** -2

    said = explained(forward, backward, draw(5, 4))
    assert "right with" in said


def test_the_mean_is_not_subtracted():
    def forward(x):
        return (x - x.mean(axis=0)) ** 3

    def backward(dy, x):
        c = x - x.mean(axis=0)
        return 3 * dy * c**2

    said = explained(forward, backward, draw(5, 4))
    assert "mean" in said


def test_a_function_is_not_called():
    def forward(x, w):
        return np.exp(np.sin(x)) * w

    def backward(dy, x, w):
        s = np.sin(x)
        return dy * s * np.cos(x) * w, dy * np.exp(s)

    said = explained(forward, backward, draw(5, 4), draw(4, 5).T)
    assert "a missing exp; right with `np.exp(s)` for `s`" in said


def test_the_sum_of_a_softmax_is_missing():
    def forward(x):
        a = np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
        return np.sin(a)

    def diagonal(dy, x):
        a = np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
        d = dy * np.cos(a)
        return a * (d * (1 - a))

    def without(dy, x):
        a = np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
        d = dy * np.cos(a)
        return a * d

    for backward in (diagonal, without):
        said = explained(forward, backward, draw(5, 4))
        assert "the sum over the row of a softmax is missing" in said


def test_the_value_of_a_parameter_and_what_forward_stored_are_missing():
    class Scaled(Layer):
        def __init__(self):
            self.gain = Parameter((4,), init=Random(1.0))

        def forward(self, x, *, training=False):
            self.x, self.root = x, np.sqrt(1 + x * x)
            return self.gain.value * self.root

        def backward(self, dy):
            self.gain.grad[...] = (dy * self.root).sum(axis=0)
            return dy * self.x / self.root

    (failure,) = check_layer(Scaled(), draw(5, 4)).failures
    assert "a missing factor self.gain.value" in failure.diagnosis


def test_the_derivative_of_a_call_or_of_a_stored_gate_is_missing():
    class Gates(Layer):
        """y = g * tanh(x) with a gate g = 1 / (1 + exp(-w x))."""

        def __init__(self):
            self.w = Parameter((4,), init=Random(1.0))

        def forward(self, x, *, training=False):
            self.x, self.g = x, 1 / (1 + np.exp(-self.w.value * x))
            return self.g * np.tanh(x)

        def slopes(self, dy):
            g, t = self.g, np.tanh(self.x)
            dg = dy * t * g * (1 - g)
            return dg, dy * g * (1 - np.tanh(self.x) ** 2)

        def backward(self, dy):
            dg, direct = self.slopes(dy)
            self.w.grad[...] = (dg * self.x).sum(axis=0)
            return dg * self.w.value + direct

    class WithoutGate(Gates):
        def slopes(self, dy):
            g, t = self.g, np.tanh(self.x)
            dg = dy * t
            return dg, dy * g * (1 - np.tanh(self.x) ** 2)

    class WithoutTanh(Gates):
        def slopes(self, dy):
            g, t = self.g, np.tanh(self.x)
            dg = dy * t * g * (1 - g)
            return dg, dy * g * 1

    x = draw(5, 4)
    assert check_layer(Gates(), x).ok
    of_w, of_x = (c.diagnosis for c in check_layer(WithoutGate(), x).failures)
    for said in (of_w, of_x):
        assert "a missing derivative of a sigmoid, g * (1 - g); right with `dy * t * (" in said
    (failure,) = check_layer(WithoutTanh(), x).failures
    assert "the derivative of np.tanh(self.x) is missing" in failure.diagnosis


def test_a_part_of_what_is_joined_lacks_a_factor():
    def forward(x, w):
        return np.concatenate([x * w, np.sin(x)])

    def backward(dy, x, w):
        first, second = np.split(dy, 2)
        both = np.concatenate([first, second * np.cos(x)])
        return both[:5] + both[5:], first * x

    said = explained(forward, backward, draw(5, 4), draw(4, 5).T)
    assert "a missing factor w; right with `first * w` for `first`" in said
