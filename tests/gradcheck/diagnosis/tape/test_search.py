"""The mistake that gives all wrong gradients."""

import numpy as np
from tape_graphs import DY, W, X, graph_of

from minidl.gradcheck.diagnosis.tape.search import Rounding, find_edit

Z = np.tanh(X @ W)
DZ = DY * (1 - Z * Z)
RIGHT = {"x": DZ @ W.T, "w": X.T @ DZ}
WITHOUT = {"x": DY @ W.T, "w": X.T @ DY}


def layer(x, w):
    return np.tanh(x @ w)


def test_one_mistake_gives_both_gradients():
    words = find_edit(graph_of(layer), WITHOUT, RIGHT)
    assert words.startswith("the derivative with respect to the argument of tanh (line ")
    assert words.endswith("return np.tanh(x @ w)) is left out")


def test_a_mistake_that_another_gradient_contradicts_is_none():
    assert not find_edit(graph_of(layer), RIGHT | {"x": DY @ W.T + 0.1}, RIGHT)
    assert not find_edit(graph_of(layer), {"x": WITHOUT["x"], "w": -RIGHT["w"]}, RIGHT)


def test_a_nearly_equal_gradient_is_none():
    nearly = {name: g * (1 + 1e-5) for name, g in WITHOUT.items()}
    assert not find_edit(graph_of(layer), nearly, RIGHT)


def test_a_tape_with_other_gradients_is_not_believed():
    assert not find_edit(graph_of(lambda x, w: np.tanh(x @ w) + 0.1 * x), WITHOUT, RIGHT)
    assert not find_edit(graph_of(layer), {"x": WITHOUT["x"]}, RIGHT)


def rounded(gradients):
    return {name: g.astype(np.float16).astype(float) for name, g in gradients.items()}


def rounding_of(relative):
    units = {name: relative * (np.abs(g) + 1) for name, g in RIGHT.items()}
    return {name: Rounding(100 * unit, unit) for name, unit in units.items()}


def test_a_gradient_in_float16_is_explained_by_a_tape_in_float64():
    graph, wrong, numeric = graph_of(layer), rounded(WITHOUT), rounded(RIGHT)
    assert "tanh" in find_edit(graph, wrong, numeric, rounding_of(1e-3))
    assert not find_edit(graph, wrong, numeric)


def test_a_gradient_of_few_digits_is_not_explained():
    assert not find_edit(graph_of(layer), WITHOUT, RIGHT, rounding_of(0.5))


def test_a_tape_outside_of_the_error_bars_is_not_believed():
    other = {"x": RIGHT["x"] + 0.01, "w": RIGHT["w"]}
    assert not find_edit(graph_of(layer), WITHOUT, other, rounding_of(1e-6))
