"""
The mask of the wrong array
===========================

The gradient of a ReLU passes where the *input* was positive. This mask looks at the gradient
itself, and lets no negative gradient through.
"""

from network import check

from minidl import ReLU


class WrongMask(ReLU):
    def backward(self, dy):
        return dy * (dy > 0)  # wrong: the mask is where the input was positive


report = check(WrongMask())
