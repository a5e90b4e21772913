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
from ..losses import Loss
from ..parameters import Parameter
from .snapshot import Snapshot


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
        self._memory = {key: (parameter._value, parameter._grad) for key, parameter in self.parameters.items()}
        for (i, name), parameter in self.parameters.items():
            found = parameter.value.dtype
            if found.kind not in "fc":
                self._give_back()
                raise DtypeError(
                    f"parameters must be floats to be checked, got {found} for {name} of layer {i}, {self.layers[i]}: "
                    "a small step would be cut off; create it with a float dtype"
                )
        self._kept = [(owner, Snapshot(owner)) for owner in (*self._parts, *self._others)]
        # A second set of scratch buffers, so that what the layers' own ones hold stays.
        for part in (*self._parts, *self._others):
            part._buffers = {}
        self._own_streams = {id(part): np.random.default_rng(0) for part in self._parts if part.stochastic and part.rng is None}
        self._own_states = {key: held.bit_generator.state for key, held in self._own_streams.items()}
        self._lend_streams(self._parts)
        self._arrays: dict[str, dict[tuple[int, str], tuple[Array, Array]]] = {}
        for kind, dtype in (("real", np.float64), ("complex", np.complex128), ("single", np.float32)):
            self._arrays[kind] = {
                key: (np.array(parameter.value, dtype), np.full(parameter.shape, np.nan, dtype))
                for key, parameter in self.parameters.items()
            }
        self._scratch: dict[str, list[dict[str, Array]]] = {kind: [{} for _ in self._parts] for kind in self._arrays}
        self.use("real")
        return self

    def __exit__(self, *error: object) -> None:
        self._give_back()
        for _, snapshot in self._kept:
            snapshot.put_back()

    def _give_back(self) -> None:
        """Bind the parameters to their own memory; those that had no value yet, in a layer used alone, have none again."""
        for key, parameter in self.parameters.items():
            parameter._value, parameter._grad = self._memory[key]

    def _lend_streams(self, parts: Iterable[Layer]) -> None:
        """Give a stream to each stochastic layer that has none, being used alone."""
        for part in parts:
            if id(part) in self._own_streams:
                part.rng = self._own_streams[id(part)]

    def reset(self, owner: Layer | Loss) -> None:
        """Put back all that forwards have changed in a layer or loss, such as running statistics."""
        parts = list(owner.walk()) if isinstance(owner, Layer) else [owner]
        for kept, snapshot in self._kept:
            if any(kept is part for part in parts):
                buffers = kept._buffers
                snapshot.put_back()
                kept._buffers = buffers
        self._lend_streams(part for part in parts if isinstance(part, Layer))

    def use(self, kind: str) -> None:
        """Let every parameter be its "real" (float64), its "complex" (complex128) or its "single" (float32) array."""
        for key, parameter in self.parameters.items():
            parameter._value, parameter._grad = self._arrays[kind][key]
        for part, buffers in zip(self._parts, self._scratch[kind], strict=True):
            part._buffers = buffers

    def arrays(self, key: tuple[int, str]) -> dict[str, Array]:
        """Return the array of a parameter in each arithmetic."""
        return {kind: arrays[key][0] for kind, arrays in self._arrays.items()}

    def set_value(self, key: tuple[int, str], value: Array) -> None:
        """Set a parameter in every arithmetic."""
        for arrays in self._arrays.values():
            arrays[key][0][...] = value

    @contextmanager
    def moved(self, values: dict[tuple[int, str], Array], *, kinds: Sequence[str] = ("real", "complex", "single")) -> Iterator[None]:
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
        parts = list(layer.walk())
        for owner, snapshot in self._kept:
            if snapshot.streams and any(owner is part for part in parts):
                snapshot.rewind()
        for part in parts:
            if id(part) in self._own_streams:
                self._own_streams[id(part)].bit_generator.state = self._own_states[id(part)]

    def drawn(self, layer: Layer) -> bool:
        """Return whether a random stream of the layer has moved since it was set back."""
        parts = list(layer.walk())
        moved = any(snapshot.moved() for owner, snapshot in self._kept if any(owner is part for part in parts))
        own = [part for part in parts if id(part) in self._own_streams]
        return moved or any(self._own_streams[id(part)].bit_generator.state != self._own_states[id(part)] for part in own)
