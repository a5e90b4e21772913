import inspect

import pytest

from minidl.exchange.onnx_graph import OnnxGraph
from minidl.layers.graph import GraphBuilder


@pytest.mark.parametrize("method", ["node", "constant", "parameter", "rank", "add_layer"])
def test_the_graph_of_the_exporter_has_the_methods_that_layers_use(method):
    expected = inspect.signature(getattr(GraphBuilder, method))
    assert inspect.signature(getattr(OnnxGraph, method)) == expected
