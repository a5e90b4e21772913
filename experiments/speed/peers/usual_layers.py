"""Layers in NumPy as they are usually written to explain them, channels last.

A convolution copies the windows of the whole batch into one matrix ("im2col"); a pool takes the
argmax of copied windows; an LSTM keeps what each step has computed in a list. Each result is a new
array. Written from the formulas and not from minidl, in float64 they are also the reference for
what all peers compute.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from ..layer_loads import Arrays


class UsualLayer(Protocol):
    """A layer: `backward` leaves the parameters' gradients in `gradients`."""

    gradients: Arrays

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Return y."""

    def backward(self, dy: np.ndarray, with_dx: bool = True) -> np.ndarray | None:
        """Return dx, if it is wanted."""


class Linear:
    """y = x @ weight.T + bias."""

    def __init__(self, parameters: Mapping[str, np.ndarray]) -> None:
        self.parameters = parameters

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return x @ self.parameters["weight"].T + self.parameters["bias"]

    def backward(self, dy: np.ndarray, with_dx: bool = True) -> np.ndarray | None:
        self.gradients = {"weight": dy.T @ self.x, "bias": dy.sum(axis=0)}
        return dy @ self.parameters["weight"] if with_dx else None


class Convolution:
    """The windows of all pictures as rows of one matrix, times the weights."""

    def __init__(self, parameters: Mapping[str, np.ndarray]) -> None:
        self.linear = Linear(
            {**parameters, "weight": parameters["weight"].reshape(len(parameters["bias"]), -1)}
        )
        self.weight_shape = parameters["weight"].shape

    def forward(self, x: np.ndarray) -> np.ndarray:
        m, h, w, c = self.x_shape = x.shape
        out, size = self.weight_shape[:2]
        before = size // 2
        padded = np.pad(x, ((0, 0), (before, before), (before, before), (0, 0)))
        columns = np.empty((m, h, w, size, size, c), x.dtype)
        for i in range(size):
            for j in range(size):
                columns[:, :, :, i, j] = padded[:, i : i + h, j : j + w]
        return self.linear.forward(columns.reshape(m * h * w, -1)).reshape(m, h, w, out)

    def backward(self, dy: np.ndarray, with_dx: bool = True) -> np.ndarray | None:
        m, h, w, c = self.x_shape
        out, size = self.weight_shape[:2]
        d_columns = self.linear.backward(dy.reshape(-1, out), with_dx)
        self.gradients = dict(self.linear.gradients)
        self.gradients["weight"] = self.gradients["weight"].reshape(self.weight_shape)
        if d_columns is None:
            return None
        d_columns = d_columns.reshape(m, h, w, size, size, c)
        d_padded = np.zeros((m, h + size - 1, w + size - 1, c), dy.dtype)
        for i in range(size):
            for j in range(size):
                d_padded[:, i : i + h, j : j + w] += d_columns[:, :, :, i, j]
        before = size // 2
        return d_padded[:, before : before + h, before : before + w]


class MaxPool:
    """The maximum of windows of 2 x 2 pixels, copied side by side."""

    def __init__(self, parameters: Mapping[str, np.ndarray]) -> None:
        self.gradients: Arrays = {}

    def forward(self, x: np.ndarray) -> np.ndarray:
        m, h, w, c = self.x_shape = x.shape
        windows = x.reshape(m, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 5, 2, 4)
        windows = windows.reshape(m, h // 2, w // 2, c, 4)
        self.winners = windows.argmax(axis=-1)[..., np.newaxis]
        return np.take_along_axis(windows, self.winners, axis=-1)[..., 0]

    def backward(self, dy: np.ndarray, with_dx: bool = True) -> np.ndarray:
        m, h, w, c = self.x_shape
        windows = np.zeros((*dy.shape, 4), dy.dtype)
        np.put_along_axis(windows, self.winners, dy[..., np.newaxis], axis=-1)
        windows = windows.reshape(m, h // 2, w // 2, c, 2, 2)
        return windows.transpose(0, 1, 4, 2, 5, 3).reshape(self.x_shape)


class ReLU:
    """max(0, x)."""

    def __init__(self, parameters: Mapping[str, np.ndarray]) -> None:
        self.gradients: Arrays = {}

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.is_positive = x > 0
        return np.maximum(x, 0)

    def backward(self, dy: np.ndarray, with_dx: bool = True) -> np.ndarray:
        return dy * self.is_positive


class Normalization:
    """weight * (x - mean) / sqrt(var + 1e-5) + bias, over one axis of rows (n, features)."""

    axis: int

    def __init__(self, parameters: Mapping[str, np.ndarray]) -> None:
        self.parameters = parameters

    def forward(self, x: np.ndarray) -> np.ndarray:
        rows = x.reshape(-1, x.shape[-1])
        mean = rows.mean(axis=self.axis, keepdims=True)
        variance = rows.var(axis=self.axis, keepdims=True)
        self.deviation = np.sqrt(variance + 1e-5)
        self.z = (rows - mean) / self.deviation
        return (self.parameters["weight"] * self.z + self.parameters["bias"]).reshape(x.shape)

    def backward(self, dy: np.ndarray, with_dx: bool = True) -> np.ndarray:
        rows, z, axis = dy.reshape(self.z.shape), self.z, self.axis
        self.gradients = {"weight": (rows * z).sum(axis=0), "bias": rows.sum(axis=0)}
        dz = rows * self.parameters["weight"]
        means = dz.mean(axis=axis, keepdims=True), (dz * z).mean(axis=axis, keepdims=True)
        return ((dz - means[0] - z * means[1]) / self.deviation).reshape(dy.shape)


class BatchNorm(Normalization):
    """Each feature over all rows."""

    axis = 0


class LayerNorm(Normalization):
    """Each row by itself."""

    axis = 1


class LSTM:
    """All gates of a step by one product with the weights, side by side, of state and input."""

    def __init__(self, parameters: Mapping[str, np.ndarray]) -> None:
        self.weights = np.hstack([parameters["recurrent_weight"], parameters["weight"]])
        self.bias = parameters["bias"]

    def forward(self, x: np.ndarray) -> np.ndarray:
        m, t, _ = x.shape
        units = len(self.bias) // 4
        h = c = np.zeros((m, units), x.dtype)
        y, self.steps = np.empty((m, t, units), x.dtype), []
        for k in range(t):
            joined = np.hstack([h, x[:, k]])
            z = joined @ self.weights.T + self.bias
            i, f = sigmoid(z[:, :units]), sigmoid(z[:, units : 2 * units])
            g, o = np.tanh(z[:, 2 * units : 3 * units]), sigmoid(z[:, 3 * units :])
            previous, c = c, f * c + i * g
            tanh_c = np.tanh(c)
            h = y[:, k] = o * tanh_c
            self.steps.append((joined, i, f, g, o, previous, tanh_c))
        return y

    def backward(self, dy: np.ndarray, with_dx: bool = True) -> np.ndarray:
        m, t, units = dy.shape
        d_weights, d_bias = np.zeros_like(self.weights), np.zeros_like(self.bias)
        dx = np.empty((m, t, self.weights.shape[1] - units), dy.dtype)
        dh = dc = np.zeros((m, units), dy.dtype)
        for k in reversed(range(t)):
            joined, i, f, g, o, previous, tanh_c = self.steps[k]
            dh = dy[:, k] + dh
            dc = dc + dh * o * (1 - tanh_c**2)
            dz = np.hstack(
                [
                    dc * g * i * (1 - i),
                    dc * previous * f * (1 - f),
                    dc * i * (1 - g**2),
                    dh * tanh_c * o * (1 - o),
                ]
            )
            d_weights += dz.T @ joined
            d_bias += dz.sum(axis=0)
            d_joined = dz @ self.weights
            dh, dx[:, k], dc = d_joined[:, :units], d_joined[:, units:], dc * f
        self.gradients = {
            "weight": d_weights[:, units:],
            "recurrent_weight": d_weights[:, :units],
            "bias": d_bias,
        }
        return dx


def sigmoid(z: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-z))."""
    return 1 / (1 + np.exp(-z))


class Flatten:
    """Each example as a row."""

    def __init__(self, parameters: Mapping[str, np.ndarray]) -> None:
        self.gradients: Arrays = {}

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x_shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy: np.ndarray, with_dx: bool = True) -> np.ndarray:
        return dy.reshape(self.x_shape)


KINDS = {
    "convolution": Convolution,
    "max-pool": MaxPool,
    "batch norm": BatchNorm,
    "layer norm": LayerNorm,
    "lstm": LSTM,
}
