"""
A penalty whose mean is forgotten
=================================

The penalty divides by the number of examples, and its gradient does not: the fewer examples, the
less it shows.
"""

from network import check

from minidl import L2


class NoMean(L2):
    def gradient(self, weight, m, out):
        out[...] = self.strength * weight  # wrong: / m


report = check(penalties=[NoMean(0.3)])
