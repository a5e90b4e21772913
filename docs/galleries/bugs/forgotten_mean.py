"""
A loss whose mean is forgotten
==============================

``forward`` divides by the number of examples, and ``backward`` does not: every step is 6 times as
long with 6 examples, and 64 times with 64.
"""

from network import Y, check

from minidl import MeanSquaredError


class SumOfSquares(MeanSquaredError):
    def backward(self):
        return super().backward() * len(Y)  # wrong: forward divides by m


report = check(loss=SumOfSquares())
