"""Correct layers and losses as users write them.

Without super().__init__, with attributes of any name, and not always complex-safe.
"""

import numpy as np
from scipy.special import expit

from minidl import Layer, Linear, Parameter, ReLU, Sigmoid
from minidl.initializers import He, Ones, Zeros
from minidl.losses.base import Loss
from minidl.penalties import Penalty


class Gain(Layer):
    """A learned factor for each feature."""

    def __init__(self, features):
        self.gain = Parameter((features,), init=Ones())

    def forward(self, x, *, training=False):
        self.x = x
        return x * self.gain.value

    def backward(self, dy):
        self.gain.grad[...] = (dy * self.x).sum(axis=0)
        return dy * self.gain.value


class KeepsTheFirst(Gain):
    """Remembers the first batch for ever, while batches have its length."""

    def forward(self, x, *, training=False):
        y = super().forward(x)
        if not hasattr(self, "first"):
            self.first = x.copy()
        if self.first.shape == x.shape:
            self.x = self.first
        return y


class Slope(Layer):
    """PReLU with one learned number, of shape ()."""

    def __init__(self):
        self.slope = Parameter((), init=Zeros())

    def forward(self, x, *, training=False):
        self.x = x
        return np.where(x > 0, x, self.slope.value * x)

    def backward(self, dy):
        self.slope.grad[...] = (dy * self.x * (self.x <= 0)).sum()
        return np.where(self.x > 0, dy, self.slope.value * dy)


class Residual(Layer):
    """A layer of layers: y = x + last(relu(linear(x)))."""

    def __init__(self, width):
        self.steps = [Linear(width, width), ReLU()]
        self.last = Linear(width, width, bias=False)

    def forward(self, x, *, training=False):
        y = x
        for step in self.steps:
            y = step.forward(y, training=training)
        return x + self.last.forward(y, training=training)

    def backward(self, dy):
        dx = self.last.backward(dy)
        for step in reversed(self.steps):
            dx = step.backward(dx)
        return dy + dx


class Tied(Layer):
    """One weight used twice, as in an autoencoder: y = tanh(x @ W.T) @ W."""

    def __init__(self, width, inner):
        self.weight = Parameter((inner, width), init=He(), fan_in=width)

    def forward(self, x, *, training=False):
        self.kept = (x, np.tanh(x @ self.weight.value.T))
        return self.kept[1] @ self.weight.value

    def backward(self, dy):
        x, h = self.kept
        dz = (dy @ self.weight.value.T) * (1 - h**2)
        self.weight.grad[...] = dz.T @ x + h.T @ dy
        return dz @ self.weight.value


class Abs(Layer):
    """|x|, which loses the imaginary part without a word."""

    def forward(self, x, *, training=False):
        self.sign = np.sign(x.real)
        return np.abs(x)

    def backward(self, dy):
        return dy * self.sign


class Expit(Layer):
    """SciPy's sigmoid, which refuses complex numbers."""

    def forward(self, x, *, training=False):
        self.y = expit(x)
        return self.y

    def backward(self, dy):
        return dy * self.y * (1 - self.y)


class SoftSign(Layer):
    """x / (1 + |x|): smooth, but written with abs."""

    def forward(self, x, *, training=False):
        self.below = 1 + np.abs(x)
        return x / self.below

    def backward(self, dy):
        return dy / self.below**2


class UnitRows(Layer):
    """Each row divided by its length: a norm, and elements that depend on their row."""

    def forward(self, x, *, training=False):
        self.length = np.sqrt(0.25 + (x * x).sum(axis=1, keepdims=True))
        self.y = x / self.length
        return self.y

    def backward(self, dy):
        return (dy - self.y * (dy * self.y).sum(axis=1, keepdims=True)) / self.length


class MaxPair(Layer):
    """The larger of the two halves of the features; a tie goes to the first."""

    def forward(self, x, *, training=False):
        half = x.shape[1] // 2
        a, b = x[:, :half], x[:, half:]
        self.first = a.real >= b.real
        return np.where(self.first, a, b)

    def backward(self, dy):
        return np.concatenate([dy * self.first, dy * ~self.first], axis=1)

    def output_shape(self, shape):
        return None if shape is None else (shape[0] // 2,)


class Clip(Layer):
    """x cut off at -1 and 1: two kinks."""

    def forward(self, x, *, training=False):
        self.inside = (x.real > -1) & (x.real < 1)
        return np.clip(x, -1, 1)

    def backward(self, dy):
        return dy * self.inside


class Both(Layer):
    """x and -x side by side: twice as wide."""

    def forward(self, x, *, training=False):
        return np.concatenate([x, -x], axis=1)

    def backward(self, dy):
        half = dy.shape[1] // 2
        return dy[:, :half] - dy[:, half:]

    def output_shape(self, shape):
        return None if shape is None else (2 * shape[0],)


class Noise(Layer):
    """Multiplies by its own noise while training."""

    stochastic = True

    def forward(self, x, *, training=False):
        self.factor = self.rng.normal(1.0, 0.5, x.shape) if training else np.ones(x.shape)
        return x * self.factor

    def backward(self, dy):
        return dy * self.factor


class OwnSigmoid(Sigmoid):
    """A subclass, which is not computed together with its loss."""


class Huber(Loss):
    """Quadratic near 0, linear beyond: written with abs."""

    def forward(self, prediction, target):
        self.gap = prediction - target
        size = np.abs(self.gap)
        return np.where(size < 1, 0.5 * size**2, size - 0.5).sum() / len(prediction)

    def backward(self):
        return np.clip(self.gap, -1, 1) / len(self.gap)


class Hinge(Loss):
    """max(0, 1 - t z) for targets of -1 and 1: a kink, and complex-safe."""

    def forward(self, prediction, target):
        self.target, self.margin = target, 1 - target * prediction
        return np.maximum(self.margin, 0).sum() / len(prediction)

    def backward(self):
        return -self.target * (self.margin > 0) / len(self.target)


class Ring(Penalty):
    """Products of neighbours: one element alone has itself for a neighbour."""

    def value(self, weight, m):
        flat = weight.ravel()
        return self.strength * (flat * np.roll(flat, 1)).sum()

    def gradient(self, weight, m, out):
        flat = weight.ravel()
        out[...] = self.strength * (np.roll(flat, 1) + np.roll(flat, -1)).reshape(weight.shape)
