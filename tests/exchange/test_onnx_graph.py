"""The graph builder that a layer's `to_onnx` uses."""

import numpy as np
import pytest

from minidl.exchange.onnx_graph import GraphValues, OnnxGraph

onnx = pytest.importorskip("onnx")


def test_nodes_are_appended_in_order():
    graph = OnnxGraph(np.dtype(np.float32), {})
    graph.node("Relu", ["x"], ["y.0"])
    graph.node("Softmax", ["y.0"], ["y"], axis=-1)
    assert [node.op_type for node in graph.nodes] == ["Relu", "Softmax"]
    (attribute,) = graph.nodes[1].attribute
    assert (attribute.name, attribute.i) == ("axis", -1)
    assert [*graph.nodes[1].input, *graph.nodes[1].output] == ["y.0", "y"]


def test_a_constant_is_a_node_with_its_value():
    graph = OnnxGraph(np.dtype(np.float64), {})
    assert graph.constant("y.slope", np.array(0.1)) == "y.slope"
    (node,) = graph.nodes
    assert (node.op_type, list(node.output)) == ("Constant", ["y.slope"])
    assert onnx.numpy_helper.to_array(node.attribute[0].t) == 0.1


def test_parameters_have_their_names_in_the_graph():
    graph = OnnxGraph(np.dtype(np.float32), {"weight": "3.weight"})
    assert graph.parameter("weight") == "3.weight"


def test_the_rank_of_a_value_is_inferred():
    f32 = onnx.TensorProto.FLOAT
    x = onnx.helper.make_tensor_value_info("x", f32, ["batch", 5, 4])
    graph = OnnxGraph(np.dtype(np.float32), {}, values=GraphValues([x], 17))
    assert graph.rank("x") == 3
    graph.node("Relu", ["x"], ["y"])
    graph.node("Flatten", ["y"], ["z"], axis=1)
    graph.node("NoSuchOperator", ["z"], ["unknown"])
    assert [graph.rank(name) for name in ("x", "y", "z", "unknown")] == [3, 3, 2, None]
    graph.node("Relu", [], ["w"])  # whose inference fails
    assert graph.rank("w") is None


def test_without_a_whole_graph_values_are_rows():
    assert OnnxGraph(np.dtype(np.float32), {}).rank("x") == 2
