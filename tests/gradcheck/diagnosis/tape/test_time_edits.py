"""Mistakes with loops."""

import re

import numpy as np
import pytest
from tape_graphs import DY, W, X, graph_of, words_of

from minidl.gradcheck.diagnosis.tape.sites import sites_of
from minidl.gradcheck.diagnosis.tape.time_edits import overwriting_edits, time_edits


def recurrent(x, w):
    h, states = np.full(4, 0.5), []
    for row in x:
        h = np.tanh(h @ w + row)
        states.append(h)
    return np.stack(states)


def smoothed(x, w):
    s, states = np.zeros(4), []
    for row in x:
        s = 0.9 * s + row
        states.append(s)
    return np.stack(states) + 0 * w


def backward(*, carry=lambda dh, old: dh, dw_of=sum):
    """Return the gradients of `recurrent`, with changes."""
    h = [np.full(4, 0.5), *recurrent(X, W)]
    dh, dx, terms = np.zeros(4), np.zeros((4, 4)), []
    for t in reversed(range(4)):
        dz = (DY[t] + dh) * (1 - h[t + 1] ** 2)
        terms.append(np.outer(h[t], dz))
        dx[t] = dz
        dh = carry(dz @ W.T, dh)
    return {"x": dx, "w": dw_of(terms)}


def convolution(x, w):
    return sum(w[0, k] * x[:, k : k + 2] for k in range(3))


def overwritten(*, first):
    dx = np.zeros((4, 4))
    for k in range(3) if not first else reversed(range(3)):
        dx[:, k : k + 2] = W[0, k] * DY[:, :2]
    return {"x": dx}


def words(forward, wrong, dy=DY):
    graph = graph_of(forward, dy)
    return words_of(time_edits(graph, sites_of(graph)), graph, **wrong)


def test_the_backward_of_this_file_is_right():
    for name, gradient in graph_of(recurrent).gradients().items():
        np.testing.assert_allclose(gradient, backward()[name])


@pytest.mark.parametrize(
    ("forward", "wrong", "expected"),
    [
        (recurrent, backward(carry=lambda dh, old: 0 * dh), "^not carried back in time"),
        (recurrent, backward(carry=lambda dh, old: dh + old), "^accumulated in time twice"),
        (smoothed, {"x": DY[::-1].cumsum(axis=0)[::-1]}, "^carried back in time without its"),
        (recurrent, backward(dw_of=lambda terms: terms[0]), "^a loop that is left after"),
        (recurrent, backward(dw_of=lambda terms: terms[3]), "^overwritten .= for .=. in each turn"),
        (
            recurrent,
            backward(dw_of=lambda terms: sum(terms[1:])),
            "^the first turn in the backward pass is left out",
        ),
        (
            recurrent,
            backward(dw_of=lambda terms: sum(terms[:3])),
            "^the last turn in the backward pass is left out",
        ),
        (lambda x, w: x.cumsum(axis=0), {"x": DY}, "^not carried back in time: only the diagonal"),
        (
            lambda x, w: x.cumsum(axis=0),
            {"x": DY.cumsum(axis=0)},
            "^accumulated in the wrong direction",
        ),
    ],
)
def test_a_mistake_gives_its_gradient(forward, wrong, expected):
    found = words(forward, wrong)
    assert any(re.search(expected, each) for each in found), found


def halved(x):
    return x * 0.5


def two_calls(x, w):
    return np.stack([halved(np.sin(x)), halved(np.cos(x))])


def nested_calls(x, w):
    return halved(np.sin(halved(x @ w)))


@pytest.mark.parametrize(
    ("forward", "wrong"),
    [
        (two_calls, {"x": 0.5 * DY * np.cos(X)}),
        (nested_calls, {"x": np.zeros((4, 4)), "w": np.zeros((4, 4))}),
    ],
)
def test_calls_of_a_helper_are_no_loop(forward, wrong):
    dy = np.stack([DY, DY]) if forward is two_calls else DY
    assert not words(forward, wrong, dy)


@pytest.mark.parametrize("first", [False, True])
def test_turns_that_overlap_overwrite(first):
    found = words(convolution, overwritten(first=first), DY[:, :2])
    assert any(each.startswith("overwritten where turns of a loop overlap") for each in found)


def test_one_use_of_an_array_overwrites_another():
    graph = graph_of(lambda x, w: x[1:] * w[1:] - 3 * x[:-1], DY[1:])
    dx = np.zeros((4, 4))
    dx[1:] = DY[1:] * W[1:]
    dx[:-1] = -3 * DY[1:]
    found = words_of(overwriting_edits(graph), graph, x=dx)
    assert any(each.startswith("overwritten (= for +=)") for each in found)
