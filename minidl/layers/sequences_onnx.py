"""ONNX nodes for the positions of sequences, and for those that are padding."""

from __future__ import annotations

import numpy as np

from .graph import Nodes


def write_positions(nodes: Nodes, x: str) -> str:
    """Add the numbers of the positions, 0 to t - 1.

    Parameters
    ----------
    nodes : Nodes
        Adds nodes to the graph.
    x : str
        The name of the sequences (m, t, features).

    Returns
    -------
    str
        The name of the vector of t integers.
    """
    shape = nodes.add("Shape", [x], "shape")
    t = nodes.add("Gather", [shape, nodes.integers("second_axis", 1)], "t", axis=0)
    inputs = [nodes.integers("first_position", 0), t, nodes.integers("next_position", 1)]
    return nodes.add("Range", inputs, "positions")


def write_lengths(nodes: Nodes, by_time: str) -> tuple[str, str]:
    """Add the length of each sequence, up to its last step that is not 0.

    Parameters
    ----------
    nodes : Nodes
        Adds nodes to the graph.
    by_time : str
        The name of the sequences, time-major, (t, m, features).

    Returns
    -------
    lengths : str
        The name of the vector of m integers.
    has_steps : str
        The name of the vector of m truth values: whether the length is > 0.
    """
    from onnx import TensorProto

    zero = nodes.number("zero", 0)
    none = nodes.graph.constant(f"{nodes.y}.none", np.array(0, np.float32))
    first, last = nodes.integers("time_axis", [0]), nodes.integers("feature_axis", [2])
    is_zero = nodes.add("Equal", [by_time, zero], "is_zero")
    is_nonzero = nodes.add("Not", [is_zero], "is_nonzero")
    nonzero = nodes.add("Cast", [is_nonzero], "nonzero", to=TensorProto.FLOAT)
    features = nodes.add("ReduceSum", [nonzero, last], "nonzero_features", keepdims=0)
    is_used = nodes.add("Greater", [features, none], "is_used")
    used = nodes.add("Cast", [is_used], "used", to=TensorProto.FLOAT)
    last_used = nodes.add("ArgMax", [used], "last_used", axis=0, keepdims=0, select_last_index=1)
    steps = nodes.add("Add", [last_used, nodes.integers("one_step", [1])], "steps")
    count = nodes.add("ReduceSum", [used, first], "used_steps", keepdims=0)
    has_steps = nodes.add("Greater", [count, none], "has_steps")
    factor = nodes.add("Cast", [has_steps], "factor", to=TensorProto.INT64)
    return nodes.add("Mul", [steps, factor], "lengths"), has_steps


def write_padding(nodes: Nodes, x: str, positions: str) -> str:
    """Add which positions are padding, as `find_padding` finds them.

    Parameters
    ----------
    nodes : Nodes
        Adds nodes to the graph.
    x : str
        The name of the sequences (m, t, features).
    positions : str
        What `write_positions` returned.

    Returns
    -------
    str
        The name of the truth values (m, t).
    """
    by_time = nodes.add("Transpose", [x], "by_time", perm=[1, 0, 2])
    lengths, _ = write_lengths(nodes, by_time)
    column = nodes.add("Unsqueeze", [lengths, nodes.integers("length_axis", [1])], "length_column")
    return nodes.add("Not", [nodes.add("Less", [positions, column], "is_step")], "is_padding")


def write_masked(nodes: Nodes, padding: str, value: str) -> None:
    """Add the output of the layer: a value, but 0 at the positions that are padding.

    Parameters
    ----------
    nodes : Nodes
        Adds nodes to the graph.
    padding : str
        What `write_padding` returned.
    value : str
        The name of the value (m, t, features), which may be anything at these positions.
    """
    axes = nodes.integers("padded_axes", [2])
    column = nodes.add("Unsqueeze", [padding, axes], "padding_column")
    nodes.graph.node("Where", [column, nodes.number("padded", 0), value], [nodes.y])
