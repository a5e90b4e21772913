"""The course's dictionary of parameters: {"W1": (n1, n0), "b1": (n1, 1), "W2": (n2, n1), ...}, numbered from 1."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

from ..arrays import Array, door, numeric
from ..errors import ArgumentError, ShapeError
from ..layers import Layer, Linear, ReLU, Sigmoid
from ..losses import BinaryCrossEntropy
from ..sequential import Sequential
from .common import check_model, check_sendable


def to_course(model: Sequential) -> dict[str, Array]:
    """Return the parameters of the model's `Linear` layers as the course's dictionary, in copies.

    A layer without a bias gets one of zeros, for the course's functions add it: the net is the same.

    Parameters
    ----------
    model : Sequential

    Returns
    -------
    dict of str to ndarray
        "W1" (n1, n0), "b1" (n1, 1), "W2" (n2, n1), ... in the model's dtype.

    Raises
    ------
    ArgumentError, DtypeError, NonFiniteError
        If another layer than `Linear` has parameters, if the model is complex, or if a parameter is not finite.

    Examples
    --------
    >>> from minidl import MeanSquaredError
    >>> model = Sequential([Linear(4, 3), ReLU(), Linear(3, 1)], loss=MeanSquaredError())
    >>> {name: array.shape for name, array in to_course(model).items()}
    {'W1': (3, 4), 'b1': (3, 1), 'W2': (1, 3), 'b2': (1, 1)}
    """
    check_sendable(model, "to_course")
    parameters = {}
    for number, (_, layer) in enumerate(_linears(model, "to_course"), start=1):
        weight = parameters[f"W{number}"] = layer.weight.value.copy()
        bias = np.zeros(len(weight), weight.dtype) if layer.bias is None else layer.bias.value.copy()
        parameters[f"b{number}"] = bias.reshape(-1, 1)
    return parameters


def from_course(parameters: Mapping[str, npt.ArrayLike], model: Sequential | None = None) -> Sequential:
    """Copy the course's dictionary into a model, or into the course's own net where none is given; return the model.

    Parameters
    ----------
    parameters : mapping of str to array_like
        "W1" (n1, n0), "b1" (n1, 1), "W2" (n2, n1), ... of finite real numbers, converted to the model's dtype. A layer without a
        bias takes none, or zeros.
    model : Sequential, optional
        Its `Linear` layers take the parameters in their order. By default a new one: LINEAR -> RELU -> ... -> LINEAR -> SIGMOID under
        `BinaryCrossEntropy()`, in float32 if all of `parameters` is, else in float64.

    Returns
    -------
    Sequential

    Raises
    ------
    ArgumentError, ShapeError, DtypeError, NonFiniteError
        If a name is missing or one too many, or an array is not as its layer has it; then the model is as it was.

    Examples
    --------
    >>> model = from_course({"W1": [[1.0, -1.0]], "b1": [[0.0]]})
    >>> model
    Sequential([Linear(2, 1), Sigmoid()], loss=BinaryCrossEntropy(), dtype=float64)
    >>> model.predict([[3.0, 3.0]])
    array([[0.5]])
    """
    where = "from_course"
    if not isinstance(parameters, Mapping):
        raise ArgumentError(f"parameters must be a dict with W1, b1, W2, ..., got a {type(parameters).__name__} in {where}")
    arrays = {str(name): numeric(array, str(name)) for name, array in parameters.items()}
    model = _course_net(arrays) if model is None else model
    check_model(model, where)
    linears = list(enumerate(_linears(model, where), start=1))
    _check_names(arrays, len(linears), optional={f"b{number}" for number, (_, layer) in linears if layer.bias is None})
    new = []
    for number, (place, layer) in linears:
        new.append((layer.weight, _fitting(arrays, f"W{number}", layer.weight.shape, model, place)))
        if f"b{number}" in arrays:
            bias = _fitting(arrays, f"b{number}", (layer.out_features, 1), model, place)[:, 0]
            if layer.bias is not None:
                new.append((layer.bias, bias))
            elif bias.any():
                raise ArgumentError(f"b{number} must be absent or 0 in {where}, for {place} has no bias: make it with bias=True")
    for parameter, value in new:
        parameter.value = value
    return model


def _linears(model: Sequential, where: str) -> list[tuple[str, Linear]]:
    """Return each Linear layer of the model and how messages call it; no other layer may learn anything."""
    linears = []
    for i, layer in enumerate(model.layers):
        if type(layer) is Linear:
            linears.append((f"layer {i}, {layer},", layer))
        elif layer.parameters():
            raise ArgumentError(f"layer {i}, {layer}, has parameters in {where}, but the course's dictionary is of Linear layers alone")
    return linears


def _check_names(arrays: Mapping[str, Array], count: int, optional: Collection[str] = ()) -> None:
    known = {f"{kind}{number}" for number in range(1, count + 1) for kind in "Wb"}
    for name in sorted(known ^ set(arrays)):
        if name not in optional:
            raise ArgumentError(
                f"parameters must have W1, b1 to W{count}, b{count} for a net of {count} Linear layers, and no more; in from_course {name} "
                f"is {'missing: add it' if name in known else 'too much: drop it'}, or pass another model"
            )


def _fitting(arrays: Mapping[str, Array], name: str, shape: tuple[int, ...], model: Sequential, place: str) -> Array:
    """Return an array of the dictionary in the model's dtype, once it is known to be finite and of that shape."""
    array = door(arrays[name], name, model.dtype)
    if array.shape != shape:
        raise ShapeError(f"{name} must have shape {shape}, that of {place} in from_course, got {array.shape}: nothing is broadcast")
    return array


def _course_net(arrays: Mapping[str, Array]) -> Sequential:
    """Return the course's net with the widths of the weights; its values are copied into it like into any other model."""
    count = max(1, sum(name.startswith("W") for name in arrays))
    _check_names(arrays, count)
    layers: list[Layer] = []
    for number in range(1, count + 1):
        shape = arrays[f"W{number}"].shape
        if len(shape) != 2:
            raise ShapeError(f"W{number} must be a matrix (n{number}, n{number - 1}), got shape {shape} in from_course")
        layers += [Linear(shape[1], shape[0]), ReLU()]
    return Sequential([*layers[:-1], Sigmoid()], loss=BinaryCrossEntropy(), dtype=np.result_type(np.float32, *arrays.values()))
