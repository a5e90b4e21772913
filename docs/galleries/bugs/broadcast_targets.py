"""
(m, 1) against (m,)
===================

The prediction is (m, 1), the target (m,), and NumPy broadcasts their difference to (m, m). The loss
decreases during training, but the predictions do not approach the targets.
"""

from network import Y, check

from minidl import Loss


class Broadcast(Loss):
    def forward(self, prediction, target):
        self.p, self.t = prediction, target
        return ((prediction - target) ** 2).mean()

    def backward(self):
        d = self.p - self.t[:, 0]  # wrong: (m, 1) - (m,) is (m, m)
        return 2 * d.mean(axis=1, keepdims=True) / len(d)


report = check(loss=Broadcast(), Y=Y[:, 0])
