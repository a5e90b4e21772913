"""
One of two uses forgotten
=========================

A weight that is used twice has a gradient of two terms, and one is forgotten. The checker sees that
it is wrong, and where. No pattern matches this mistake, and the checker does not guess.
"""

import numpy as np
from network import check

from minidl import He, Layer, Parameter


class Tied(Layer):
    """y = tanh(x @ weight.T) @ weight."""

    def __init__(self, width, inner):
        self.weight = Parameter((inner, width), init=He(), fan_in=width)

    def forward(self, x, *, training=False):
        self.x, self.h = x, np.tanh(x @ self.weight.value.T)
        return self.h @ self.weight.value

    def backward(self, dy):
        dz = dy @ self.weight.value.T * (1 - self.h**2)
        self.weight.grad[...] = self.h.T @ dy  # wrong: + dz.T @ self.x
        return dz @ self.weight.value


report = check(Tied(5, 3))
