"""Backward passes that are right for another forward."""

import numpy as np
import pytest
from tape_graphs import DY, W, X, graph_of

from minidl import check_gradients
from minidl.gradcheck.diagnosis.limits import OTHER_FORWARD_NODES
from minidl.gradcheck.diagnosis.tape.other_forwards import other_forwards


def norm(x, w):
    return x / np.sqrt((x * x).sum(axis=1, keepdims=True) + 0.01)


def norm_without(x, w):
    return x / np.sqrt((x * x).sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("forward", "other", "words"),
    [
        (norm, norm_without, "without the constant, such as an epsilon, in +"),
        (
            lambda x, w: np.tanh(x + w),
            lambda x, w: np.tanh(x - w),
            "with the other sign in +",
        ),
        (lambda x, w: np.exp(x - w), lambda x, w: np.exp(x + w), "with the other sign in -"),
        (lambda x, w: np.tanh(x.T) @ w, lambda x, w: np.tanh(x) @ w, "without .T"),
    ],
)
def test_the_gradients_of_the_other_forward_are_given(forward, other, words):
    expected = graph_of(other).gradients()
    found = {
        each.partition(": ")[2]
        for each, gradients in other_forwards(graph_of(forward))
        if all(np.allclose(gradients[name], expected[name]) for name in expected)
    }
    assert any(each.startswith(words) for each in found), found


def test_long_tapes_are_left_alone():
    def long(x, w):
        for _ in range(OTHER_FORWARD_NODES):
            x = x + 1
        return x

    assert not list(other_forwards(graph_of(long)))


def test_an_epsilon_is_named_by_the_public_function():
    def cost(x):
        return (DY * norm(x, W)).sum()

    report = check_gradients(cost, lambda x: graph_of(norm_without, x=x, w=W).gradients()["x"], X)
    assert "such as an epsilon" in report.guilty.diagnosis
