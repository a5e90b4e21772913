"""Whole models as ONNX files, for onnxruntime and all else that runs them. They need onnx: pip install 'minidl[onnx]'."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..environment import __version__
from ..errors import ArgumentError
from ..files import FilePath, write_whole
from ..layers import Activation, Dropout, Layer, Linear
from ..layers.layer import Shape
from ..sequential import Sequential
from .common import check_sendable, missing
from .onnx_nodes import Nodes, nodes_of

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

    The graph takes "input" (batch, ...), of any number of rows in the model's dtype, and gives "output" (batch, k). `Dropout` is left out.
    A file of that name is replaced, and stays whole where anything fails. The same model gives the same bytes.

    Parameters
    ----------
    model : Sequential
        In float32 or float64.
    path : path
    shape : tuple of int, optional
        The shape of one example, such as (64, 64, 3): needed where the layers do not tell it, as `Flatten` does not.
    opset : int, default 17
        The version of ONNX's operators, 13 or newer. Older ones are run by more programs.
    custom : mapping of layer class to function, optional
        How to write layers of one's own: `function(layer, x, y, names)` returns the list of ONNX nodes that compute the value named y
        from the one named x. `names` has, for each parameter of the layer, its name in the graph; names of its own begin with y.

    Raises
    ------
    MissingExtraError
        If onnx is not installed.
    ArgumentError, ShapeError, DtypeError, NonFiniteError
        If a layer has no such function, the shape is not known or does not fit, a parameter is not finite, or onnx's checker, which
        every graph passes before it is written, finds a mistake.
    DataError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile, onnx
    >>> from minidl import BinaryCrossEntropy, Sigmoid, Tanh
    >>> model = Sequential([Linear(4, 3), Tanh(), Dropout(0.5), Linear(3, 1), Sigmoid()], loss=BinaryCrossEntropy())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     graph = onnx.load(export_onnx(model, f"{folder}/model.onnx")).graph
    >>> [node.op_type for node in graph.node]
    ['Gemm', 'Tanh', 'Gemm', 'Sigmoid']
    """
    try:
        import onnx
    except ImportError:
        raise missing("export_onnx", "onnx") from None
    check_sendable(model, "export_onnx")
    newest = onnx.defs.onnx_opset_version()
    if isinstance(opset, bool) or not isinstance(opset, int) or not OLDEST <= opset <= newest:
        raise ArgumentError(f"opset must be a whole number in [{OLDEST}, {newest}] for this onnx, got {opset!r} in export_onnx")
    if not isinstance(custom, Mapping | None):
        raise ArgumentError(f"custom must be a dict of layer classes and functions, got {custom!r} in export_onnx")
    if model.parameters.theta.nbytes > MOST_BYTES:
        raise ArgumentError(f"the weights must have at most {MOST_BYTES:,} bytes, got {model.parameters.theta.nbytes:,} in export_onnx")
    nodes = nodes_of(model, custom or {})
    example = np.zeros((1, *_shape(model, shape)), model.dtype)
    with np.errstate(all="ignore"):  # zeros need not be in a layer's domain
        output = model.predict(example).shape[1:]
    kind = onnx.helper.np_dtype_to_tensor_dtype(model.dtype)
    graph = onnx.helper.make_graph(
        nodes,
        "minidl",
        [onnx.helper.make_tensor_value_info("input", kind, ["batch", *example.shape[1:]])],
        [onnx.helper.make_tensor_value_info("output", kind, ["batch", *output])],
        [onnx.numpy_helper.from_array(parameter.value, name) for name, parameter in model.parameters],
    )
    version = [onnx.helper.make_operatorsetid("", opset)]
    proto = onnx.helper.make_model(
        graph,
        opset_imports=version,
        ir_version=onnx.helper.find_min_ir_version_for(version),
        producer_name="minidl",
        producer_version=__version__,
    )
    try:
        onnx.checker.check_model(proto, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ArgumentError(f"the graph must pass onnx's checker, which says: {error}: mend the functions in custom") from error
    return write_whole(path, proto.SerializeToString(deterministic=True))


def _shape(model: Sequential, shape: tuple[int, ...] | None) -> Shape:
    """Return the shape of one example: the one given, or what the first layer asks for that does not take all."""
    if shape is None:
        first = next((layer for layer in model.layers if not isinstance(layer, Activation | Dropout)), None)
        if not isinstance(first, Linear):
            raise ArgumentError("export_onnx must know the shape of one example, which the layers do not tell: pass shape=(64, 64, 3), say")
        return (first.in_features,)
    if not (isinstance(shape, tuple | list) and all(type(n) is int and n >= 1 for n in shape)):
        raise ArgumentError(f"shape must be whole numbers >= 1, that of one example such as (64, 64, 3), got {shape!r} in export_onnx")
    return tuple(shape)
