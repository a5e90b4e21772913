"""Large layers are diagnosed as small ones are."""

import numpy as np
import pytest

from minidl import He, Layer, Parameter
from minidl.testing import check_layer

MIXING = np.random.default_rng(1).standard_normal((200, 3))


class Wrong(Layer):
    """A layer whose 30,000 weights reach every output; each bug changes its gradient."""

    def __init__(self, bug):
        super().__init__()
        self.weight = Parameter((200, 150), init=He(), fan_in=150)
        self._bug = bug

    def forward(self, x, *, training=False):
        self.x, self.h = x, np.tanh(x @ self.weight.value.T)
        return self.h @ MIXING

    def backward(self, dy):
        dz = (dy @ MIXING.T) * (1 - self.h**2)
        self.weight.grad[...] = self._bug(dz.T @ self.x)
        return dz @ self.weight.value


def zero_row(g):
    g[17] = 0
    return g


def one_element(g):
    g[33, 44] *= 1.5
    return g


@pytest.mark.parametrize(
    ("bug", "words", "summary"),
    [
        (zero_row, "only row 17 of 200 is zero", "150 of 30000 elements wrong; rows 17 of 200"),
        (one_element, "only element (33, 44) of 30000 is wrong, 1.500", "1 of 30000 elements"),
        (lambda g: 2 * g, "an extra factor of 2", "30000 of 30000 elements wrong; rows all"),
        (lambda g: np.clip(g, -0.5, 0.5), "clipped to +-0.5", "elements that were computed (of"),
    ],
)
def test_a_large_layer_is_diagnosed_and_counted(bug, words, summary):
    report = check_layer(Wrong(bug), np.random.default_rng(0).standard_normal((3, 150)))
    (check,) = (check for check in report.failures if check.term == "layer")
    assert words in check.diagnosis
    assert summary in check.error_summary
