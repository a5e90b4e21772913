"""Which nodes of ONNX stand for which layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError
from ..layers import Dropout, Flatten, Layer, LeakyReLU, Linear, ReLU, Sigmoid, Softmax, Tanh
from ..sequential import Sequential

if TYPE_CHECKING:
    from onnx import NodeProto

# What stands for a layer: a function of the layer, the name of its input, that of its output, and the names of its parameters.
Nodes = Callable[[Any, str, str, dict[str, str]], "Sequence[NodeProto]"]


def nodes_of(model: Sequential, custom: Mapping[type[Layer], Nodes]) -> list[NodeProto]:
    """Return the nodes from "input" to "output" that compute what the model predicts; parameters have the model's names.

    Raises
    ------
    ArgumentError
        If a layer is neither built in nor in `custom`.
    """
    from onnx.helper import make_node

    known: dict[type[Layer], Nodes] = {**BUILT_IN, LeakyReLU: _leaky(model.dtype), **custom}
    kept = [(i, layer) for i, layer in enumerate(model.layers) if type(layer) is not Dropout]
    nodes: list[NodeProto] = []
    x = "input"
    for i, layer in kept:
        if type(layer) not in known:  # exact types: a subclass may compute otherwise
            name = type(layer).__name__
            raise ArgumentError(f"layer {i}, {layer}, is not known to export_onnx: tell its nodes by custom={{{name}: function}}")
        y = "output" if i == kept[-1][0] else f"layer{i}"
        nodes += known[type(layer)](layer, x, y, {inner: f"{i}.{inner}" for inner in layer.parameters()})
        x = y
    return nodes or [make_node("Identity", [x], ["output"])]


def _one(operator: str, **attributes: Any) -> Nodes:
    """Return the function for layers that are one operator, which takes their parameters in their order."""

    def nodes(layer: Layer, x: str, y: str, names: dict[str, str]) -> list[NodeProto]:
        from onnx.helper import make_node

        return [make_node(operator, [x, *names.values()], [y], **attributes)]

    return nodes


def _leaky(dtype: np.dtype[Any]) -> Nodes:
    """Return the function for `LeakyReLU`; in float64 it is max(x, slope * x), for the operator has its slope in float32 alone."""

    def nodes(layer: LeakyReLU, x: str, y: str, names: dict[str, str]) -> list[NodeProto]:
        from onnx.helper import make_node
        from onnx.numpy_helper import from_array

        if dtype == np.float32:
            return [make_node("LeakyRelu", [x], [y], alpha=layer.slope)]
        slope, scaled = f"{y}.slope", f"{y}.scaled"
        constant = make_node("Constant", [], [slope], value=from_array(np.array(layer.slope, dtype), slope))
        return [constant, make_node("Mul", [x, slope], [scaled]), make_node("Max", [x, scaled], [y])]

    return nodes


BUILT_IN: dict[type[Layer], Nodes] = {
    Linear: _one("Gemm", transB=1),  # the weights as they are
    ReLU: _one("Relu"),
    Sigmoid: _one("Sigmoid"),
    Tanh: _one("Tanh"),
    Softmax: _one("Softmax", axis=-1),
    Flatten: _one("Flatten", axis=1),
}
