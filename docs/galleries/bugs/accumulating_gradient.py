"""
A gradient that accumulates
===========================

``+=`` adds to what the last step has left. The first step is right; each later one contains all
earlier gradients. A check that calls ``backward`` once cannot see it: here the gradients are filled
with NaN before, which stay.
"""

from network import Dense, check


class Accumulates(Dense):
    def backward(self, dy):
        self.weight.grad += dy.T @ self.x  # wrong: overwrite
        self.bias.grad[...] = dy.sum(axis=0)
        return dy @ self.weight.value


report = check(Accumulates(5))
