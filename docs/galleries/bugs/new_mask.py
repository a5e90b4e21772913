"""
A new mask in backward
======================

``backward`` drops other units than ``forward`` did. On average nothing is wrong, and each single
gradient is.
"""

from network import check

from minidl import Dropout


class NewMask(Dropout):
    def forward(self, x, *, training=False):
        self.training = training
        return super().forward(x, training=training)

    def backward(self, dy):
        if not self.training:
            return dy
        mask = self.rng.random(dy.shape) < self.keep_prob  # wrong: the mask of forward
        return dy * mask / self.keep_prob


report = check(NewMask(0.8))
