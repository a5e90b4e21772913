"""
A stale cache
=============

``forward`` keeps a shape, a mask or an output of the first batch and never renews it. The first
step is right. The checker sends a second batch of the same size.
"""

import numpy as np
from network import check

from minidl import Tanh


class Stale(Tanh):
    y = None

    def forward(self, x, *, training=False):
        y = np.tanh(x)
        if self.y is None or len(self.y) != len(y):
            self.y = y  # wrong: stored only for the first batch of this size
        return y

    def backward(self, dy):
        return dy * (1 - self.y**2)


report = check(Stale())
