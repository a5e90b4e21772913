"""The workbench: lends the model's own layers to the checker in double or complex arithmetic, and gives all back bit for bit.

The layers are not copied: a backward that somebody has replaced, or that reaches for another object, is checked as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import DtypeError
from ..layers import Layer
from ..parameters import Parameter

RandomStreams = (np.random.Generator, np.random.RandomState)


class Workbench:
    """A context in which the parameters live in other memory and every change to a layer is undone at the end.

    Parameters
    ----------
    layers : sequence of Layer
    others : sequence of object
        What else is given back as it was: the loss, the model.

    Attributes
    ----------
    parameters : dict of (int, str) to Parameter
        Every parameter by layer number and name.
    """

    def __init__(self, layers: Sequence[Layer], others: Sequence[Any] = ()) -> None:
        self.layers = tuple(layers)
        self._others = tuple(others)
        self.parameters: dict[tuple[int, str], Parameter] = {
            (i, name): parameter for i, layer in enumerate(self.layers) for name, parameter in layer.parameters().items()
        }
        self._parts = [part for layer in self.layers for part in layer.walk()]

    def __enter__(self) -> Workbench:
        for (i, name), parameter in self.parameters.items():
            if parameter.value.dtype.kind not in "fc":
                raise DtypeError(
                    f"parameters must be floats to be checked, got {parameter.value.dtype} for {name} of layer {i}, "
                    f"{self.layers[i]}: a small step would be cut off; create it with a float dtype"
                )
        self._memory = {key: (parameter._value, parameter._grad) for key, parameter in self.parameters.items()}
        self._kept = [(vars(part), _keep(vars(part))) for part in (*self._parts, *self._others)]
        # A second set of scratch buffers, so that what the layers' own ones hold stays.
        for part in (*self._parts, *self._others):
            part._buffers = {}
        self._own_streams = {id(part): np.random.default_rng(0) for part in self._parts if part.stochastic and part.rng is None}
        self._lend_streams(self._parts)
        self._arrays: dict[str, dict[tuple[int, str], tuple[Array, Array]]] = {}
        for kind, dtype in (("real", np.float64), ("complex", np.complex128)):
            self._arrays[kind] = {
                key: (np.array(parameter.value, dtype), np.full(parameter.shape, np.nan, dtype))
                for key, parameter in self.parameters.items()
            }
        self._scratch: dict[str, list[dict[str, Array]]] = {kind: [{} for _ in self._parts] for kind in self._arrays}
        self.streams = {id(part): _streams(vars(part)) for part in self._parts}
        self.use("real")
        return self

    def __exit__(self, *error: object) -> None:
        for key, parameter in self.parameters.items():
            parameter._value, parameter._grad = self._memory[key]
        for attributes, kept in self._kept:
            _put_back(attributes, kept)

    def _lend_streams(self, parts: Iterable[Layer]) -> None:
        """Give a stream to each stochastic layer that has none, being used alone."""
        for part in parts:
            if id(part) in self._own_streams:
                part.rng = self._own_streams[id(part)]

    def reset(self, layer: Layer) -> None:
        """Put back all that training-mode forwards have changed in a layer, such as running statistics."""
        parts = list(layer.walk())
        for attributes, kept in self._kept:
            if any(attributes is vars(part) for part in parts):
                buffers = attributes["_buffers"]
                _put_back(attributes, kept)
                attributes["_buffers"] = buffers
        self._lend_streams(parts)

    def use(self, kind: str) -> None:
        """Let every parameter be its "real" or its "complex" array."""
        for key, parameter in self.parameters.items():
            parameter._value, parameter._grad = self._arrays[kind][key]
        for part, buffers in zip(self._parts, self._scratch[kind], strict=True):
            part._buffers = buffers

    def arrays(self, key: tuple[int, str]) -> dict[str, Array]:
        """Return the real and the complex array of a parameter."""
        return {kind: arrays[key][0] for kind, arrays in self._arrays.items()}

    def set_value(self, key: tuple[int, str], value: Array) -> None:
        """Set a parameter in both arithmetics."""
        for arrays in self._arrays.values():
            arrays[key][0][...] = value

    @contextmanager
    def moved(self, values: dict[tuple[int, str], Array], *, kinds: Sequence[str] = ("real", "complex")) -> Iterator[None]:
        """Move parameters to other values for a while, in both arithmetics or in one."""
        kept = [(self._arrays[kind][key][0], self._arrays[kind][key][0].copy(), value) for kind in kinds for key, value in values.items()]
        try:
            for array, _, value in kept:
                array[...] = value
            yield
        finally:
            for array, before, _ in kept:
                array[...] = before

    def rewind(self, layer: Layer) -> None:
        """Set the random streams of a layer back to where the check found them: the same mask is drawn again."""
        for part in layer.walk():
            for held, state in self.streams.get(id(part), ()):
                _set_state(held, state)


def _streams(attributes: dict[str, Any]) -> list[tuple[Any, Any]]:
    return [(held, _state(held)) for held in attributes.values() if isinstance(held, RandomStreams)]


def _state(held: Any) -> Any:
    return held.bit_generator.state if isinstance(held, np.random.Generator) else held.get_state()


def _set_state(held: Any, state: Any) -> None:
    if isinstance(held, np.random.Generator):
        held.bit_generator.state = state
    else:
        held.set_state(state)


def _keep(attributes: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Remember each attribute, and the content of those that can change in place."""
    return {name: (held, _content(held)) for name, held in attributes.items()}


def _content(held: Any) -> Any:
    if isinstance(held, np.ndarray):
        return held.copy()
    if isinstance(held, RandomStreams):
        return _state(held)
    if isinstance(held, dict):
        return {key: (value, _content(value)) for key, value in held.items()}
    if isinstance(held, list):
        return [(value, _content(value)) for value in held]
    return None


def _put_back(attributes: dict[str, Any], kept: dict[str, tuple[Any, Any]]) -> None:
    attributes.clear()
    for name, (held, content) in kept.items():
        attributes[name] = held
        _refill(held, content)


def _refill(held: Any, content: Any) -> None:
    if isinstance(held, np.ndarray):
        if held.flags.writeable:
            held[...] = content
    elif isinstance(held, RandomStreams):
        _set_state(held, content)
    elif isinstance(held, dict):
        held.clear()
        for key, (value, inner) in content.items():
            held[key] = value
            _refill(value, inner)
    elif isinstance(held, list):
        held[:] = [value for value, _ in content]
        for value, inner in content:
            _refill(value, inner)
