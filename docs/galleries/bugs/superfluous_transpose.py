"""
A superfluous transpose
=======================

``dx`` needs the weights as they are; forward has the transposed ones. With a square matrix the
wrong one fits, too.
"""

from network import Dense, check


class TransposedInput(Dense):
    def backward(self, dy):
        self.weight.grad[...] = dy.T @ self.x
        self.bias.grad[...] = dy.sum(axis=0)
        return dy @ self.weight.value.T  # wrong: no .T


report = check(TransposedInput(5))
