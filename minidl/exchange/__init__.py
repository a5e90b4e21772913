"""Parameters for the course's functions and for PyTorch, and back; whole models for all that runs ONNX."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..arrays import Array, door, numeric
from ..checkpoints import once
from ..environment import __version__
from ..errors import ArgumentError, DataError, DtypeError, MissingExtraError, NonFiniteError, ShapeError
from ..files import FilePath, read_whole, write_whole
from ..layers import Activation, Dropout, Flatten, Layer, LeakyReLU, Linear, ReLU, Sigmoid, Softmax, Tanh
from ..losses import BinaryCrossEntropy
from ..sequential import Sequential

if TYPE_CHECKING:
    from onnx import NodeProto

__all__ = ["export_onnx", "from_course", "load_safetensors", "save_safetensors", "to_course"]

Nodes = Callable[[Any, str, str, dict[str, str]], "Sequence[NodeProto]"]


@contextmanager
def _needs(extra: str, where: str) -> Iterator[None]:
    try:
        yield
    except ImportError:
        raise MissingExtraError(f"{where} needs {extra}, which is not installed: pip install 'minidl[{extra}]'") from None


def _check_model(model: Sequential, where: str, *, finite: bool = True) -> None:
    if not isinstance(model, Sequential):
        raise ArgumentError(f"model must be a Sequential, got {model!r} in {where}")
    if model.dtype.kind != "f":
        raise DtypeError(f"model must be in float32 or float64, got {model.dtype} in {where}: pass model.astype(np.float64)")
    theta = model.parameters.theta
    if finite and len(wrong := np.flatnonzero(~np.isfinite(theta))):
        name, index = model.parameters.locate(int(wrong[0]))
        raise NonFiniteError(
            f"parameters must be finite, got {theta[wrong[0]]} at {name}{[*index]} in {where}: train or load the model anew"
        )


def to_course(model: Sequential) -> dict[str, Array]:
    """Return copies of the parameters as the course has them: "W1" (n1, n0), "b1" (n1, 1), "W2" (n2, n1), ..., missing biases as zeros.

    Parameters
    ----------
    model : Sequential
        In float32 or float64 and finite; only `Linear` layers may have parameters.

    Raises
    ------
    ArgumentError, DtypeError, NonFiniteError
    """
    _check_model(model, "to_course")
    parameters = {}
    for number, _, layer in _linears(model, "to_course"):
        weight = parameters[f"W{number}"] = layer.weight.value.copy()
        bias = np.zeros(len(weight), weight.dtype) if layer.bias is None else layer.bias.value.copy()
        parameters[f"b{number}"] = bias.reshape(-1, 1)
    return parameters


def from_course(parameters: Mapping[str, npt.ArrayLike], model: Sequential | None = None) -> Sequential:
    """Copy the course's dictionary into a model, or into the course's own net where none is given; return the model.

    Parameters
    ----------
    parameters : mapping of str to array_like
        As `to_course` returns it, of finite real numbers. A layer without a bias takes none, or zeros.
    model : Sequential, optional
        Its `Linear` layers take the parameters in their order. By default LINEAR -> RELU -> ... -> SIGMOID under
        `BinaryCrossEntropy()`, in float32 if all of `parameters` is, else in float64.

    Raises
    ------
    ArgumentError, ShapeError, DtypeError, NonFiniteError
        If a name is missing or too much, or an array is not as its layer has it; then the model is as it was.

    Examples
    --------
    >>> from_course({"W1": [[1.0, -1.0]], "b1": [[0.0]]})
    Sequential([Linear(2, 1), Sigmoid()], loss=BinaryCrossEntropy(), dtype=float64)
    """
    where = "from_course"
    if not isinstance(parameters, Mapping):
        raise ArgumentError(f"parameters must be a dict with W1, b1, W2, ..., got a {type(parameters).__name__} in {where}")
    arrays = {str(name): numeric(array, str(name)) for name, array in parameters.items()}
    model = _course_net(arrays) if model is None else model
    _check_model(model, where, finite=False)
    due: dict[str, Any] = {}
    for number, place, layer in _linears(model, where):
        due[f"W{number}"] = layer.weight, layer.weight.shape, place
        due[f"b{number}"] = layer.bias, (layer.out_features, 1), place
    for name in sorted(due.keys() ^ arrays.keys()):
        if name not in due or due[name][0] is not None:
            raise _misnamed(name, len(due) // 2, missing=name in due)
    new = []
    for name, given in arrays.items():
        parameter, shape, place = due[name]
        array = door(given, name, model.dtype)
        if array.shape != shape:
            raise ShapeError(f"{name} must have shape {shape}, as {place} in {where}, got {array.shape}")
        if parameter is not None:
            new.append((parameter, array.reshape(parameter.shape)))
        elif array.any():
            raise ArgumentError(f"{name} must be absent or 0 in {where}, for {place} has no bias: make it with bias=True")
    for parameter, value in new:
        parameter.value = value
    return model


def _linears(model: Sequential, where: str) -> Iterator[tuple[int, str, Linear]]:
    """Yield each Linear layer with its number and place; no other may learn anything."""
    number = 0
    for i, layer in enumerate(model.layers):
        if type(layer) is Linear:
            number += 1
            yield number, f"layer {i}, {layer},", layer
        elif layer.parameters():
            raise ArgumentError(f"layer {i}, {layer}, has parameters in {where}, but the course knows only Linear layers")


def _misnamed(name: str, count: int, *, missing: bool) -> ArgumentError:
    what = "missing: add it" if missing else "too much: drop it"
    return ArgumentError(f"parameters must be W1, b1 to W{count}, b{count} for {count} Linear layers; in from_course {name} is {what}")


def _course_net(arrays: Mapping[str, Array]) -> Sequential:
    count = max(1, sum(name.startswith("W") for name in arrays))
    layers: list[Layer] = []
    for number in range(1, count + 1):
        name = f"W{number}"
        if name not in arrays:
            raise _misnamed(name, count, missing=True)
        shape = arrays[name].shape
        if len(shape) != 2:
            raise ShapeError(f"{name} must be a matrix (n{number}, n{number - 1}), got shape {shape} in from_course")
        layers += [Linear(shape[1], shape[0]), ReLU()]
    return Sequential([*layers[:-1], Sigmoid()], loss=BinaryCrossEntropy(), dtype=np.result_type(np.float32, *arrays.values()))


def save_safetensors(model: Sequential, path: FilePath) -> Path:
    """Write the parameters to a safetensors file under their names, such as "0.weight"; return the path.

    A `torch.nn.Sequential` of corresponding layers, `Dropout` and `Flatten` included, has the same names and layout:
    `net.load_state_dict(safetensors.torch.load_file(path))` takes them.

    Parameters
    ----------
    model : Sequential
        In float32 or float64, and finite.
    path : path
        A file of that name is replaced whole or not at all.

    Raises
    ------
    MissingExtraError, ArgumentError, DtypeError, NonFiniteError, DataError
    """
    with _needs("safetensors", "save_safetensors"):
        from safetensors.numpy import save
    _check_model(model, "save_safetensors")
    return write_whole(path, save({name: parameter.value for name, parameter in model.parameters}))


def load_safetensors(model: Sequential, path: FilePath) -> None:
    """Copy the weights of a safetensors file, such as one of a `torch.nn.Sequential`, into `model`, which must have just these.

    The file is not trusted, but has no checksum: other finite numbers than were written are not noticed.

    Parameters
    ----------
    model : Sequential
        In float32 or float64, as the file.
    path : path

    Raises
    ------
    MissingExtraError, MissingDataError, DataError
        Then the model is as it was.
    """
    with _needs("safetensors", "load_safetensors"):
        from safetensors import SafetensorError, deserialize
    _check_model(model, "load_safetensors", finite=False)
    most = 64 * 2**10 + 2**10 * len(model.parameters)  # bytes of the header; 100 per parameter are usual
    content = read_whole(path, 8 + most + model.parameters.theta.nbytes, "a safetensors file for this model", "is it of another model?")
    header = content[8 : 8 + int.from_bytes(content[:8], "little")]
    try:
        if len(header) > most:
            raise ValueError(f"more than {most:,} bytes of header")
        json.loads(header, object_pairs_hook=once)  # of a name that comes twice, the library takes the last
        # It checks that the tensors fill the file without gap or overlap.
        tensors = dict(deserialize(content))  # type: ignore[no-untyped-call]
    except (ValueError, RecursionError, SafetensorError) as error:
        raise DataError(f"{path}: must be a whole safetensors file, found {str(error)[:200]!r}: fetch or write it again") from None
    due = {name: f"shape {parameter.shape}" for name, parameter in model.parameters}
    found = {name: f"shape {tuple(tensor['shape'])}" for name, tensor in tensors.items()}
    for name in {**due, **found}:
        if due.get(name) != found.get(name):
            rule = f"of {due[name]}" if name in due else "absent, as from the model"
            raise _unfit(path, name, rule, found.get(name, f"only {[*found]}"), "layers must correspond one by one")
    arrays = {}
    for name, tensor in tensors.items():
        if {"F32": "float32", "F64": "float64"}.get(tensor["dtype"]) != model.dtype.name:
            raise _unfit(path, name, f"{model.dtype}, as the model", tensor["dtype"], "make the model with the file's dtype")
        array = arrays[name] = np.frombuffer(tensor["data"], model.dtype.newbyteorder("<"))
        if not (finite := np.isfinite(array)).all():
            raise _unfit(path, name, "finite numbers", array[~finite][0], "train that model anew")
    for name, parameter in model.parameters:
        parameter.value = arrays[name].reshape(parameter.shape)


def _unfit(path: FilePath, name: str, rule: str, found: object, cure: str) -> DataError:
    return DataError(f"{path}, tensor {name[:80]!r}: must be {rule}, found {str(found)[:200]}: {cure}")


# The operator that a layer is, with its attributes.
_OPERATORS: dict[type[Layer], tuple[str, dict[str, Any]]] = {
    Linear: ("Gemm", {"transB": 1}),  # the weights as they are
    ReLU: ("Relu", {}),
    Sigmoid: ("Sigmoid", {}),
    Tanh: ("Tanh", {}),
    Softmax: ("Softmax", {"axis": -1}),
    Flatten: ("Flatten", {"axis": 1}),
}
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
    MissingExtraError, ArgumentError, ShapeError, DtypeError, NonFiniteError, DataError
    """
    where = "export_onnx"
    with _needs("onnx", where):
        from onnx import checker, defs, helper, numpy_helper, shape_inference
    _check_model(model, where)
    newest = defs.onnx_opset_version()
    if isinstance(opset, bool) or not isinstance(opset, int) or not OLDEST <= opset <= newest:
        raise ArgumentError(f"opset must be a whole number in [{OLDEST}, {newest}] for this onnx, got {opset!r} in {where}")
    if not isinstance(custom, Mapping | None):
        raise ArgumentError(f"custom must be a dict of layer classes and functions, got {custom!r} in {where}")
    if (size := model.parameters.theta.nbytes) > MOST_BYTES:
        raise ArgumentError(f"the weights must have at most {MOST_BYTES:,} bytes, got {size:,} in {where}")
    nodes = _nodes_of(model, custom or {})
    example = np.zeros((1, *_shape(model, shape)), model.dtype)
    with np.errstate(all="ignore"):  # zeros need not be in a layer's domain
        ends = {"input": example, "output": model.predict(example)}
    kind = helper.np_dtype_to_tensor_dtype(model.dtype)
    x, y = (helper.make_tensor_value_info(name, kind, ["batch", *array.shape[1:]]) for name, array in ends.items())
    weights = [numpy_helper.from_array(parameter.value, name) for name, parameter in model.parameters]
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
        raise ArgumentError(f"the graph must pass onnx's checker, which says: {error}: mend custom") from error
    return write_whole(path, proto.SerializeToString(deterministic=True))


