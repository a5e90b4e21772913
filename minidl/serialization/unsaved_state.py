"""Attributes of layers that decide the output of a model, and that its file would not hold."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np

from ..buffers import Buffer
from ..errors import ArgumentError
from ..layers.base import Layer, Shape
from ..layers.hidden_state import (
    describe_places,
    find_hidden_state,
    inference_outputs,
    is_custom,
)
from ..layers.tree import members_by_path, named_modules
from ..parameters import Parameter
from ..utils.nested import find_nested
from ..utils.typing import Array
from ..utils.workspace import NOTES
from .configuration import Model
from .construction import PartBuilder

N_ROWS = 6
"""Random rows that are tried."""

_NOT_COPIED = ("workspace", "in_model", *NOTES)
_GENERATORS = (np.random.Generator, np.random.RandomState)
_FUNCTIONS = (FunctionType, MethodType, BuiltinFunctionType)  # may belong to the model itself


def check_unsaved_state(model: Model, layer_configs: Sequence[Mapping[str, Any]]) -> None:
    """Raise `ArgumentError` if a file of a model would lose what its output depends on.

    Layers like those that `load` would build, with the same parameters and buffers, must give the
    same output with and without copies of the other attributes of the model's layers. The model
    itself is only read, so that a training in which it is saved is not disturbed.

    Parameters
    ----------
    model : Model
        The model. Nothing happens unless it has custom layers.
    layer_configs : sequence of mapping
        The configuration of its layers, as `model_config` returns it.

    Raises
    ------
    ArgumentError
        If an attribute changes the output.
    """
    modules = dict(named_modules(model.layers))
    custom_layers = {path: layer for path, layer in modules.items() if is_custom(layer)}
    if not custom_layers:
        return
    twins = _build_like(model, layer_configs)
    if twins is None:
        return  # `load` will say so
    twin_members = members_by_path(twins)
    memo = {id(m): twin_members[path] for path, m in members_by_path(model.layers).items()}
    for path, layer in custom_layers.items():
        _copy_attributes(layer, twin_members[path], memo, _generator_names(layer))

    def use() -> None:
        copied = dict(memo)  # by another use the copies may have changed
        for path, layer in custom_layers.items():
            _copy_attributes(layer, twin_members[path], copied, set(vars(layer)))

    for x in _random_inputs(model):
        found = find_hidden_state(twins, partial(inference_outputs, twins, x), use)
        if found:
            raise ArgumentError(
                "what a layer keeps, and its output depends on, must be a Parameter, a Buffer or "
                f"an argument of its __init__ to be saved, got {describe_places(found)}, with "
                f"another value than the model would have after load: {found[0].cure}, or return "
                "it from settings()"
            )


def _build_like(model: Model, layer_configs: Sequence[Mapping[str, Any]]) -> list[Layer] | None:
    """Return what `load` would build, None if it could not."""
    classes = {type(layer).__name__: type(layer) for _, layer in named_modules(model.layers)}
    try:
        twins = PartBuilder("", classes).build_layers(layer_configs)
        twin_members, members = members_by_path(twins), members_by_path(model.layers)
        if [(path, type(m)) for path, m in twin_members.items()] != [
            (path, type(m)) for path, m in members.items()
        ]:
            return None
    except Exception:  # custom classes may raise anything
        return None
    for path, member in members.items():
        twin: Any = twin_members[path]
        if isinstance(member, Parameter):
            value = member.value.view()
            value.flags.writeable = False  # shared: nothing is copied, and nobody writes into it
            twin.memory = value, np.broadcast_to(np.zeros((), value.dtype), value.shape)
        elif isinstance(member, Buffer):
            twin.memory = member.value.copy()
    return twins


def _generator_names(layer: Layer) -> set[str]:
    """Return the attributes with random generators: other random numbers are not other state."""
    return {name.partition(".")[0] for name, _ in find_nested(layer, _GENERATORS)}


def _copy_attributes(layer: Layer, twin: Any, memo: dict[int, Any], names: set[str]) -> None:
    """Copy attributes of a layer to its twin, with the twins of the members in them."""
    functions = {name.partition(".")[0] for name, _ in find_nested(layer, _FUNCTIONS)}
    for name in names.difference(_NOT_COPIED, functions):
        with suppress(Exception):  # what cannot be copied, such as a lock
            vars(twin)[name] = copy.deepcopy(vars(layer)[name], memo)


def _random_inputs(model: Model) -> Iterator[Array]:
    """Yield rows of each shape that an example may have."""
    rng = np.random.default_rng(0)
    takes_integers = model.layers[0].takes_integers
    for shape in _example_shapes(model):
        if takes_integers:
            yield rng.integers(0, 2, (N_ROWS, *shape))
        else:
            x = rng.standard_normal((N_ROWS, *shape))
            x[::2] = np.abs(x[::2])  # some layers take positive numbers only
            yield x.astype(model.dtype)


def _example_shapes(model: Model) -> list[Shape]:
    """Return the shape that the model was last given, else those that its first arrays suggest."""
    example_shape: Shape | None = getattr(model, "example_shape", None)  # an objective has it
    if example_shape is not None:
        return [example_shape]
    if model.layers[0].takes_integers:
        return [(2,), ()]
    for layer in model.layers:  # those before, such as activations, have no shape of their own
        shapes = [member.shape for member in layer.parameters().values()]
        shapes += [buffer.shape for buffer in layer.buffers().values()]
        if any(shapes):
            return [(n,) for n in dict.fromkeys(shape[-1] for shape in shapes if shape)]
    return []
