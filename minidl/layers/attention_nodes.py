"""The ONNX nodes of self-attention."""

from __future__ import annotations

import math

import numpy as np

from .graph import GraphBuilder


def write_attention(
    graph: GraphBuilder, x: str, y: str, *, features: int, heads: int, causal: bool
) -> None:
    """Append the nodes of `SelfAttention` to an ONNX graph.

    Parameters
    ----------
    graph : GraphBuilder
        The graph, with the parameters "weight", "bias", "out_weight" and "out_bias".
    x, y : str
        The names of the input (m, t, features) and of the output.
    features, heads, causal
        As `SelfAttention` takes them.
    """

    def name(part: str) -> str:
        return f"{y}.{part}"

    def integers(part: str, *values: int) -> str:
        return graph.constant(name(part), np.array(values, np.int64))

    d = features // heads
    _write_linear(graph, x, name("projected"), "weight", "bias")
    graph.node("Reshape", [name("projected"), integers("split", 0, 0, 3, heads, d)], [name("five")])
    graph.node("Transpose", [name("five")], [name("parts")], perm=[2, 0, 3, 1, 4])
    for i, part in enumerate("qkv"):
        number = graph.constant(name(f"number{i}"), np.array(i, np.int64))
        graph.node("Gather", [name("parts"), number], [name(part)], axis=0)
    graph.node("Transpose", [name("k")], [name("k.T")], perm=[0, 1, 3, 2])
    graph.node("MatMul", [name("q"), name("k.T")], [name("products")])
    scale = graph.constant(name("scale"), np.array(1 / math.sqrt(d), graph.dtype))
    graph.node("Mul", [name("products"), scale], [name("scores")])
    scores = name("scores")
    if causal:
        scores = _write_barrier(graph, x, scores, y)
    graph.node("Softmax", [scores], [name("attention")], axis=-1)
    graph.node("MatMul", [name("attention"), name("v")], [name("heads")])
    graph.node("Transpose", [name("heads")], [name("rows")], perm=[0, 2, 1, 3])
    graph.node("Reshape", [name("rows"), integers("join", 0, 0, features)], [name("context")])
    _write_linear(graph, name("context"), y, "out_weight", "out_bias")


def _write_linear(graph: GraphBuilder, x: str, y: str, weight: str, bias: str) -> None:
    graph.node("Transpose", [graph.parameter(weight)], [f"{y}.{weight}.T"], perm=[1, 0])
    graph.node("MatMul", [x, f"{y}.{weight}.T"], [f"{y}.product"])
    graph.node("Add", [f"{y}.product", graph.parameter(bias)], [y])


def _write_barrier(graph: GraphBuilder, x: str, scores: str, y: str) -> str:
    """Set the scores of positions that follow to -inf; return the name of the result."""

    def name(part: str) -> str:
        return f"{y}.barrier.{part}"

    def integer(part: str, value: int) -> str:
        return graph.constant(name(part), np.array(value, np.int64))

    graph.node("Shape", [x], [name("shape")])
    graph.node("Gather", [name("shape"), integer("axis", 1)], [name("t")], axis=0)
    inputs = [integer("start", 0), name("t"), integer("step", 1)]
    graph.node("Range", inputs, [name("asked")])
    column = graph.constant(name("column"), np.array([-1, 1], np.int64))
    graph.node("Reshape", [name("asked"), column], [name("asking")])
    graph.node("Greater", [name("asked"), name("asking")], [name("follows")])
    infinity = graph.constant(name("infinity"), np.array(-np.inf, graph.dtype))
    graph.node("Where", [name("follows"), infinity, scores], [name("scores")])
    return name("scores")
