"""
A penalty with a factor 2
=========================

The penalty is strength / (2 m) times the sum of squares: the 2 cancels in its gradient. It is
multiplied here instead, and the decay of the weights is twice as strong as asked for.
"""

from network import check

from minidl import L2


class Twice(L2):
    def gradient(self, weight, m, out):
        out[...] = 2 * self.strength / m * weight  # wrong: the 2


report = check(penalties=[Twice(0.3)])
