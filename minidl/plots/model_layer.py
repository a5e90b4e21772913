"""The layer of a model that a plot is about."""

from __future__ import annotations

from ..errors import ArgumentError
from ..layers.tree import named_modules
from ..model.sequential import Sequential
from ..utils.validation import is_integer


def find_layer(model: Sequential, layer: int | str, function: str) -> tuple[str, str]:
    """Return where a layer is.

    Parameters
    ----------
    model : Sequential
        The model, of any type before the check.
    layer : int or str
        The index of a layer, negative from the last, or the path of one, such as "2.body.0".
    function : str
        What the user has called, for the messages.

    Returns
    -------
    path : str
        The path of the layer.
    name : str
        The layer in words, such as "layer 2.body.0, ReLU()".

    Raises
    ------
    ArgumentError
        If `model` is not a `Sequential`, or it has no such layer.
    """
    check_model(model, function)
    count = len(model.layers)
    layers = dict(named_modules(model.layers))
    path = layer
    if is_integer(layer, -count) and layer < count:
        path = str(range(count)[layer])
    if not isinstance(path, str) or path not in layers:
        raise ArgumentError(
            f"layer must be an index from {-count} to {count - 1}, or the path of a layer, "
            f"got {layer!r} in {function}: model.summary() shows the paths"
        )
    return path, f"layer {path}, {layers[path]}"


def check_model(model: Sequential, function: str) -> None:
    """Raise `ArgumentError` unless it is a `Sequential`."""
    if not isinstance(model, Sequential):
        raise ArgumentError(f"model must be a Sequential, got {model!r} in {function}")
