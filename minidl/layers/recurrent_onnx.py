"""The ONNX nodes of recurrent layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .graph import GraphBuilder, Nodes
from .sequences_onnx import write_lengths

if TYPE_CHECKING:
    from .recurrent import Recurrent


def write_recurrent(
    layer: Recurrent,
    graph: GraphBuilder,
    operator: str,
    x: str,
    y: str,
    *,
    gate_order: Sequence[int],
    recurrent_bias: str | None = None,
    initial_states: Sequence[str] = ("initial_state",),
    **attributes: Any,
) -> None:
    """Add the nodes of a recurrent layer.

    ONNX is time-major, has an axis for directions, orders the gates in other ways, and takes the
    lengths of the sequences instead of padding.

    Parameters
    ----------
    layer : Recurrent
        The layer.
    graph : GraphBuilder
        The graph.
    operator : str
        The operator of ONNX: "RNN", "LSTM" or "GRU".
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
    nodes = Nodes(graph, y)
    by_time = nodes.add("Transpose", [x], "by_time", perm=[1, 0, 2])
    inputs = [by_time, *_write_parameters(graph, nodes, gate_order, layer.units, recurrent_bias)]
    lengths, has_steps = _write_sequence_lens(nodes, by_time) if layer.skip_padding else ("", "")
    initial = []
    if layer.learn_initial_state:
        initial = _write_initial_states(graph, nodes, by_time, layer.units, initial_states)
    if lengths or initial:
        inputs += [lengths, *initial]
    attributes["hidden_size"] = layer.units
    direction = nodes.integers("direction", [1 if layer.return_sequences else 0])
    if layer.return_sequences:
        states = nodes.add(operator, inputs, "states", **attributes)
        states_by_time = nodes.add("Squeeze", [states, direction], "states_by_time")
        graph.node("Transpose", [states_by_time], [y], perm=[1, 0, 2])
        return
    last = f"{y}.last"
    graph.node(operator, inputs, ["", last], **attributes)
    if not (lengths and initial):
        graph.node("Squeeze", [last, direction], [y])
        return
    # Without steps the last state is the initial one, for which onnxruntime gives 0.
    state = nodes.add("Squeeze", [last, direction], "last_state")
    has_steps = nodes.add("Unsqueeze", [has_steps, nodes.integers("column", [1])], "has_state")
    graph.node("Where", [has_steps, state, graph.parameter(initial_states[0])], [y])


def _write_parameters(
    graph: GraphBuilder,
    nodes: Nodes,
    gate_order: Sequence[int],
    units: int,
    recurrent_bias: str | None,
) -> list[str]:
    """Add W, R and B of ONNX, each with an axis of length 1 for the direction."""
    rows = nodes.integers("rows", [gate * units + k for gate in gate_order for k in range(units)])
    weight, recurrent_weight, bias = (
        nodes.add("Gather", [graph.parameter(name), rows], f"sorted_{name}", axis=0)
        for name in ("weight", "recurrent_weight", "bias")
    )
    n_zeros = (len(gate_order) - (recurrent_bias is not None)) * units
    second = [graph.constant(f"{nodes.y}.zeros", np.zeros(n_zeros, graph.dtype))]
    if recurrent_bias is not None:
        second.append(graph.parameter(recurrent_bias))
    biases = nodes.add("Concat", [bias, *second], "biases", axis=0)
    axis = nodes.integers("first_axis", [0])
    arrays = {"W": weight, "R": recurrent_weight, "B": biases}
    return [nodes.add("Unsqueeze", [array, axis], name) for name, array in arrays.items()]


def _write_sequence_lens(nodes: Nodes, by_time: str) -> tuple[str, str]:
    """Add the lengths of the sequences in the dtype of the operators, and whether they are > 0."""
    from onnx import TensorProto

    lengths, has_steps = write_lengths(nodes, by_time)
    return nodes.add("Cast", [lengths], "sequence_lens", to=TensorProto.INT32), has_steps


def _write_initial_states(
    graph: GraphBuilder, nodes: Nodes, by_time: str, units: int, names: Sequence[str]
) -> list[str]:
    """Add each learned initial state, repeated for all examples."""
    shape = nodes.add("Shape", [by_time], "shape")
    m = nodes.add("Gather", [shape, nodes.integers("batch_axis", [1])], "m", axis=0)
    directions, width = nodes.integers("directions", [1]), nodes.integers("units", [units])
    repeated = nodes.add("Concat", [directions, m, width], "initial_shape", axis=0)
    return [nodes.add("Expand", [graph.parameter(name), repeated], name) for name in names]
