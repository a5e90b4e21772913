"""NumPy for recorded functions."""

import numpy as np
from tape_graphs import DY, W, X, graph_of

from minidl.gradcheck.diagnosis.tape.recording_numpy import with_recording_numpy
from minidl.gradcheck.diagnosis.tape.traced import Tape, Traced


def helper(row):
    out = np.zeros_like(row)
    out[0] = row[1] * row[2]
    return out


def buffered(x, w):
    y = np.zeros((4, 4))
    for i in range(4):
        y[i] = x[i] * w[i] + helper(x[i])
    np.add.at(y, [0, 0], x[:2])
    return np.array([y[0] * 1, y[1], y[2], y[3]])


class Layer:
    def forward(self, x, w):
        y = np.empty(x.shape)
        y[...] = np.tanh(x @ w)
        return y


def numeric(forward):
    gradient = np.zeros((4, 4))
    for index in np.ndindex(4, 4):
        moved = X.copy()
        moved[index] += 1e-6
        up = forward(moved, W)
        moved[index] -= 2e-6
        gradient[index] = (DY * (up - forward(moved, W))).sum() / 2e-6
    return gradient


def test_buffers_can_be_written_into():
    inner = buffered

    def closure(x, w):
        return inner(x, w) * 2

    for forward in (buffered, closure, Layer().forward):
        np.testing.assert_allclose(
            graph_of(forward).gradients()["x"], numeric(forward), rtol=1e-6, atol=1e-6
        )


def test_the_function_itself_keeps_numpy():
    recorded = with_recording_numpy(helper, Tape())
    assert isinstance(recorded(X[0]), Traced)
    assert isinstance(helper(X[0]), np.ndarray)
    assert helper.__globals__["np"] is np


def test_other_callables_and_integers_stay():
    assert with_recording_numpy(np.tanh, Tape()) is np.tanh
    counts = with_recording_numpy(lambda: np.zeros(3, int), Tape())()
    assert isinstance(counts, np.ndarray)
