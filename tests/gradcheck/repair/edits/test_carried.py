"""Edits of what is carried back in time: what they say of mistakes."""

import numpy as np

from minidl import Layer, Parameter
from minidl.initializers import Random
from minidl.testing import check_layer
from tests.gradcheck.corpus.case import edited
from tests.gradcheck.repair.edits.wrong_functions import draw


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


class _Leaking(Layer):
    """h = a * h + tanh(h @ w + x), step after step, with a = 1 / (1 + x**2)."""

    def __init__(self):
        self.w = Parameter((4, 4), init=Random(0.5))

    def forward(self, x, *, training=False):
        self.x, self.n, self.h = x, [], [np.zeros(x[:, 0].shape, x.dtype)]
        for t in range(x.shape[1]):
            self.n.append(np.tanh(self.h[t] @ self.w.value + x[:, t]))
            self.h.append(self.h[t] / (1 + x[:, t] ** 2) + self.n[t])
        return np.stack(self.h[1:], axis=1)

    def backward(self, dy):
        dx, dh = np.zeros(dy.shape), 0
        self.w.grad[...] = 0
        for t in reversed(range(dy.shape[1])):
            a = 1 / (1 + self.x[:, t] ** 2)
            dh = dy[:, t] + dh
            dz = dh * (1 - self.n[t] ** 2)
            self.w.grad += self.h[t].T @ dz
            dx[:, t] = dz - dh * self.h[t] * 2 * self.x[:, t] * a**2
            dh = a * dh + dz @ self.w.value.T
        return dx


def _wrong(change):
    """Return a `_Leaking` with another last line of its loop."""
    right, wrong = change.split(" -> ")
    return edited(_Leaking, f"            dh = {right} ->             dh = {wrong}")()


def test_a_part_of_what_is_carried_back_is_missing():
    x = draw(2, 3, 4)
    assert check_layer(_Leaking(), x).ok
    for wrong, words in {
        "a * dh": "a missing product dz @ self.w.value.T: it is not carried back",
        "dz @ self.w.value.T": "a missing product a * dh: it is not carried back",
    }.items():
        layer = _wrong(f"a * dh + dz @ self.w.value.T -> {wrong}")
        said = {c.parameter: c.diagnosis for c in check_layer(layer, x).failures}
        assert words in said["input"]
        assert words in said["w"]
