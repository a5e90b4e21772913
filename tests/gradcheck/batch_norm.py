"""A custom batch normalization of rows, sequences or images, right or with one planted bug."""

import numpy as np

from minidl import Buffer, Layer, Ones, Parameter, Zeros


class BatchNorm(Layer):
    """Batch normalization whose backward has the bug of that name, if one is given."""

    couples_examples = True

    def __init__(self, features, bug=""):
        self.gain = Parameter((features,), init=Ones())
        self.shift = Parameter((features,), init=Zeros())
        self.mean = Buffer((features,), init=Zeros())
        self.var = Buffer((features,), init=Ones())
        self.bug = bug

    def forward(self, x, *, training=False):
        self.training = training
        mean, var = self.mean.value, self.var.value
        self.axes = tuple(range(x.ndim - 1))
        if training:
            mean = x.mean(axis=self.axes)
            var = ((x - mean) ** 2).mean(axis=self.axes)
            self.mean.value += 0.1 * (mean - self.mean.value)
            self.var.value += 0.1 * (var - self.var.value)
        self.std = np.sqrt(var + 1e-5)
        self.unit = (x - mean) / self.std
        return self.unit * self.gain.value + self.shift.value

    def backward(self, dy):
        self.gain.grad[...] = (dy * self.unit).sum(axis=self.axes)
        self.shift.grad[...] = dy.sum(axis=self.axes)
        g = dy if self.bug == "gain" else dy * self.gain.value
        if not self.training or self.bug == "statistics ignored":
            return g / self.std
        mean = g.mean(axis=self.axes)
        variance = self.unit * (g * self.unit).mean(axis=self.axes)
        if self.bug == "mean of another axis":
            mean = g.mean(axis=1, keepdims=True)
        elif self.bug == "1/m missing":
            mean = g.sum(axis=self.axes)
        elif self.bug == "mean":
            mean = 0
        elif self.bug == "variance":
            variance = 0
        elif self.bug == "variance without the unit":
            variance = (g * self.unit).mean(axis=self.axes)
        return (g - mean - variance) / self.std


class Undeclared(BatchNorm):
    """The same without the declaration."""

    couples_examples = False


class AlsoAtInference(BatchNorm):
    """Takes the batch's statistics at inference, too."""

    def forward(self, x, *, training=False):
        return super().forward(x, training=True)
