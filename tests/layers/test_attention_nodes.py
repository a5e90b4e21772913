"""The nodes give what the layer gives in test_self_attention.py; here, how they are named."""

import numpy as np
import pytest

from minidl.layers.attention_nodes import write_attention

pytest.importorskip("onnx")


@pytest.mark.parametrize("skip_padding", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_names_begin_with_that_of_the_output(causal, skip_padding):
    from minidl.exchange import OnnxGraph

    names = {name: f"0.{name}" for name in ("weight", "bias", "out_weight", "out_bias")}
    graph = OnnxGraph(np.dtype(np.float32), names)
    options = {"causal": causal, "skip_padding": skip_padding}
    write_attention(graph, "x", "y", features=4, heads=2, **options)
    outputs = [name for node in graph.nodes for name in node.output]
    assert len(outputs) == len(set(outputs))
    assert all(name == "y" or name.startswith("y.") for name in outputs)
    hides = [node.op_type for node in graph.nodes].count("Where")
    assert hides == causal + 2 * skip_padding
