"""A network of custom layers with buffers, in containers, that couples the rows of a batch."""

import numpy as np

from minidl import (
    L2,
    BinaryCrossEntropy,
    Buffer,
    Dropout,
    Layer,
    Linear,
    Ones,
    Parameter,
    Residual,
    Sequential,
    Sigmoid,
    Zeros,
)


class BatchNormalization(Layer):
    """y = gain * (x - mean) / sqrt(variance + epsilon) + shift."""

    couples_examples = True

    def __init__(self, features, momentum=0.1):
        self.features = features
        self.momentum = momentum
        self.gain = Parameter((features,), init=Ones())
        self.shift = Parameter((features,), init=Zeros())
        self.mean = Buffer((features,), init=Zeros())
        self.variance = Buffer((features,), init=Ones())

    def settings(self):
        return {"features": self.features, "momentum": self.momentum}

    def output_shape(self, shape):
        return shape

    def forward(self, x, *, training=False):
        self.training = training
        mean, variance = self.mean.value, self.variance.value
        if training:
            mean, variance = x.mean(axis=0), ((x - x.mean(axis=0)) ** 2).mean(axis=0)
            self.mean.value += self.momentum * (mean - self.mean.value)
            self.variance.value += self.momentum * (variance - self.variance.value)
        self.scale = 1 / np.sqrt(variance + 1e-5)
        self.normalized = (x - mean) * self.scale
        return self.gain.value * self.normalized + self.shift.value

    def backward(self, dy):
        self.gain.grad[...] = (dy * self.normalized).sum(axis=0)
        self.shift.grad[...] = dy.sum(axis=0)
        dx = dy * self.gain.value
        if self.training:
            dx = dx - dx.mean(axis=0) - self.normalized * (dx * self.normalized).mean(axis=0)
        return dx * self.scale


class Swish(Layer):
    """y = x * sigmoid(beta * x), with one learned beta per feature."""

    def __init__(self, features):
        self.features = features
        self.beta = Parameter((features,), init=Ones())

    def output_shape(self, shape):
        return shape

    def forward(self, x, *, training=False):
        self.x = x
        self.s = 1 / (1 + np.exp(-self.beta.value * x))
        return x * self.s

    def backward(self, dy):
        slope = self.s * (1 - self.s)
        self.beta.grad[...] = (dy * slope * self.x**2).sum(axis=0)
        return dy * (self.s + self.beta.value * self.x * slope)


class NoisyBlock(Layer):
    """y = x + swish(normalization(linear(x))), with dropout: layers in a list and a dict."""

    def __init__(self, features):
        self.features = features
        self.inner = [Linear(features, features), BatchNormalization(features)]
        self.last = {"activation": Swish(features), "dropout": Dropout(0.9)}

    def output_shape(self, shape):
        return shape

    def _in_order(self):
        return [*self.inner, *self.last.values()]

    def forward(self, x, *, training=False):
        y = x
        for layer in self._in_order():
            y = layer.forward(y, training=training)
        return x + y

    def backward(self, dy):
        dx = dy
        for layer in reversed(self._in_order()):
            dx = layer.backward(dx)
        return dy + dx


CUSTOM = [BatchNormalization, Swish, NoisyBlock]


def normalized_network(seed=1, dtype=np.float32):
    layers = [
        Linear(2, 6),
        BatchNormalization(6),
        Swish(6),
        NoisyBlock(6),
        Residual(Linear(6, 6), BatchNormalization(6), Swish(6)),
        Dropout(0.8),
        Linear(6, 1),
        Sigmoid(),
    ]
    return Sequential(
        layers, loss=BinaryCrossEntropy(), penalties=[L2(0.1)], seed=seed, dtype=dtype
    )
