"""Derivatives at wrong values."""

import re

import numpy as np
import pytest
from tape_graphs import DY, W, X, graph_of, words_of

from minidl.gradcheck.diagnosis.tape.sites import sites_of
from minidl.gradcheck.diagnosis.tape.value_edits import CHANGES, value_edits


def words(forward, wrong):
    graph = graph_of(forward)
    return words_of(value_edits(graph, sites_of(graph)), graph, **wrong)


@pytest.mark.parametrize("change", CHANGES)
def test_the_other_factor_is_changed(change):
    found = words(lambda x, w: x @ w, {"w": CHANGES[change](X).T @ DY})
    expected = f"the first argument of @ .* is {re.escape(change)} in the derivative"
    assert any(re.search(expected, each) for each in found), found


def test_another_result_is_read():
    z = np.tanh(X)
    found = words(lambda x, w: np.tanh(x) @ w, {"w": X.T @ DY})
    assert any(each.startswith("x is read for the first argument of @") for each in found)
    found = words(lambda x, w: np.tanh(x) @ w, {"x": (DY @ W.T) * (1 - np.tanh(z) ** 2)})
    assert any(each.startswith("the result of tanh is read for it") for each in found)


def test_the_mask_of_a_maximum_is_inverted():
    dx = np.zeros((4, 4))
    dx[np.arange(4), X.argmin(axis=1)] = DY.sum(axis=1)
    found = words(lambda x, w: x.max(axis=1, keepdims=True) + 0 * w, {"x": dx})
    assert any(each.startswith("the mask is inverted") for each in found)


def test_a_step_is_shifted():
    def recurrent(x, w):
        h, states = np.zeros(4), []
        for row in x:
            h = np.tanh(h @ w + row)
            states.append(h)
        return np.stack(states)

    h = [np.zeros(4), *recurrent(X, W)]
    dh, dw = np.zeros(4), np.zeros((4, 4))
    for t in reversed(range(4)):
        dz = (DY[t] + dh) * (1 - h[t + 1] ** 2)
        dw += np.outer(h[t + 1], dz)
        dh = dz @ W.T
    assert any("(shifted)" in each for each in words(recurrent, {"w": dw}))
