"""The ONNX graph that an export builds, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..errors import ArgumentError
from ..layers.base import Layer
from ..layers.graph import GraphBuilder
from ..utils.typing import Array

if TYPE_CHECKING:
    from onnx import NodeProto, ValueInfoProto

NodeWriter: TypeAlias = Callable[[Any, "OnnxGraph", str, str], None]


class GraphValues:
    """The values of a whole graph, of which ONNX infers the shapes.

    Parameters
    ----------
    infos : sequence of onnx.ValueInfoProto
        The input, then the parameters.
    opset : int
        The version of the operators.
    """

    def __init__(self, infos: Sequence[ValueInfoProto], opset: int) -> None:
        self.nodes: list[NodeProto] = []
        self._infos = infos
        self._opset = opset

    def rank(self, name: str) -> int | None:
        """Return the number of axes of a value, None if it cannot be inferred."""
        from onnx import helper, shape_inference

        if self.nodes:
            last = helper.make_empty_tensor_value_info(name)
            graph = helper.make_graph(self.nodes, "minidl", self._infos, [last])
            opset_imports = [helper.make_operatorsetid("", self._opset)]
            model = helper.make_model(graph, opset_imports=opset_imports)
            try:
                graph = shape_inference.infer_shapes(model).graph
            except shape_inference.InferenceError:
                return None
            known = [*graph.input, *graph.value_info, *graph.output]
        else:
            known = [*self._infos]
        for info in known:
            if info.name == name and info.type.tensor_type.HasField("shape"):
                return len(info.type.tensor_type.shape.dim)
        return None


class OnnxGraph(GraphBuilder):
    """The part of an ONNX graph that one layer adds in its `to_onnx`.

    Parameters
    ----------
    dtype : numpy.dtype
        The dtype of the model, float32 or float64.
    parameter_names : mapping of str to str
        The name in the graph of each parameter of the layer.
    custom : mapping of layer class to callable, optional
        Functions that take precedence over `to_onnx`, as in `export_onnx`.
    path : str, optional
        The path of the layer in the model, such as "2.body.0", for errors.
    values : GraphValues, optional
        What is known of the whole graph; by default its values are rows.

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

    def __init__(
        self,
        dtype: np.dtype[Any],
        parameter_names: Mapping[str, str],
        *,
        custom: Mapping[type[Layer], NodeWriter] | None = None,
        path: str = "",
        values: GraphValues | None = None,
    ) -> None:
        self.dtype = dtype
        self._values = values
        self._custom = custom or {}
        self._path = path
        self.nodes: list[NodeProto] = []
        self._parameter_names = parameter_names

    def node(
        self, operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any
    ) -> None:
        from onnx.helper import make_node

        node = make_node(operator, inputs, outputs, **attributes)
        self.nodes.append(node)
        if self._values is not None:
            self._values.nodes.append(node)

    def constant(self, name: str, array: Array) -> str:
        from onnx.numpy_helper import from_array

        self.node("Constant", [], [name], value=from_array(array, name))
        return name

    def parameter(self, name: str) -> str:
        return self._parameter_names[name]

    def rank(self, name: str) -> int | None:
        return 2 if self._values is None else self._values.rank(name)

    def add_layer(self, name: str, layer: Layer, x: str, y: str | None = None) -> str:
        prefix = f"{name}."
        names = {
            inner.removeprefix(prefix): outer
            for inner, outer in self._parameter_names.items()
            if inner.startswith(prefix)
        }
        path = f"{self._path}.{name}" if self._path else name
        graph = OnnxGraph(self.dtype, names, custom=self._custom, path=path, values=self._values)
        output = f"layer{path}" if y is None else y
        graph.write_layer(layer, x, output)
        self.nodes += graph.nodes
        return output

    def write_layer(self, layer: Layer, x: str, y: str) -> None:
        """Add the nodes of the layer that the graph is for, by its `to_onnx` or by `custom`.

        Parameters
        ----------
        layer : Layer
            The layer.
        x : str
            The name of its input.
        y : str
            The name of its output.

        Raises
        ------
        ArgumentError
            If the layer cannot be exported; the message names its path.
        """
        write = self._custom.get(type(layer))
        try:
            if write is not None:
                write(layer, self, x, y)
            elif layer.is_identity_at_inference:
                self.node("Identity", [x], [y])
            else:
                layer.to_onnx(self, x, y)
        except _LocatedError:
            raise
        except ArgumentError as error:
            raise _LocatedError(f"layer {self._path}: {error}") from None


class _LocatedError(ArgumentError):
    """The error of a layer whose path the message names already."""
