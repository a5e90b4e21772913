"""
The wrong sign
==============

A minus too many. Gradient descent then climbs, but only in this one matrix.
"""

from network import Dense, check


class Sign(Dense):
    def backward(self, dy):
        self.weight.grad[...] = -dy.T @ self.x  # wrong: the minus
        self.bias.grad[...] = dy.sum(axis=0)
        return dy @ self.weight.value


report = check(Sign(5))
