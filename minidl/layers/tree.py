"""Validation of the layers of a model: all that they contain can be reached, and each is once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from ..buffers import Buffer
from ..errors import ArgumentError, LayerReuseError
from ..parameters import Parameter
from ..utils.nested import find_hidden, find_nested
from .base import Layer

Member: TypeAlias = Layer | Parameter | Buffer

MEMBERS = (Layer, Parameter, Buffer)
MEMBERS_CURE = "create them in __init__, never in forward, and assign new values to their .value"
"""The types of `Member`, for `isinstance` and searches."""


def named_modules(layers: Sequence[Layer]) -> Iterator[tuple[str, Layer]]:
    """Iterate over layers and all that they contain.

    Yields
    ------
    path : str
        Such as "2" and "2.body.0".
    layer : Layer
        The layer.
    """
    for i, layer in enumerate(layers):
        yield from layer.named_modules(str(i))


def named_members(layer: Layer, path: str) -> Iterator[tuple[str, Member]]:
    """Iterate over a layer, all layers, parameters and buffers in it, with their paths."""
    for module_path, module in layer.named_modules(path):
        yield module_path, module
        for name, member in find_nested(module, (Parameter, Buffer)):
            yield f"{module_path}.{name}", member


def members_by_path(layers: Sequence[Layer]) -> dict[str, Member]:
    """Return all layers, parameters and buffers of a model by their paths."""
    return {
        path: member
        for i, layer in enumerate(layers)
        for path, member in named_members(layer, str(i))
    }


def named_parameters(layers: Sequence[Layer]) -> list[tuple[str, Parameter]]:
    """Return the parameters of a model with their paths, such as "0.weight", in its order."""
    return [
        (f"{i}.{name}", parameter)
        for i, layer in enumerate(layers)
        for name, parameter in layer.parameters().items()
    ]


def parameter_owners(layers: Sequence[Layer]) -> list[Layer]:
    """Return the layer that each of the parameters of `named_parameters` belongs to."""
    return [
        module for _, module in named_modules(layers) for _ in find_nested(module, (Parameter,))
    ]


def trained_flags(layers: Sequence[Layer]) -> list[bool]:
    """Return whether each of the parameters of `named_parameters` is one that training moves."""
    return [not owner.is_frozen for owner in parameter_owners(layers)]


def described(layer: Layer) -> str:
    """Return the text of a layer, and that it is frozen if training leaves its parameters alone."""
    is_frozen = bool(layer.parameters()) and not layer.trainable
    return f"{layer}, frozen" if is_frozen else str(layer)


def frozen_paths(layers: Sequence[Layer]) -> list[str]:
    """Return the paths of the layers of a model that are frozen."""
    return [path for path, module in named_modules(layers) if module.is_frozen]


def named_buffers(layers: Sequence[Layer]) -> list[tuple[str, Buffer]]:
    """Return the buffers of a model with their paths, such as "1.mean", in its order."""
    return [
        (f"{i}.{name}", buffer)
        for i, layer in enumerate(layers)
        for name, buffer in layer.buffers().items()
    ]


def check_layers(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Return the layers of a model as a tuple.

    Parameters
    ----------
    layers : sequence of Layer
        What the user passed.

    Returns
    -------
    tuple of Layer
        The layers.

    Raises
    ------
    ArgumentError
        If `layers` is not a list of layers, if a layer contains itself, or if it contains a layer,
        parameter or buffer that cannot be reached.
    LayerReuseError
        If a layer, parameter or buffer is in the model twice, or in another model.
    """
    is_list = isinstance(layers, Iterable) and not isinstance(layers, Layer)
    layer_tuple = tuple(layers) if is_list else ()
    if not layer_tuple:
        cure = ": pass a list such as [Linear(2, 8), ReLU(), ...]"
        if isinstance(layers, Layer):
            cure = f": put the layers in a list, [{layers!r}, ...]"
        rule = "layers must be a list of at least one layer"
        raise ArgumentError(f"{rule}, got {layers!r}{cure}")
    path_of_member: dict[int, str] = {}
    for i, layer in enumerate(layer_tuple):
        if not isinstance(layer, Layer):
            cure = "derive it from minidl.Layer"
            if isinstance(layer, type):
                cure = f"write {layer.__name__}(...)"
            elif isinstance(layer, list | tuple):
                cure = "put all layers in one list, or write Chain(*layers)"
            elif isinstance(layer, str):
                cure = "make an object of a class, such as ReLU()"
            raise ArgumentError(f"layer {i} must be a Layer, got {layer!r}: {cure}")
        if i and layer.takes_integers:
            raise ArgumentError(
                f"layer {i}, {layer}, takes integers, so it must be the first layer of the model"
            )
        for path, member in named_members(layer, str(i)):
            if id(member) in path_of_member:
                raise _used_twice(member, path, path_of_member[id(member)], layer_tuple)
            if member.in_model:
                raise _already_in_model(member, path, layer_tuple)
            path_of_member[id(member)] = path
        check_reachable(layer, str(i))
    return layer_tuple


def _used_twice(
    member: Member, path: str, first_path: str, layers: Sequence[Layer]
) -> LayerReuseError:
    place = _describe_member(member, path, layers)
    if isinstance(member, Layer):
        first_place = f"layer {first_path}"
    else:
        owner_path, _, name = find_owner(first_path, layers)
        first_place = f"{name!r} of layer {owner_path}"
    return LayerReuseError(
        f"{place}, is {first_place} too: make a new one for each place, since nothing is shared"
    )


def _already_in_model(member: Member, path: str, layers: Sequence[Layer]) -> LayerReuseError:
    place = _describe_member(member, path, layers)
    return LayerReuseError(
        f"{place}, already belongs to another model: make a new one, or a deep copy"
    )


def _describe_member(member: Member, path: str, layers: Sequence[Layer]) -> str:
    """Return "layer 2.body.0, Linear(3, 4)", or "'mean' of layer 2.body.0, Norm()"."""
    if isinstance(member, Layer):
        return f"layer {path}, {member}"
    owner_path, owner, name = find_owner(path, layers)
    return f"{name!r} of layer {owner_path}, {owner}"


def find_owner(path: str, layers: Sequence[Layer]) -> tuple[str, Layer, str]:
    """Return the path of the innermost layer around a member, that layer, and the rest."""
    owner_path, owner = next(
        (owner_path, layer)
        for owner_path, layer in reversed(list(named_modules(layers)))
        if path.startswith(f"{owner_path}.")
    )
    return owner_path, owner, path.removeprefix(f"{owner_path}.")


def check_reachable(layer: Layer, path: str) -> None:
    """Raise `ArgumentError` if a layer contains something that `fit` would not train or keep.

    Parameters
    ----------
    layer : Layer
        The layer.
    path : str
        Its path in the model, for the message.
    """
    for module_path, module in layer.named_modules(path):
        children = {id(child) for _, child in module.named_children()}
        for place, member in find_hidden(module, MEMBERS):
            if id(member) in children:
                continue
            raise ArgumentError(
                f"layer {module_path}, {module}, must keep each layer, Parameter and Buffer in an "
                f"attribute, list, tuple or dict, got {member} at {place!r}, where it is not "
                "found, so never trained or saved: store it directly in the layer"
            )


def find_change(
    before: Mapping[str, Member], after: Mapping[str, Member]
) -> tuple[str, str] | None:
    """Return the path of the first member that changed, and "added", "removed" or "replaced"."""
    for path in {**before, **after}:
        if before.get(path) is not after.get(path):
            if path not in before:
                return path, "added"
            return path, "replaced" if path in after else "removed"
    return None