def _shape(model: Sequential, shape: tuple[int, ...] | None) -> tuple[int, ...]:
    """Return the shape given, or what the first layer asks for that does not take all."""
    if shape is None:
        first = next((layer for layer in model.layers if not isinstance(layer, Activation | Dropout)), None)
        if not isinstance(first, Linear):
            raise ArgumentError("export_onnx must know the shape of one example: pass shape=(64, 64, 3), say")
        return (first.in_features,)
    if not (isinstance(shape, tuple | list) and all(type(n) is int and n >= 1 for n in shape)):
        raise ArgumentError(f"shape must be whole numbers >= 1, such as (64, 64, 3), got {shape!r} in export_onnx")
    return tuple(shape)


def _nodes_of(model: Sequential, custom: Mapping[type[Layer], Nodes]) -> list[NodeProto]:
    """Return the nodes from "input" to "output"; parameters have the model's names."""
    from onnx.helper import make_node
    from onnx.numpy_helper import from_array

    kept = [(i, layer) for i, layer in enumerate(model.layers) if type(layer) is not Dropout]
    nodes: list[NodeProto] = []
    x = "input"
    for i, layer in kept:
        y = "output" if i == kept[-1][0] else f"layer{i}"
        names = {name: f"{i}.{name}" for name in layer.parameters()}
        if type(layer) in custom:  # exactly: a subclass may compute otherwise
            nodes += custom[type(layer)](layer, x, y, names)
        elif type(layer) is LeakyReLU and model.dtype == np.float32:
            nodes.append(make_node("LeakyRelu", [x], [y], alpha=layer.slope))
        elif type(layer) is LeakyReLU:  # max(x, slope * x), for the operator has its slope in float32 alone
            slope, scaled = f"{y}.slope", f"{y}.scaled"
            nodes.append(make_node("Constant", [], [slope], value=from_array(np.array(layer.slope, model.dtype), slope)))
            nodes += [make_node("Mul", [x, slope], [scaled]), make_node("Max", [x, scaled], [y])]
        elif type(layer) in _OPERATORS:
            operator, attributes = _OPERATORS[type(layer)]
            nodes.append(make_node(operator, [x, *names.values()], [y], **attributes))
        else:
            name = type(layer).__name__
            raise ArgumentError(f"layer {i}, {layer}, is not known to export_onnx: tell its nodes by custom={{{name}: function}}")
        x = y
    return nodes or [make_node("Identity", [x], ["output"])]
