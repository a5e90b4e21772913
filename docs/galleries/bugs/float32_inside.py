"""
Float32 inside
==============

The model computes in float64, and this layer in float32 inside. The gradient is right to seven
digits, and no further. The checker knows the size of each rounding error, and tells it from a bug.
"""

import numpy as np
from network import Dense, check


class Single(Dense):
    def backward(self, dy):
        self.weight.grad[...] = dy.astype(np.float32).T @ self.x.astype(
            np.float32
        )  # wrong: the model's dtype
        self.bias.grad[...] = dy.sum(axis=0)
        return dy @ self.weight.value


report = check(Single(5))
