"""Parameters as the course's dictionary, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, ShapeError
from ..layers.base import Layer
from ..layers.linear import Linear
from ..layers.relu import ReLU
from ..layers.sigmoid import Sigmoid
from ..losses.binary_cross_entropy import BinaryCrossEntropy
from ..model.sequential import Sequential
from ..utils.typing import Array
from ..utils.validation import as_real_array, check_array
from .common import check_model


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
    check_model(model, "to_course")
    parameters = {}
    for number, _, layer in _linears(model, "to_course"):
        weight = parameters[f"W{number}"] = layer.weight.value.copy()
        bias = (
            np.zeros(len(weight), weight.dtype) if layer.bias is None else layer.bias.value.copy()
        )
        parameters[f"b{number}"] = bias.reshape(-1, 1)
    return parameters


def from_course(
    parameters: Mapping[str, npt.ArrayLike], model: Sequential | None = None
) -> Sequential:
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
        raise ArgumentError(
            f"parameters must be a dict with W1, b1, W2, ..., got a {type(parameters).__name__} in {where}"
        )
    arrays = {str(name): as_real_array(array, str(name)) for name, array in parameters.items()}
    model = _course_net(arrays) if model is None else model
    check_model(model, where, finite=False)
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
        array = check_array(given, name, model.dtype)
        if array.shape != shape:
            raise ShapeError(
                f"{name} must have shape {shape}, as {place} in {where}, got {array.shape}"
            )
        if parameter is not None:
            new.append((parameter, array.reshape(parameter.shape)))
        elif array.any():
            raise ArgumentError(
                f"{name} must be absent or 0 in {where}, for {place} has no bias: make it with bias=True"
            )
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
            raise ArgumentError(
                f"layer {i}, {layer}, has parameters in {where}, but the course knows only Linear layers"
            )


def _misnamed(name: str, count: int, *, missing: bool) -> ArgumentError:
    what = "missing: add it" if missing else "too much: drop it"
    return ArgumentError(
        f"parameters must be W1, b1 to W{count}, b{count} for {count} Linear layers; in from_course {name} is {what}"
    )


def _course_net(arrays: Mapping[str, Array]) -> Sequential:
    count = max(1, sum(name.startswith("W") for name in arrays))
    layers: list[Layer] = []
    for number in range(1, count + 1):
        name = f"W{number}"
        if name not in arrays:
            raise _misnamed(name, count, missing=True)
        shape = arrays[name].shape
        if len(shape) != 2:
            raise ShapeError(
                f"{name} must be a matrix (n{number}, n{number - 1}), got shape {shape} in from_course"
            )
        layers += [Linear(shape[1], shape[0]), ReLU()]
    return Sequential(
        [*layers[:-1], Sigmoid()],
        loss=BinaryCrossEntropy(),
        dtype=np.result_type(np.float32, *arrays.values()),
    )
