"""An array that records what is computed from it."""

import numpy as np
import pytest
from tape_graphs import DY, W, X, graph_of

from minidl.gradcheck.diagnosis.limits import TAPE_NODES
from minidl.gradcheck.diagnosis.tape.node import NotTraceable
from minidl.gradcheck.diagnosis.tape.traced import Tape

ROWS = np.array([0, 2, 2, 3])


def softmax(s):
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def written(x, w):
    y = x.copy()
    y[1:] = y[1:] * w[1:]
    y *= 2
    return y


def gathered(x, w):
    out = x * 0
    np.add.at(out, ROWS, w[ROWS])
    return out


def looped(x, w):
    h, states = x, []
    for row in w:
        h = np.tanh(h * row + h.T)
        states.append(h)
    return np.stack(states).mean(axis=0)


def counted(x, w):
    assert (len(x), x.shape, x.ndim, x.size) == (4, (4, 4), 2, 16)
    return x.T @ w if (x > 100).any() or x[0, 0] > 100 else x @ w


@pytest.mark.parametrize(
    "forward",
    [
        lambda x, w: np.tanh(x @ w) + x.mean(),
        lambda x, w: softmax(x @ w.T) @ x,
        lambda x, w: np.einsum("ij,jk->ik", x, w) / np.sqrt((w**2).sum()),
        lambda x, w: np.concatenate(np.split(x, 2)[::-1]) * np.maximum(w, 0),
        lambda x, w: np.linalg.inv(x) @ w,
        written,
        gathered,
        looped,
        counted,
    ],
)
def test_the_gradients_of_the_tape_are_right(forward):
    graph = graph_of(forward)
    for name, gradient in graph.gradients().items():
        numeric = np.zeros((4, 4))
        for index in np.ndindex(4, 4):
            values = {"x": X.astype(complex), "w": W.astype(complex)}
            values[name][index] += 1e-6
            up = forward(**{k: v.real for k, v in values.items()})
            values[name][index] -= 2e-6
            down = forward(**{k: v.real for k, v in values.items()})
            numeric[index] = (DY * (up - down)).sum() / 2e-6
        np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-6)


def test_nothing_is_computed_unseen():
    x = Tape().input("x", X)
    for convert in (lambda: np.zeros(4).__setitem__(0, x[0, 0]), lambda: float(x[0, 0])):
        with pytest.raises((NotTraceable, TypeError, ValueError)):
            convert()
    with pytest.raises(NotTraceable):
        np.add(X, x, out=np.zeros((4, 4)))
    with pytest.raises(NotTraceable):
        np.fft.fft(x)


def test_the_tape_has_an_end():
    x = Tape().input("x", X)
    for _ in range(TAPE_NODES - 2):
        x = x.ravel()
    with pytest.raises(NotTraceable, match="operations"):
        x + X.ravel()


@pytest.mark.parametrize(
    "forward",
    [
        lambda x, w: np.tanh(x.astype(np.float32) @ w.astype("float32")).astype(np.float32),
        lambda x, w: np.sum(np.asarray(x, np.float32) @ w, axis=0, dtype=np.float32) * x,
    ],
)
def test_a_function_that_casts_to_float32_is_recorded_in_float64(forward):
    graph = graph_of(forward)
    exact = graph_of(lambda x, w: np.tanh(x @ w))
    if graph.tape[-1].name != "multiply":
        found, expected = graph.gradients(), exact.gradients()
        assert all(np.allclose(found[n], expected[n], rtol=1e-14) for n in found)
    assert all(node.value.dtype == float for node in graph.tape)
    assert any((node.value != node.value.astype(np.float32)).any() for node in graph.tape)


def test_integers_are_no_part_of_the_tape():
    graph = graph_of(lambda x, w: x[np.argmax(w, axis=0)] * w.astype(int))
    assert len([node for node in graph.tape if node.name == "multiply"]) == 1
