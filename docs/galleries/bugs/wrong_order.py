"""
A product in the wrong order
============================

The product is taken in the wrong order. With a square matrix every shape fits, and each element is
right, in the place of another.
"""

from network import Dense, check


class Transposed(Dense):
    def backward(self, dy):
        self.weight.grad[...] = self.x.T @ dy  # wrong: dy.T @ self.x
        self.bias.grad[...] = dy.sum(axis=0)
        return dy @ self.weight.value


report = check(Transposed(5))
