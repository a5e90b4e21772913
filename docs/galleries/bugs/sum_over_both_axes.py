"""
A sum over both axes
====================

``axis=0`` is missing, so ``dy.sum()`` is one number, and NumPy silently writes it into the whole
bias. Every shape fits, and no error is raised.
"""

from network import Dense, check


class BothAxes(Dense):
    def backward(self, dy):
        self.weight.grad[...] = dy.T @ self.x
        self.bias.grad[...] = dy.sum()  # wrong: axis=0 is missing
        return dy @ self.weight.value


report = check(BothAxes(5))
