"""
The skip forgotten
==================

A residual layer adds its input to its output, so ``dy`` goes both ways. This one forgets the short
way, for which such layers exist.
"""

from network import check

from minidl import Layer, Linear


class Residual(Layer):
    """y = x + inner(x)."""

    def __init__(self, width):
        self.inner = Linear(width, width)

    def forward(self, x, *, training=False):
        return x + self.inner.forward(x, training=training)

    def backward(self, dy):
        return self.inner.backward(dy)  # wrong: dy + ...


report = check(Residual(5))
