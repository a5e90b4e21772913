"""The ONNX nodes of recurrent layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .graph import GraphBuilder

if TYPE_CHECKING:
    from .recurrent import Recurrent


def write_recurrent(
    layer: Recurrent,
    graph: GraphBuilder,
    x: str,
    y: str,
    *,
    gate_order: Sequence[int],
    recurrent_bias: str | None = None,
    initial_states: Sequence[str] = ("initial_state",),
    **attributes: Any,
) -> None:
    """Add the nodes of a recurrent layer, whose operator in ONNX has the name of its class.

    ONNX is time-major, has an axis for directions, orders the gates in other ways, and takes the
    lengths of the sequences instead of padding.

    Parameters
    ----------
    layer : Recurrent
        The layer.
    graph : GraphBuilder
        The graph.
    x : str
        The name of the input.
    y : str
        The name of the output.
    gate_order : sequence of int
        For each gate of ONNX, which one of the layer's it is.
    recurrent_bias : str, optional
        The name of a parameter that is the recurrent bias of the last gate of ONNX.
    initial_states : sequence of str, default ("initial_state",)
        The names of the parameters with the initial states.
    **attributes : object
        More attributes of the node.
    """
    units = layer.units
    nodes = _Nodes(graph, y)
    by_time = nodes.add("Transpose", [x], "by_time", perm=[1, 0, 2])
    order = [gate * units + unit for gate in gate_order for unit in range(units)]
    rows = nodes.integers("rows", order)
    first, second = nodes.integers("first", [0]), nodes.integers("second", [1])
    sorted_parameters = [
        nodes.add("Gather", [graph.parameter(name), rows], name, axis=0)
        for name in ("weight", "recurrent_weight", "bias")
    ]
    n_zeros = (len(gate_order) - (recurrent_bias is not None)) * units
    biases = [sorted_parameters.pop()]
    biases.append(graph.constant(f"{y}.no_bias", np.zeros(n_zeros, graph.dtype)))
    if recurrent_bias is not None:
        biases.append(graph.parameter(recurrent_bias))
    sorted_parameters.append(nodes.add("Concat", biases, "biases", axis=0))
    inputs = [by_time]
    inputs += [nodes.add("Unsqueeze", [each, first], f"{each}.one") for each in sorted_parameters]
    lengths = ""
    if layer.skip_padding:
        lengths = _write_lengths(graph, nodes, by_time)
    inputs.append(lengths)
    if layer.learn_initial_state:
        inputs += _write_initial_states(graph, nodes, by_time, units, initial_states)
    while not inputs[-1]:
        inputs.pop()
    kind = type(layer).__name__
    if layer.return_sequences:
        states = nodes.add(kind, inputs, "states", hidden_size=units, **attributes)
        states = nodes.add("Squeeze", [states, second], "states_by_time")
        graph.node("Transpose", [states], [y], perm=[1, 0, 2])
    else:
        last = f"{y}.last"
        graph.node(kind, inputs, ["", last], hidden_size=units, **attributes)
        graph.node("Squeeze", [last, first], [y])


class _Nodes:
    """Adds nodes whose output is named after the output of the layer."""

    def __init__(self, graph: GraphBuilder, y: str) -> None:
        self._graph = graph
        self._y = y

    def add(self, operator: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Add a node with one output; return the output's name."""
        output = f"{self._y}.{name.removeprefix(self._y + '.')}"
        self._graph.node(operator, inputs, [output], **attributes)
        return output

    def integers(self, name: str, values: Sequence[int]) -> str:
        """Add a constant vector of integers; return its name."""
        return self._graph.constant(f"{self._y}.{name}", np.array(values, np.int64))


def _write_lengths(graph: GraphBuilder, nodes: _Nodes, by_time: str) -> str:
    """Add the number of steps of each sequence up to the last one that is not zero."""
    from onnx import TensorProto

    zero = graph.constant(f"{by_time}.zero", np.array(0, graph.dtype))
    none = graph.constant(f"{by_time}.none", np.array(0, np.float32))
    first, last = nodes.integers("time_axis", [0]), nodes.integers("feature_axis", [2])
    one = nodes.integers("one_step", [1])
    is_zero = nodes.add("Equal", [by_time, zero], "is_zero")
    is_nonzero = nodes.add("Not", [is_zero], "is_nonzero")
    nonzero = nodes.add("Cast", [is_nonzero], "nonzero", to=TensorProto.FLOAT)
    features = nodes.add("ReduceSum", [nonzero, last], "nonzero_features", keepdims=0)
    is_used = nodes.add("Greater", [features, none], "is_used")
    used = nodes.add("Cast", [is_used], "used", to=TensorProto.FLOAT)
    last_used = nodes.add("ArgMax", [used], "last_used", axis=0, keepdims=0, select_last_index=1)
    steps = nodes.add("Add", [last_used, one], "steps")
    count = nodes.add("ReduceSum", [used, first], "used_steps", keepdims=0)
    has_steps = nodes.add("Greater", [count, none], "has_steps")
    factor = nodes.add("Cast", [has_steps], "factor", to=TensorProto.INT64)
    lengths = nodes.add("Mul", [steps, factor], "lengths")
    return nodes.add("Cast", [lengths], "sequence_lens", to=TensorProto.INT32)


def _write_initial_states(
    graph: GraphBuilder, nodes: _Nodes, by_time: str, units: int, names: Sequence[str]
) -> list[str]:
    """Add each learned initial state, repeated for all examples."""
    shape = nodes.add("Shape", [by_time], "shape")
    m = nodes.add("Gather", [shape, nodes.integers("batch_axis", [1])], "m", axis=0)
    directions, width = nodes.integers("directions", [1]), nodes.integers("units", [units])
    repeated = nodes.add("Concat", [directions, m, width], "initial_shape", axis=0)
    return [nodes.add("Expand", [graph.parameter(name), repeated], name) for name in names]
