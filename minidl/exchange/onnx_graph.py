"""The ONNX graph that an export builds, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..layers.graph import GraphBuilder
from ..utils.typing import Array

if TYPE_CHECKING:
    from onnx import NodeProto


class OnnxGraph(GraphBuilder):
    """The part of an ONNX graph that one layer adds in its `to_onnx`.

    Parameters
    ----------
    dtype : numpy.dtype
        The dtype of the model, float32 or float64.
    parameter_names : mapping of str to str
        The name in the graph of each parameter of the layer.

    Attributes
    ----------
    dtype : numpy.dtype
        The dtype of the model.
    nodes : list of onnx.NodeProto
        The nodes added so far, in their order.

    See Also
    --------
    export_onnx : Passes such a graph to `to_onnx` of each layer, or to a function in `custom`.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.exchange import OnnxGraph
    >>> graph = OnnxGraph(np.dtype(np.float32), {"gain": "1.gain"})
    >>> graph.node("Mul", ["layer0", graph.parameter("gain")], ["layer1"])
    >>> [node.op_type for node in graph.nodes]
    ['Mul']
    """

    def __init__(self, dtype: np.dtype[Any], parameter_names: Mapping[str, str]) -> None:
        self.dtype = dtype
        self.nodes: list[NodeProto] = []
        self._parameter_names = parameter_names

    def node(
        self, operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any
    ) -> None:
        from onnx.helper import make_node

        self.nodes.append(make_node(operator, inputs, outputs, **attributes))

    def constant(self, name: str, array: Array) -> str:
        from onnx.numpy_helper import from_array

        self.node("Constant", [], [name], value=from_array(array, name))
        return name

    def parameter(self, name: str) -> str:
        return self._parameter_names[name]
