"""The ONNX nodes of self-attention."""

from __future__ import annotations

import math

import numpy as np

from .graph import GraphBuilder, Nodes
from .sequences_onnx import write_masked, write_padding, write_positions


def write_attention(
    graph: GraphBuilder,
    x: str,
    y: str,
    *,
    features: int,
    heads: int,
    causal: bool,
    skip_padding: bool,
) -> None:
    """Append the nodes of `SelfAttention` to an ONNX graph.

    Parameters
    ----------
    graph : GraphBuilder
        The graph, with the parameters "weight", "bias", "out_weight" and "out_bias".
    x, y : str
        The names of the input (m, t, features) and of the output.
    features, heads, causal, skip_padding
        As `SelfAttention` takes them.
    """
    nodes = Nodes(graph, y)
    d = features // heads
    _write_linear(graph, x, f"{y}.projected", "weight", "bias")
    split = nodes.integers("split", [0, 0, 3, heads, d])
    five = nodes.add("Reshape", [f"{y}.projected", split], "five")
    parts = nodes.add("Transpose", [five], "parts", perm=[2, 0, 3, 1, 4])
    q, k, v = (
        nodes.add("Gather", [parts, nodes.integers(f"number{i}", i)], part, axis=0)
        for i, part in enumerate("qkv")
    )
    k_transposed = nodes.add("Transpose", [k], "k.T", perm=[0, 1, 3, 2])
    products = nodes.add("MatMul", [q, k_transposed], "products")
    scores = nodes.add("Mul", [products, nodes.number("scale", 1 / math.sqrt(d))], "scores")
    positions = write_positions(nodes, x) if causal or skip_padding else ""
    padding = write_padding(nodes, x, positions) if skip_padding else ""
    if causal:
        column = nodes.integers("column", [-1, 1])
        asking = nodes.add("Reshape", [positions, column], "asking")
        scores = _hide(nodes, nodes.add("Greater", [positions, asking], "follows"), scores)
    if skip_padding:
        axes = nodes.integers("asked_axes", [1, 2])
        scores = _hide(nodes, nodes.add("Unsqueeze", [padding, axes], "asked_padding"), scores)
    attention = nodes.add("Softmax", [scores], "attention", axis=-1)
    by_head = nodes.add("MatMul", [attention, v], "heads")
    rows = nodes.add("Transpose", [by_head], "rows", perm=[0, 2, 1, 3])
    join = nodes.integers("join", [0, 0, features])
    context = nodes.add("Reshape", [rows, join], "context")
    output = f"{y}.unmasked" if skip_padding else y
    _write_linear(graph, context, output, "out_weight", "out_bias")
    if skip_padding:  # a sequence of padding alone has NaN there
        write_masked(nodes, padding, output)


def _hide(nodes: Nodes, hidden: str, scores: str) -> str:
    """Set hidden scores to -inf; return the name of the result."""
    name = hidden.removeprefix(f"{nodes.y}.")
    infinity = nodes.number(f"{name}.infinity", -np.inf)
    return nodes.add("Where", [hidden, infinity, scores], f"{name}.scores")


def _write_linear(graph: GraphBuilder, x: str, y: str, weight: str, bias: str) -> None:
    graph.node("Transpose", [graph.parameter(weight)], [f"{y}.{weight}.T"], perm=[1, 0])
    graph.node("MatMul", [x, f"{y}.{weight}.T"], [f"{y}.product"])
    graph.node("Add", [f"{y}.product", graph.parameter(bias)], [y])
