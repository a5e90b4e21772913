"""Wrong incoming gradients of operations."""

import re

import numpy as np
import pytest
from tape_graphs import DY, W, X, graph_of, words_of

from minidl.gradcheck.diagnosis.tape.cotangent_edits import FORMULAS, cotangent_edits
from minidl.gradcheck.diagnosis.tape.sites import sites_of

Z = X @ W
A = 1 / (1 + np.exp(-Z))


def hidden(x, w):
    return 1 / (1 + np.exp(-(x @ w)))


def gates(x, w):
    z = x @ w
    return np.tanh(z[:, :2]) * np.exp(z[:, 2:])


def through(dz):
    return {"x": dz @ W.T, "w": X.T @ dz}


def words(forward, wrong, dy=DY):
    graph = graph_of(forward, dy)
    return words_of(cotangent_edits(graph, sites_of(graph)), graph, **wrong)


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_in_place_of_the_derivative(name):
    wrong = through(FORMULAS[name](DY, Z, A))
    assert any(each.startswith(f"{name}: from") for each in words(hidden, wrong))


def test_gates_are_exchanged():
    dy = DY[:, :2]
    first = dy * np.exp(Z[:, 2:]) * (1 - np.tanh(Z[:, :2]) ** 2)
    second = dy * np.tanh(Z[:, :2]) * np.exp(Z[:, 2:])
    found = words(gates, through(np.hstack([second, first])), dy)
    assert any(each.startswith("exchanged (as gates are)") for each in found), found


def test_the_gradient_of_another_result_is_used():
    found = words(lambda x, w: x + np.tanh(x @ w), {"w": X.T @ DY})
    assert any(re.match("the gradient of the result of tanh .* is used", each) for each in found)


def test_zeros_are_no_mask_of_numbers_that_are_all_positive():
    def forward(x, w):
        return np.exp(x) * w

    graph = graph_of(forward)
    said = words_of(cotangent_edits(graph, sites_of(graph)), graph, x=0 * X)
    assert not any("mask" in words for words in said)


def test_the_right_derivative_of_one_path_is_no_formula_in_place_of_it():
    def forward(x, w):
        return x * w + np.exp(x)

    graph = graph_of(forward)
    said = words_of(cotangent_edits(graph, sites_of(graph)), graph, x=DY * np.exp(X))
    assert any("the other terms are missing" in words for words in said)
    assert not any("output instead of the derivative" in words for words in said)
