"""
A mask without its scale
========================

In training, dropout divides by ``keep_prob``, so backward must, too. The checker freezes the mask:
no randomness is left, and 0.8 is what is missing.
"""

import numpy as np
from network import check

from minidl import Dropout


class Unscaled(Dropout):
    def forward(self, x, *, training=False):
        self.mask = self.rng.random(x.shape) < self.keep_prob if training else np.ones(x.shape)
        return x * self.mask / self.keep_prob if training else x

    def backward(self, dy):
        return dy * self.mask  # wrong: / self.keep_prob while training


report = check(Unscaled(0.8))
