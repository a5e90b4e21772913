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


class _Sums(Layer):
    """h = tanh(h @ w + x), step after step; and y = h @ w + tanh(x) of the last one."""

    def __init__(self):
        self.w = Parameter((4, 4), init=Random(0.5))

    def forward(self, x, *, training=False):
        self.h = [np.zeros(x[:, 0].shape, x.dtype)]
        for t in range(x.shape[1]):
            self.h.append(np.tanh(self.h[t] @ self.w.value + x[:, t]))
        return np.stack(self.h[1:], axis=1)


def test_nothing_is_carried_back():
    class Forgets(_Sums):
        def backward(self, dy):
            dx, dh = np.zeros(dy.shape), 0
            self.w.grad[...] = 0
            for t in reversed(range(dy.shape[1])):
                dz = (dy[:, t] + dh) * (1 - self.h[t + 1] ** 2)
                self.w.grad += self.h[t].T @ dz
                dx[:, t] = dz
                dh = 0
            return dx

    said = {c.parameter: c.diagnosis for c in check_layer(Forgets(), draw(2, 3, 4)).failures}
    assert "a missing product dz @ self.w.value.T" in said["input"]
    assert "a missing product dz @ self.w.value.T" in said["w"]


def test_a_path_through_a_matrix_is_missing():
    class Skips(Layer):
        def __init__(self):
            self.w = Parameter((4, 4), init=Random(0.5))

        def forward(self, x, *, training=False):
            self.x = x
            return np.tanh(x) + x @ self.w.value

        def backward(self, dy):
            self.w.grad[...] = self.x.T @ dy
            return dy * (1 - np.tanh(self.x) ** 2)

    (failure,) = check_layer(Skips(), draw(5, 4)).failures
    assert "a missing term + dy @ self.w.value.T" in failure.diagnosis
