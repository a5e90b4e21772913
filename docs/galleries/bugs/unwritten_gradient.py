"""
A gradient that is never written
================================

The bias has no gradient at all. In training, it would use whatever the memory holds, which is often
zero: the bias would just stay as it is.
"""

from network import Dense, check


class Forgets(Dense):
    def backward(self, dy):
        self.weight.grad[...] = dy.T @ self.x
        return dy @ self.weight.value  # wrong: the bias has no gradient


report = check(Forgets(5))
