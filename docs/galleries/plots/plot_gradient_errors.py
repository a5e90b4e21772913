"""
Where a gradient is wrong
=========================

Each element of each weight matrix, in units of its error bar: a row is forgotten.
"""

import numpy as np

from minidl import CategoricalCrossEntropy, GradientChecker, Linear, Sequential, Softmax, Tanh
from minidl import plots


class ForgetsARow(Linear):
    def backward(self, dy):
        dx = super().backward(dy)
        self.weight.grad[2] = 0  # wrong
        return dx


layers = [ForgetsARow(8, 12), Tanh(), Linear(12, 4), Softmax()]
model = Sequential(layers, loss=CategoricalCrossEntropy(), seed=0, dtype=np.float64)
X = np.random.default_rng(0).standard_normal((9, 8))
report = GradientChecker(model).check(X, np.arange(9) % 4)
axes = plots.gradient_errors(report)
