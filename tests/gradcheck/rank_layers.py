"""Correct custom layers of sequences and images, (m, t, d) and (m, h, w, d)."""

import numpy as np

from minidl import Layer, Ones, Parameter, Random


class LayerNorm(Layer):
    """Each vector of the last axis normalized, times a learned gain."""

    def __init__(self, features):
        self.gain = Parameter((features,), init=Ones())

    def forward(self, x, *, training=False):
        centred = x - x.mean(axis=-1, keepdims=True)
        self.deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-2)
        self.unit = centred / self.deviation
        return self.unit * self.gain.value

    def backward(self, dy):
        self.gain.grad[...] = (dy * self.unit).sum(axis=tuple(range(dy.ndim - 1)))
        g = dy * self.gain.value
        along_unit = self.unit * (g * self.unit).mean(axis=-1, keepdims=True)
        return (g - g.mean(axis=-1, keepdims=True) - along_unit) / self.deviation

    def output_shape(self, shape):
        return shape


class Mixing(Layer):
    """A learned matrix that mixes the positions of axis 1; its output shape is unknown."""

    def __init__(self, positions, outputs):
        self.matrix = Parameter((outputs, positions), init=Random(0.5))

    def forward(self, x, *, training=False):
        self.x = x
        return np.einsum("st,mt...->ms...", self.matrix.value, x)

    def backward(self, dy):
        dy_rows, x_rows = (np.swapaxes(a, 0, 1).reshape(a.shape[1], -1) for a in (dy, self.x))
        self.matrix.grad[...] = dy_rows @ x_rows.T
        return np.einsum("st,ms...->mt...", self.matrix.value, dy)


class PositionMean(Layer):
    """The mean over axis 1, which is gone afterwards."""

    def forward(self, x, *, training=False):
        self.shape = x.shape
        return x.mean(axis=1)

    def backward(self, dy):
        return np.broadcast_to(dy[:, np.newaxis] / self.shape[1], self.shape).copy()

    def output_shape(self, shape):
        return None if shape is None else shape[1:]


class RunningSum(Layer):
    """Sums over the positions of axis 1 up to each one."""

    def forward(self, x, *, training=False):
        return np.cumsum(x, axis=1)

    def backward(self, dy):
        return np.cumsum(dy[:, ::-1], axis=1)[:, ::-1]

    def output_shape(self, shape):
        return shape


class Swap(Layer):
    """Axes 1 and 2 exchanged; its output shape is unknown."""

    def forward(self, x, *, training=False):
        return np.swapaxes(x, 1, 2)

    def backward(self, dy):
        return np.swapaxes(dy, 1, 2)
