"""The output of a single layer of a model."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..layers.base import Layer
from ..layers.container import Container
from ..layers.tree import named_modules
from ..objective import Objective
from ..utils.sparse_rows import ExamplesLike, SparseRows
from ..utils.typing import Array
from ..utils.underflow import without_underflow
from .inputs import prepare_examples


def layer_output(objective: Objective, X: ExamplesLike, path: str) -> Array:
    """Return what a layer gives for a few examples, with dropout off.

    Parameters
    ----------
    objective, X, path
        As `run_layer` takes them.

    Returns
    -------
    ndarray of shape (m, ...)
        A fresh array.
    """
    return run_layer(objective, X, path)[1]


@without_underflow
def layer_outputs(objective: Objective, X: ExamplesLike) -> list[Array]:
    """Return what each layer of the model itself gives for a few examples, with dropout off.

    A copy of the model computes it, as for `run_layer`.

    Parameters
    ----------
    objective : Objective
        The model.
    X : array_like of shape (m, ...)
        The examples.

    Returns
    -------
    list of ndarray of shape (m, ...)
        Fresh arrays, one for each layer.

    Raises
    ------
    ShapeError, DtypeError, NonFiniteError
        If X is invalid; see `Sequential.fit`.
    """
    twin, x = _twin_and_input(objective, X)
    outputs = []
    for layer in twin.layers:
        x = layer.forward(x)
        outputs.append(x.copy())
    return outputs


@without_underflow
def run_layer(objective: Objective, X: ExamplesLike, path: str) -> tuple[Layer, Array]:
    """Return a layer after its pass for a few examples, and what it gives, with dropout off.

    A copy of the model computes it, as for `explain`: a model that is being trained, in this thread
    or another one, is not disturbed, and keeps no array of it.

    Parameters
    ----------
    objective : Objective
        The model.
    X : array_like of shape (m, ...)
        The examples.
    path : str
        The path of the layer, such as "2" or "2.body.0".

    Returns
    -------
    layer : Layer
        A copy of the layer, with what its `forward` has kept.
    output : ndarray of shape (m, ...)
        A fresh array.

    Raises
    ------
    ArgumentError
        If the model has no such layer, or it is in a layer that is not a `Container`, whose inner
        outputs are unknown.
    ShapeError, DtypeError, NonFiniteError
        If X is invalid; see `Sequential.fit`.
    """
    paths = [name for name, _ in named_modules(objective.layers)]
    if path not in paths:
        raise ArgumentError(
            f"layer must be the path of a layer, got {path!r}: "
            f"pass one of {', '.join(map(repr, paths))}"
        )
    twin, x = _twin_and_input(objective, X)
    found: list[tuple[Layer, Array]] = []

    def run(name: str, layer: Layer, x: Array) -> Array:
        if isinstance(layer, Container):
            y = layer.forward_through(x, lambda inner, part, x: run(f"{name}.{inner}", part, x))
        else:
            y = layer.forward(x)
        if name == path:
            found.append((layer, y.copy()))
        return y

    for i, layer in enumerate(twin.layers):
        x = run(str(i), layer, x)
        if found:
            return found[0]
    raise ArgumentError(
        f"layer must be one whose output is known, got {path!r}, inside of a layer that computes "
        "with it by itself: pass the layer around it, or derive that one from Container"
    )


def _twin_and_input(objective: Objective, X: ExamplesLike) -> tuple[Objective, Any]:
    """Return a copy of the model, and the examples as its first layer takes them."""
    twin = copy.deepcopy(objective)
    prepared, _ = prepare_examples(twin, X, validate=True)
    if not isinstance(prepared, SparseRows):
        prepared = np.asarray(prepared, twin.input_dtype)
    return twin, prepared
