"""What every page of the gallery of bugs begins with: a layer without a mistake, and `check`."""

import numpy as np

from minidl import (
    GradientChecker,
    He,
    Layer,
    Linear,
    MeanSquaredError,
    Parameter,
    Sequential,
    Tanh,
    Zeros,
)

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((6, 4)), rng.standard_normal((6, 2))


class Dense(Layer):
    """y = x @ weight.T + bias, written out."""

    def __init__(self, width):
        self.weight = Parameter((width, width), init=He(), fan_in=width)
        self.bias = Parameter((width,), init=Zeros())

    def forward(self, x, *, training=False):
        self.x = x
        return x @ self.weight.value.T + self.bias.value

    def backward(self, dy):
        self.weight.grad[...] = dy.T @ self.x
        self.bias.grad[...] = dy.sum(axis=0)
        return dy @ self.weight.value


def check(layer=None, *, loss=None, penalties=(), Y=Y):
    """Check a model of Linear, `layer` and Linear; print the first line about a mistake."""
    layers = [Linear(4, 5), layer or Tanh(), Linear(5, Y.shape[1] if Y.ndim == 2 else 1)]
    loss = loss or MeanSquaredError()
    model = Sequential(layers, loss=loss, penalties=penalties, dtype=np.float64)
    report = GradientChecker(model).check(X, Y)
    print(first_finding(report))
    return report


def first_finding(report):
    """Return the line of the report with the place and the diagnosis of the mistake."""
    if report.ok:
        return "all gradients are right"
    lines = str(report).splitlines()
    return next(line for line in lines if line.startswith(report.guilty.location))
