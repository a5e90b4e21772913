"""Whole models for all that runs ONNX."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._version import __version__
from ..errors import ArgumentError, require_extra
from ..layers.activation import Activation
from ..layers.base import Layer
from ..layers.dropout import Dropout
from ..layers.linear import Linear
from ..model.sequential import Sequential
from ..utils.atomic_files import FilePath, atomic_write
from .common import check_model
from .onnx_graph import OnnxGraph

if TYPE_CHECKING:
    from onnx import NodeProto

Nodes = Callable[[Any, str, str, dict[str, str]], "Sequence[NodeProto]"]

OLDEST = 13  # before it, Softmax was another function
MOST_BYTES = 2**31 - 2**20  # of weights: protobuf ends at 2 GiB


def export_onnx(
    model: Sequential,
    path: FilePath,
    *,
    shape: tuple[int, ...] | None = None,
    opset: int = 17,
    custom: Mapping[type[Layer], Nodes] | None = None,
) -> Path:
    """Write what `model.predict` computes to an ONNX file, weights included; return the path.

    The graph takes "input" (batch, ...) and gives "output" (batch, k), both in the model's dtype, without `Dropout`.

    Parameters
    ----------
    model : Sequential
        In float32 or float64, and finite.
    path : path
        A file of that name is replaced whole or not at all.
    shape : tuple of int, optional
        That of one example, such as (64, 64, 3), where the layers do not tell it, as `Flatten` does not.
    opset : int, default 17
        The version of ONNX's operators, 13 or newer. Older ones are run by more programs.
    custom : mapping of layer class to function, optional
        For layers of one's own: `function(layer, x, y, names)` returns the list of ONNX nodes that compute the value named y from the
        one named x. `names` has the name in the graph of each parameter of the layer; names of its own begin with y.

    Raises
    ------
    MissingDependencyError, ArgumentError, ShapeError, DtypeError, NonFiniteError, DataError
    """
    where = "export_onnx"
    with require_extra("onnx", "onnx", where):
        from onnx import checker, defs, helper, numpy_helper, shape_inference
    check_model(model, where)
    newest = defs.onnx_opset_version()
    if isinstance(opset, bool) or not isinstance(opset, int) or not OLDEST <= opset <= newest:
        raise ArgumentError(
            f"opset must be a whole number in [{OLDEST}, {newest}] for this onnx, got {opset!r} in {where}"
        )
    if not isinstance(custom, Mapping | None):
        raise ArgumentError(
            f"custom must be a dict of layer classes and functions, got {custom!r} in {where}"
        )
    if (size := model.parameters.theta.nbytes) > MOST_BYTES:
        raise ArgumentError(
            f"the weights must have at most {MOST_BYTES:,} bytes, got {size:,} in {where}"
        )
    nodes = _nodes_of(model, custom or {})
    example = np.zeros((1, *_shape(model, shape)), model.dtype)
    with np.errstate(all="ignore"):  # zeros need not be in a layer's domain
        ends = {"input": example, "output": model.predict(example)}
    kind = helper.np_dtype_to_tensor_dtype(model.dtype)
    x, y = (
        helper.make_tensor_value_info(name, kind, ["batch", *array.shape[1:]])
        for name, array in ends.items()
    )
    weights = [
        numpy_helper.from_array(parameter.value, name) for name, parameter in model.parameters
    ]
    version = [helper.make_operatorsetid("", opset)]
    proto = helper.make_model(
        helper.make_graph(nodes, "minidl", [x], [y], weights),
        opset_imports=version,
        ir_version=helper.find_min_ir_version_for(version),
        producer_name="minidl",
        producer_version=__version__,
    )
    try:
        checker.check_model(proto, full_check=True)
    except (checker.ValidationError, shape_inference.InferenceError) as error:
        raise ArgumentError(
            f"the graph must pass onnx's checker, which says: {error}: mend custom"
        ) from error
    return atomic_write(path, proto.SerializeToString(deterministic=True))


def _shape(model: Sequential, shape: tuple[int, ...] | None) -> tuple[int, ...]:
    """Return the shape given, or what the first layer asks for that does not take all."""
    if shape is None:
        first = next(
            (layer for layer in model.layers if not isinstance(layer, Activation | Dropout)), None
        )
        if not isinstance(first, Linear):
            raise ArgumentError(
                "export_onnx must know the shape of one example: pass shape=(64, 64, 3), say"
            )
        return (first.in_features,)
    if not (isinstance(shape, tuple | list) and all(type(n) is int and n >= 1 for n in shape)):
        raise ArgumentError(
            f"shape must be whole numbers >= 1, such as (64, 64, 3), got {shape!r} in export_onnx"
        )
    return tuple(shape)


def _nodes_of(model: Sequential, custom: Mapping[type[Layer], Nodes]) -> list[NodeProto]:
    """Return the nodes from "input" to "output"; parameters have the model's names."""
    from onnx.helper import make_node

    exported = [
        (i, layer) for i, layer in enumerate(model.layers) if not layer.is_identity_at_inference
    ]
    nodes: list[NodeProto] = []
    x = "input"
    for i, layer in exported:
        y = "output" if i == exported[-1][0] else f"layer{i}"
        names = {name: f"{i}.{name}" for name in layer.parameters()}
        if type(layer) in custom:  # exactly: a subclass may compute otherwise
            nodes += custom[type(layer)](layer, x, y, names)
        else:
            graph = OnnxGraph(model.dtype, names)
            try:
                layer.to_onnx(graph, x, y)
            except ArgumentError as error:
                raise ArgumentError(f"layer {i}: {error}") from None
            nodes += graph.nodes
        x = y
    return nodes or [make_node("Identity", [x], ["output"])]
