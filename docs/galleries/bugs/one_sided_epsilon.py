"""
An epsilon on one side only
===========================

``forward`` adds 1e-7 for safety, and ``backward`` knows nothing of it. The error is of the size of
1e-8, which most checks take for rounding: here every element has its own error bar.
"""

import numpy as np
from network import check

from minidl import Loss


class Guarded(Loss):
    """The mean of log(1 + d**2)."""

    def forward(self, prediction, target):
        self.d = prediction - target
        return np.log(1 + self.d**2 + 1e-7).mean()  # wrong: backward omits the 1e-7

    def backward(self):
        return 2 * self.d / (1 + self.d**2) / self.d.size


report = check(loss=Guarded())
