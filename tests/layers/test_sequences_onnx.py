"""Padding in ONNX: a sequence of padding alone, and one with a row of zeros in its middle."""

import numpy as np
import pytest
from onnx_agreement import assert_exported
from recurrent_loops import padded

from minidl import MeanSquaredError, PositionalEncoding, Sequential
from minidl.layers.graph import Nodes
from minidl.layers.sequences_onnx import write_masked, write_padding, write_positions


@pytest.mark.parametrize("opset", [13, 21])
def test_padding_is_what_find_padding_finds(opset, tmp_path):
    layers = [PositionalEncoding(3, skip_padding=True)]
    model = Sequential(layers, loss=MeanSquaredError(), dtype=np.float64)
    x = padded()[::-1]
    assert not x[-2, 5:].any()
    assert_exported(model, x, tmp_path, opset=opset, programs=["runtime"])


def test_names_begin_with_that_of_the_output():
    pytest.importorskip("onnx")
    from minidl.exchange import OnnxGraph

    graph = OnnxGraph(np.dtype(np.float32), {})
    nodes = Nodes(graph, "y")
    write_masked(nodes, write_padding(nodes, "x", write_positions(nodes, "x")), "value")
    outputs = [name for node in graph.nodes for name in node.output]
    assert len(outputs) == len(set(outputs))
    assert all(name.startswith("y.") for name in outputs[:-1])
    assert outputs[-1] == "y"
