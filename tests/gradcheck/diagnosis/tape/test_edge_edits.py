"""Mistakes with what flows back through one argument."""

import re

import numpy as np
import pytest
from tape_graphs import DY, W, X, graph_of, words_of

from minidl.gradcheck.diagnosis.tape.edge_edits import edge_edits
from minidl.gradcheck.diagnosis.tape.sites import sites_of

Z = np.tanh(X @ W)
DZ = DY * (1 - Z * Z)
ROWS = np.array([0, 2, 2, 3])
FIRST = np.array([DY[0], 0 * DY[0], DY[1], DY[3]])


def layer(x, w):
    return np.tanh(x @ w)


def last_wins(dy):
    dw = np.zeros((4, 4))
    dw[ROWS] = dy
    return dw


@pytest.mark.parametrize(
    ("forward", "wrong", "words"),
    [
        (layer, {"x": 0 * X}, "the term that flows back .* is missing, as if it were held fixed"),
        (layer, {"x": -DZ @ W.T}, "the sign is wrong in what flows back"),
        (layer, {"w": 2 * X.T @ DZ}, "an extra factor of 2"),
        (layer, {"w": X.T @ DZ / 2}, "a factor of 2 is missing"),
        (layer, {"x": DY @ W.T, "w": X.T @ DY}, "the derivative with respect to .*tanh.* left out"),
        (
            layer,
            {"x": DY * (1 - Z * Z) ** 2 @ W.T, "w": X.T @ (DY * (1 - Z * Z) ** 2)},
            "applied twice",
        ),
        (
            layer,
            {"x": DY / (1 - Z * Z) @ W.T, "w": X.T @ (DY / (1 - Z * Z))},
            "a division by the derivative",
        ),
        (layer, {"x": DZ @ W}, "transposed in the backward pass through the first argument of @"),
        (layer, {"w": DZ.T @ X}, "transposed: what flows back through the second argument of @"),
        (layer, {"w": X.T @ DZ.T}, "the incoming gradient is transposed"),
        (layer, {"w": X.T @ DZ[::-1]}, "the incoming gradient is in reverse order"),
        (layer, {"w": X.T @ np.ones((4, 4))}, "the incoming gradient is ignored"),
        (layer, {"w": np.outer(X[0], DZ[0])}, "only the first row flows back"),
        (layer, {"w": np.outer(X[-1], DZ[-1])}, "only the last row flows back"),
        (layer, {"w": X[1:].T @ DZ[1:]}, "the first row is left out"),
        (layer, {"w": X[:-1].T @ DZ[:-1]}, "the last row is left out"),
        (layer, {"w": X.T @ (DZ * [1, 0, 0, 0])}, "only the first column"),
        (layer, {"w": X.T @ (DZ * [0, 0, 0, 1])}, "only the last column"),
        (layer, {"x": DZ @ W.T * X}, "an extra factor, the input itself"),
        (layer, {"x": DZ @ W.T / X}, r"a factor is missing \(left out\), the input itself"),
        (layer, {"x": DZ * Z @ W.T, "w": X.T @ (DZ * Z)}, "an extra factor, the output"),
        (layer, {"w": X.T @ DZ / 4}, "an extra division by 4 .a mean for a sum."),
        (layer, {"w": X.T @ DZ * 4}, "an extra factor of 4 .a sum for a mean."),
        (lambda x, w: w[ROWS], {"w": last_wins(DY)}, "duplicates overwrite .*only the last"),
        (lambda x, w: w[ROWS], {"w": FIRST}, "only the first counts"),
        (lambda x, w: np.maximum(x, 0), {"x": DY}, r"the derivative \(a mask\)"),
        (
            lambda x, w: x.cumsum(axis=0),
            {"x": DY},
            "only the diagonal of the derivative",
        ),
        (
            lambda x, w: np.tanh(x) ** 2,
            {"x": DY * 2 * np.tanh(X) * np.sqrt(1 - np.tanh(X) ** 2)},
            "a square of the derivative",
        ),
        (lambda x, w: np.exp(x), {"x": DY}, r"a factor is missing \(left out\), the output"),
    ],
)
def test_a_mistake_gives_its_gradient(forward, wrong, words):
    graph = graph_of(forward)
    found = words_of(edge_edits(graph, sites_of(graph)), graph, **wrong)
    assert any(re.search(words, each) for each in found), found


def test_a_right_gradient_is_given_by_no_mistake_that_changes_it():
    graph = graph_of(layer)
    right = graph.gradients()
    for edit in edge_edits(graph, sites_of(graph)):
        assert graph.edited(edit).keys() == right.keys()
