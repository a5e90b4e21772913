"""A custom layer that takes integers."""

import numpy as np

from minidl import Layer, Parameter, Random


class Tokens(Layer):
    """Look up a vector for each integer: (m, ...) -> (m, ..., features)."""

    takes_integers = True

    def __init__(self, size, features):
        self.size, self.features = size, features
        self.table = Parameter((size, features), init=Random(1.0))

    def forward(self, x, *, training=False):
        assert x.dtype == np.int64
        self.x = x
        return self.table.value[x]

    def backward(self, dy):
        self.table.grad[...] = 0
        np.add.at(self.table.grad, self.x, dy)

    def output_shape(self, shape):
        return None if shape is None else (*shape, self.features)

    def settings(self):
        return {"size": self.size, "features": self.features}
