"""Gradients from a tape, and what a change in the backward pass makes of them."""

import numpy as np
from tape_graphs import DY, W, X, graph_of

from minidl.gradcheck.diagnosis.tape.graph import Edit


def forward(x, w):
    return np.tanh(x @ w) + x


def test_gradients_and_what_they_reach():
    graph = graph_of(forward)
    dz = DY * (1 - np.tanh(X @ W) ** 2)
    np.testing.assert_allclose(graph.gradients()["w"], X.T @ dz)
    np.testing.assert_allclose(graph.gradients()["x"], dz @ W.T + DY)
    product = next(node for node in graph.nodes if node.name == "matmul")
    assert graph.reach(Edit("", {(product.number, 0): lambda g, right: right})) == {"x"}
    assert graph.reach(Edit("", nodes={product.number: lambda current: DY})) == {"x", "w"}


def test_a_change_of_an_edge_and_of_a_node_moves_on():
    graph = graph_of(forward)
    tanh = next(node for node in graph.nodes if node.name == "tanh")
    product = tanh.parents[0]
    found = graph.edited(Edit("", {(tanh.number, 0): lambda g, right: g}))
    np.testing.assert_allclose(found["w"], X.T @ DY)
    found = graph.edited(Edit("", nodes={product.number: lambda current: current(tanh.number)}))
    np.testing.assert_allclose(found["x"], DY @ W.T + DY)


def test_what_is_not_changed_stays():
    graph = graph_of(forward)
    product = next(node for node in graph.nodes if node.name == "matmul")
    found = graph.edited(Edit("", {(product.number, 1): lambda g, right: 0 * right}))
    np.testing.assert_array_equal(found["x"], graph.gradients()["x"])
    assert not found["w"].any()
