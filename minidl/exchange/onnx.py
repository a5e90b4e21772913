"""Export of whole models to ONNX files, which many programs can run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._version import __version__
from ..errors import ArgumentError, require_extra
from ..layers.activation import Activation
from ..layers.base import Layer
from ..layers.container import Container
from ..layers.dropout import Dropout
from ..layers.linear import Linear
from ..model.sequential import Sequential
from ..utils.atomic_files import FilePath, atomic_write
from ..utils.validation import check_example_shape, is_integer
from .onnx_graph import GraphValues, NodeWriter, OnnxGraph
from .validation import check_model, model_arrays

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

MIN_OPSET = 13  # earlier versions define Softmax differently
MAX_PARAMETER_BYTES = 2**31 - 2**20  # a protobuf message has at most 2 GiB


def export_onnx(
    model: Sequential,
    path: FilePath,
    *,
    shape: tuple[int, ...] | None = None,
    opset: int = 17,
    custom: Mapping[type[Layer], NodeWriter] | None = None,
) -> Path:
    """Write the computation of `model.predict`, with the parameters, to an ONNX file.

    The graph has the input "input" (batch, ...) and the output "output" (batch, ..., k), both in
    the dtype of the model (the input in int64 where the first layer takes integers); the batch size
    is free. `Dropout` is left out. The same model gives the
    same bytes.

    Parameters
    ----------
    model : Sequential
        A model in float32 or float64 with finite parameters.
    path : path-like
        The file. An existing file is replaced, as a whole or not at all.
    shape : tuple of int, optional
        The shape of one example, such as (64, 64, 3). Required if no `Linear` layer determines
        it, as after `Flatten`.
    opset : int, default 17
        The version of the ONNX operators, >= 13. More programs run the older versions.
    custom : mapping of layer class to callable, optional
        For layers without a method `to_onnx`: ``function(layer, graph, x, y)`` adds the nodes
        that compute the value named `y` from the one named `x`, as `Layer.to_onnx` does. It is
        used for exactly this class, not for subclasses, and takes precedence over the method.

    Returns
    -------
    Path
        The path of the file.

    Raises
    ------
    ArgumentError
        If an argument is invalid, a layer cannot be exported, or the graph does not pass
        the checker of ONNX. An existing file is unchanged after any error.
    ShapeError
        If `shape` does not fit the layers.
    DtypeError
        If the model computes in complex128.
    NonFiniteError
        If a parameter is NaN or infinite.
    DataError
        If the file cannot be written.
    MissingDependencyError
        If onnx is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from minidl import BinaryCrossEntropy, Linear, Sequential, Sigmoid
    >>> from minidl.exchange import export_onnx
    >>> model = Sequential([Linear(4, 1), Sigmoid()], loss=BinaryCrossEntropy())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_onnx(model, f"{folder}/model.onnx").name
    'model.onnx'
    """
    function = "export_onnx"
    with require_extra("onnx", "onnx", function):
        from onnx import checker, defs, shape_inference
    check_model(model, function)
    max_opset = defs.onnx_opset_version()
    if not is_integer(opset, MIN_OPSET) or opset > max_opset:
        raise ArgumentError(
            f"opset must be an integer in [{MIN_OPSET}, {max_opset}] for this version of onnx, "
            f"got {opset!r} in {function}"
        )
    if not isinstance(custom, Mapping | None):
        raise ArgumentError(
            f"custom must be a dict of layer classes and functions, got {custom!r} in {function}"
        )
    parameter_bytes = model.parameters.theta.nbytes
    if parameter_bytes > MAX_PARAMETER_BYTES:
        raise ArgumentError(
            f"the parameters must have at most {MAX_PARAMETER_BYTES:,} bytes, "
            f"got {parameter_bytes:,} in {function}"
        )
    example_shape = _example_shape(model, shape)
    values = _graph_values(model, example_shape, int(opset))
    with model.objective_function.access:  # all parameters are of one moment
        nodes = layer_nodes(model, custom or {}, values)
        proto = _to_proto(model, nodes, example_shape, int(opset))
    try:
        checker.check_model(proto, full_check=True)
    except (checker.ValidationError, shape_inference.InferenceError) as error:
        raise ArgumentError(
            f"the graph must pass the checker of onnx, got the error {error}: "
            "correct to_onnx of the layer, or custom"
        ) from error
    return atomic_write(path, proto.SerializeToString(deterministic=True))


def _graph_values(model: Sequential, example_shape: tuple[int, ...], opset: int) -> GraphValues:
    from onnx import helper

    objective = model.objective_function
    x, weights = (
        helper.np_dtype_to_tensor_dtype(dtype) for dtype in (objective.input_dtype, model.dtype)
    )
    infos = [helper.make_tensor_value_info("input", x, ["batch", *example_shape])]
    for name, array in model_arrays(model).items():
        infos.append(helper.make_tensor_value_info(name, weights, array.shape))
    return GraphValues(infos, opset)


def layer_nodes(
    model: Sequential,
    custom: Mapping[type[Layer], NodeWriter],
    values: GraphValues | None = None,
) -> list[NodeProto]:
    """Return the nodes from "input" to "output"; parameters have their names in the model."""
    from onnx.helper import make_node

    layers = [
        (i, layer) for i, layer in enumerate(model.layers) if not layer.is_identity_at_inference
    ]
    nodes: list[NodeProto] = []
    x = "input"
    for i, layer in layers:
        y = "output" if i == layers[-1][0] else f"layer{i}"
        names = {name: f"{i}.{name}" for name in [*layer.parameters(), *layer.buffers()]}
        graph = OnnxGraph(model.dtype, names, custom=custom, path=str(i), values=values)
        graph.write_layer(layer, x, y)
        nodes += graph.nodes
        x = y
    return nodes or [make_node("Identity", [x], ["output"])]


def _example_shape(model: Sequential, shape: tuple[int, ...] | None) -> tuple[int, ...]:
    """Return `shape`, or the input shape of the first layer that does not accept any shape."""
    if shape is None:
        modules = [module for layer in model.layers for module in layer.modules()]
        any_shape = Activation | Dropout | Container
        layers = [module for module in modules if not isinstance(module, any_shape)]
        if not layers or not isinstance(layers[0], Linear):
            raise ArgumentError(
                "export_onnx must know the shape of one example: pass e.g. shape=(64, 64, 3)"
            )
        return (layers[0].in_features,)
    return check_example_shape(shape, "export_onnx")


def _to_proto(
    model: Sequential, nodes: list[NodeProto], example_shape: tuple[int, ...], opset: int
) -> ModelProto:
    from onnx import helper, numpy_helper

    example = np.zeros((1, *example_shape), model.objective_function.input_dtype)
    with np.errstate(all="ignore"):  # zeros need not be in a layer's domain
        output = model.predict(example)
    x, y = (
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(array.dtype), ["batch", *array.shape[1:]]
        )
        for name, array in {"input": example, "output": output}.items()
    )
    parameters = [
        numpy_helper.from_array(array, name) for name, array in model_arrays(model).items()
    ]
    opset_imports = [helper.make_operatorsetid("", opset)]
    return helper.make_model(
        helper.make_graph(nodes, "minidl", [x], [y], parameters),
        opset_imports=opset_imports,
        ir_version=helper.find_min_ir_version_for(opset_imports),
        producer_name="minidl",
        producer_version=__version__,
    )
