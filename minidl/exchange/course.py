"""Parameters as the dictionary of the DeepLearning.AI specialization."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, ShapeError
from ..layers.base import Layer
from ..layers.linear import Linear
from ..layers.relu import ReLU
from ..layers.sigmoid import Sigmoid
from ..losses.binary_cross_entropy import BinaryCrossEntropy
from ..model.sequential import Sequential
from ..parameters import Parameter
from ..utils.typing import Array
from ..utils.validation import as_real_array, check_array
from .validation import check_model


def to_course(model: Sequential, *, logistic_regression: bool = False) -> dict[str, Array]:
    """Return the parameters as the dictionary of the DeepLearning.AI specialization.

    Parameters
    ----------
    model : Sequential
        A model in float32 or float64 with finite parameters, all of them in `Linear` layers.
    logistic_regression : bool, default False
        Whether to return the dictionary of its first assignment, which has other names and shapes.

    Returns
    -------
    dict of str to ndarray
        "W1" of shape (n1, n0), "b1" of shape (n1, 1), "W2" of shape (n2, n1), ...: copies in the
        dtype of the model. A missing bias is zeros. Of a logistic regression: "w" of shape (n0, 1)
        and the number "b".

    Raises
    ------
    ArgumentError
        If the model is not a Sequential, or another layer has parameters; with
        `logistic_regression`, if it is not one `Linear` layer with one output.
    DtypeError
        If the model computes in complex128.
    NonFiniteError
        If a parameter is NaN or infinite.

    See Also
    --------
    from_course : The inverse.

    Examples
    --------
    >>> from minidl import Linear, MeanSquaredError, Sequential
    >>> from minidl.exchange import to_course
    >>> model = Sequential([Linear(2, 1)], loss=MeanSquaredError())
    >>> {name: array.shape for name, array in to_course(model).items()}
    {'W1': (1, 2), 'b1': (1, 1)}
    """
    check_model(model, "to_course")
    parameters = {}
    with model.objective_function.access:  # all parameters are of one moment
        for number, _, layer in _linear_layers(model, "to_course"):
            weight = layer.weight.value.copy()
            bias = np.zeros(len(weight), weight.dtype)
            if layer.bias is not None:
                bias = layer.bias.value.copy()
            parameters[f"W{number}"] = weight
            parameters[f"b{number}"] = bias.reshape(-1, 1)
    if not logistic_regression:
        return parameters
    shapes = {name: array.shape for name, array in parameters.items()}
    if len(shapes) != 2 or shapes["b1"] != (1, 1):
        raise ArgumentError(
            "a logistic regression must be one Linear layer with one output, got parameters of "
            f"shapes {shapes} in to_course: leave out logistic_regression=True"
        )
    return {"w": parameters["W1"].T.copy(), "b": parameters["b1"][0, 0]}


def from_course(
    parameters: Mapping[str, npt.ArrayLike], model: Sequential | None = None
) -> Sequential:
    """Copy the parameter dictionary of the DeepLearning.AI specialization into a model.

    Parameters
    ----------
    parameters : mapping of str to array_like
        "W1" of shape (n1, n0), "b1" of shape (n1, 1), "W2", ..., finite real numbers. The bias of
        a layer without one may be left out, or be zeros. Or a logistic regression: "w" of shape
        (n0, 1) and the number "b".
    model : Sequential, optional
        The model whose `Linear` layers receive the parameters, in their order. By default, a new
        LINEAR -> RELU -> ... -> LINEAR -> SIGMOID under `BinaryCrossEntropy()`, in float32 if
        it holds all arrays without loss by NumPy's rules, else in float64.

    Returns
    -------
    Sequential
        The model.

    Raises
    ------
    ArgumentError
        If a name is missing or unknown, a layer other than `Linear` has parameters, or an argument
        has the wrong type. The model is unchanged after any error.
    ShapeError
        If an array does not have the shape of its layer.
    DtypeError
        If an array does not hold real numbers, or the model computes in complex128.
    NonFiniteError
        If an array holds NaN or infinity.

    See Also
    --------
    to_course : The inverse.

    Examples
    --------
    >>> from minidl.exchange import from_course
    >>> from_course({"W1": [[1.0, -1.0]], "b1": [[0.0]]})
    Sequential([Linear(2, 1), Sigmoid()], loss=BinaryCrossEntropy(), dtype=float64)
    >>> logistic_regression = from_course({"w": [[1.0], [-1.0]], "b": 0.0})
    """
    function = "from_course"
    if not isinstance(parameters, Mapping):
        raise ArgumentError(
            "parameters must be a dict with W1, b1, W2, ..., "
            f"got a {type(parameters).__name__} in {function}"
        )
    arrays = {str(name): as_real_array(array, str(name)) for name, array in parameters.items()}
    if "w" in arrays:
        arrays = _as_network(arrays)
    model = _new_network(arrays) if model is None else model
    check_model(model, function, finite=False)
    slots = _slots(model, function)
    for name in sorted(slots.keys() ^ arrays.keys()):
        if name not in slots or slots[name].parameter is not None:
            raise _name_error(name, len(slots) // 2, is_missing=name in slots)
    new_values = []
    for name, values in arrays.items():
        slot = slots[name]
        array = check_array(values, name, model.dtype)
        if array.shape != slot.shape:
            raise ShapeError(
                f"{name} must have shape {slot.shape}, as {slot.layer} in {function}, "
                f"got {array.shape}"
            )
        if slot.parameter is not None:
            new_values.append((slot.parameter, array.reshape(slot.parameter.shape)))
        elif array.any():
            raise ArgumentError(
                f"{name} must be absent or 0 in {function}, because {slot.layer} has no bias: "
                "create it with bias=True"
            )
    for parameter, value in new_values:
        parameter.value = value
    return model


def _as_network(parameters: Mapping[str, Array]) -> dict[str, Array]:
    """Return a logistic regression as a network of one layer."""
    if parameters.keys() != {"w", "b"}:
        raise ArgumentError(
            'a logistic regression must have the parameters "w" and "b", got '
            f"{', '.join(map(repr, parameters))} in from_course: pass these two alone"
        )
    w, b = parameters["w"], parameters["b"]
    if w.ndim != 2 or w.shape[1] != 1 or b.size != 1:
        raise ShapeError(
            "w must be a column (n, 1) and b a number, got shapes "
            f"{w.shape} and {b.shape} in from_course: reshape them"
        )
    return {"W1": w.T, "b1": b.reshape(1, 1)}


class _Slot(NamedTuple):
    """The parameter that an array of the dictionary sets; None if the layer has no bias."""

    parameter: Parameter | None
    shape: tuple[int, ...]
    layer: str


def _slots(model: Sequential, function: str) -> dict[str, _Slot]:
    slots = {}
    for number, description, layer in _linear_layers(model, function):
        slots[f"W{number}"] = _Slot(layer.weight, layer.weight.shape, description)
        slots[f"b{number}"] = _Slot(layer.bias, (layer.out_features, 1), description)
    return slots


def _linear_layers(model: Sequential, function: str) -> Iterator[tuple[int, str, Linear]]:
    """Yield (number from 1, description, layer) of each Linear; no other may have parameters."""
    number = 0
    for i, layer in enumerate(model.layers):
        if type(layer) is Linear:
            number += 1
            yield number, f"layer {i}, {layer},", layer
        elif layer.parameters():
            raise ArgumentError(
                f"layer {i}, {layer}, has parameters, but {function} supports only those of Linear"
            )


def _name_error(name: str, n_layers: int, *, is_missing: bool) -> ArgumentError:
    problem = "missing: add it" if is_missing else "unknown: remove it"
    return ArgumentError(
        f"parameters must be W1, b1 to W{n_layers}, b{n_layers} for {n_layers} Linear layers; "
        f"in from_course {name} is {problem}"
    )


def _new_network(arrays: Mapping[str, Array]) -> Sequential:
    n_layers = max(1, sum(name.startswith("W") for name in arrays))
    layers: list[Layer] = []
    for number in range(1, n_layers + 1):
        name = f"W{number}"
        if name not in arrays:
            raise _name_error(name, n_layers, is_missing=True)
        shape = arrays[name].shape
        if len(shape) != 2:
            raise ShapeError(
                f"{name} must be a matrix (n{number}, n{number - 1}), "
                f"got shape {shape} in from_course"
            )
        layers += [Linear(shape[1], shape[0]), ReLU()]
    return Sequential(
        [*layers[:-1], Sigmoid()],
        loss=BinaryCrossEntropy(),
        dtype=np.result_type(np.float32, *arrays.values()),
    )
