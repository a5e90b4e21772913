"""Wrong operations of a pair are named through the public function."""

import numpy as np
import pytest

from minidl import check_function

RNG = np.random.default_rng(0)
X, W1, W2 = (RNG.standard_normal(shape) for shape in ((5, 4), (4, 6), (6, 3)))


class Network:
    """Keeps what it computes."""

    def forward(self, x, w1, w2):
        self.x, self.w1, self.w2 = x, w1, w2
        self.h = np.tanh(x @ w1)
        return self.h @ w2

    def backward(self, dy):
        dz = dy @ self.w2.T  # wrong: without the derivative of tanh
        return dz @ self.w1.T, self.x.T @ dz, self.h.T @ dy


def test_a_wrong_operation_inside_is_named_for_all_arrays():
    network = Network()
    report = check_function(network.forward, network.backward, X, W1, W2)
    assert [check.parameter for check in report.failures] == ["w1", "x"]
    for check in report.failures:
        assert "the derivative with respect to the argument of tanh" in check.diagnosis
        assert "self.h = np.tanh(x @ w1)" in check.diagnosis
    assert isinstance(network.forward(X, W1, W2), np.ndarray)


@pytest.mark.parametrize("cache", [False, True])
def test_outputs_and_integers(cache):
    def forward(x, rows):
        y = x[rows]
        return (y, x.sum(), {"rows": rows}) if cache else (y, x.sum())

    def backward(dy, total, cached=None):
        dx = np.full((5, 4), total)
        dx[ROWS] += dy  # wrong: np.add.at
        return dx

    report = check_function(forward, backward, X, ROWS, cache=cache)
    assert "duplicates overwrite" in report.guilty.diagnosis


ROWS = np.array([0, 2, 2, 4])
