"""
Writing into the caller's array
===============================

``dy`` belongs to the next layer, which may need it again; in a skip connection, the same array goes
to both branches. The numbers of this layer are right: those of others become wrong.
"""

from network import check

from minidl import ReLU


class InPlace(ReLU):
    def forward(self, x, *, training=False):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dy):
        dy *= self.mask  # wrong: dy * self.mask
        return dy


report = check(InPlace())
