"""Parameters and buffers as PyTorch's layers name and arrange them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from ..buffers import Buffer
from ..layers.base import Layer
from ..model.sequential import Sequential
from ..parameters import Parameter
from ..utils.nested import find_nested
from ..utils.typing import Array


def to_torch(model: Sequential) -> dict[str, Array]:
    """Return the arrays of a model as its layers' `to_torch` gives them.

    Parameters
    ----------
    model : Sequential
        The model.

    Returns
    -------
    dict of str to ndarray
        The arrays by their names in a `torch.nn.Sequential`, such as "0.weight".
    """
    return {
        f"{path}.{name}": array
        for path, layer in _modules(model)
        for name, array in layer.to_torch(_own_arrays(layer)).items()
    }


def from_torch(model: Sequential, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays by their names in the model, from those that `to_torch` names.

    Parameters
    ----------
    model : Sequential
        The model.
    arrays : dict of str to ndarray
        New values of exactly the names and shapes of ``to_torch(model)``.

    Returns
    -------
    dict of str to ndarray
        The values of all parameters and buffers.
    """
    found: dict[str, Array] = {}
    for path, layer in _modules(model):
        names = layer.to_torch(_own_arrays(layer))
        own = layer.from_torch({name: arrays[f"{path}.{name}"] for name in names})
        found |= {f"{path}.{name}": array for name, array in own.items()}
    return found


def names_in_torch_only(model: Sequential) -> set[str]:
    """Return the names of numbers that PyTorch's layers have and minidl's have not."""
    return {f"{path}.{name}" for path, layer in _modules(model) for name in layer.torch_only}


def _modules(model: Sequential) -> Iterator[tuple[str, Layer]]:
    return chain.from_iterable(
        layer.named_modules(str(number)) for number, layer in enumerate(model.layers)
    )


def _own_arrays(layer: Layer) -> dict[str, Array]:
    """Return the values of the parameters, then of the buffers, of a layer itself."""
    return {
        name: member.value
        for kind in (Parameter, Buffer)
        for name, member in find_nested(layer, (kind,))
    }
