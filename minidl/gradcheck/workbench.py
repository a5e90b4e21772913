"""The workbench: lends the model's own layers, not copies, in other arithmetic, and gives all back bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import DtypeError
from ..layers import Layer
from ..losses import Loss
from ..parameters import Parameter
from ..randomness import raw_state, set_state

Key = tuple[int, str]
"""The number of a layer and the name of a parameter."""

KINDS = {"real": np.float64, "complex": np.complex128, "single": np.float32}

# Not entered by a snapshot: these have keepers of their own, or nothing that changes.
_CLOSED = (Layer, Parameter, type, ModuleType, FunctionType, MethodType, BuiltinFunctionType, str, bytes, int, float, complex)


class Workbench:
    """A context in which parameters live in other memory, and every change to `layers` and `others` is undone at the end."""

    def __init__(self, layers: Sequence[Layer], others: Sequence[Any] = ()) -> None:
        self.layers = tuple(layers)
        self.parameters: dict[Key, Parameter] = {
            (i, name): parameter for i, layer in enumerate(layers) for name, parameter in layer.parameters().items()
        }
        self._parts = [part for layer in layers for part in layer.walk()]
        self._owners: list[Any] = [*self._parts, *others]

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
        self._lent = [(part, dict(vars(part))) for part in self._parts if part.stochastic and part.rng is None]
        for part, _ in self._lent:
            part.rng = np.random.default_rng(0)
        self._snapshots = {id(owner): Snapshot(owner) for owner in self._owners}
        for owner in self._owners:  # so that what their own ones hold stays
            owner._buffers = {}
        self._arrays: dict[str, dict[Key, tuple[Array, Array]]] = {
            kind: {key: (np.array(p.value, dtype), np.full(p.shape, np.nan, dtype)) for key, p in self.parameters.items()}
            for kind, dtype in KINDS.items()
        }
        self._scratch: dict[str, list[dict[str, Array]]] = {kind: [{} for _ in self._parts] for kind in KINDS}
        self.use("real")
        return self

    def __exit__(self, *error: object) -> None:
        self._give_back()
        for snapshot in self._snapshots.values():
            snapshot.put_back()
        for part, own in self._lent:
            _refill(vars(part), own)

    def _give_back(self) -> None:
        for key, parameter in self.parameters.items():
            parameter._value, parameter._grad = self._memory[key]

    def _of(self, layer: Layer) -> list[Snapshot]:
        return [self._snapshots[id(part)] for part in layer.walk()]

    def reset(self, owner: Layer | Loss) -> None:
        """Put back what forwards have changed, such as running statistics."""
        for part in owner.walk() if isinstance(owner, Layer) else [owner]:
            buffers = part._buffers
            self._snapshots[id(part)].put_back()
            part._buffers = buffers

    def use(self, kind: str) -> None:
        """Let every parameter be its array of one of `KINDS`."""
        for key, parameter in self.parameters.items():
            parameter._value, parameter._grad = self._arrays[kind][key]
        for part, buffers in zip(self._parts, self._scratch[kind], strict=True):
            part._buffers = buffers

    def arrays(self, key: Key) -> dict[str, Array]:
        """Return the array of a parameter in each arithmetic."""
        return {kind: arrays[key][0] for kind, arrays in self._arrays.items()}

    def set_value(self, key: Key, value: Array) -> None:
        """Set a parameter in every arithmetic."""
        for array in self.arrays(key).values():
            array[...] = value

    @contextmanager
    def moved(self, values: dict[Key, Array], *, kinds: Iterable[str] = KINDS) -> Iterator[None]:
        """Move parameters to other values for a while."""
        kept = [(self._arrays[kind][key][0], value) for kind in kinds for key, value in values.items()]
        before = [array.copy() for array, _ in kept]
        try:
            for array, value in kept:
                array[...] = value
            yield
        finally:
            for (array, _), old in zip(kept, before, strict=True):
                array[...] = old

    def rewind(self, layer: Layer) -> None:
        """Set the random streams of a layer back: the same mask is drawn again."""
        for snapshot in self._of(layer):
            snapshot.rewind()

    def drawn(self, layer: Layer) -> bool:
        """Return whether a random stream of the layer has moved since."""
        return any(snapshot.moved() for snapshot in self._of(layer))


class Snapshot:
    """The attributes of an object, and the content of arrays, streams and containers in them, however nested."""

    def __init__(self, owner: object) -> None:
        self._streams: list[tuple[Any, dict[str, Any]]] = []
        self._undo: list[Callable[[], None]] = []
        self._seen: set[int] = set()
        self._enter(vars(owner))

    def put_back(self) -> None:
        """Make everything as it was."""
        for undo in self._undo:
            undo()
        self.rewind()

    def rewind(self) -> None:
        """Set the random streams back alone."""
        for stream, state in self._streams:
            set_state(stream, state)

    def moved(self) -> bool:
        """Return whether a random stream has moved."""
        return any(repr(raw_state(stream)) != repr(state) for stream, state in self._streams)

    def _enter(self, held: Any) -> None:
        if id(held) in self._seen or isinstance(held, _CLOSED):
            return
        self._seen.add(id(held))
        inner: Iterable[Any] = ()
        if isinstance(held, np.ndarray):
            if held.flags.writeable:
                self._undo.append(partial(np.copyto, held, held.copy()))
        elif isinstance(held, np.random.Generator | np.random.RandomState):
            self._streams.append((held, raw_state(held)))
        elif isinstance(held, dict):
            self._undo.append(partial(_refill, held, dict(held)))
            inner = list(held.values())
        elif isinstance(held, set):
            self._undo.append(partial(_refill, held, set(held)))
        elif isinstance(held, list | tuple):
            inner = list(held)
            if isinstance(held, list):
                self._undo.append(partial(held.__setitem__, slice(None), inner))
        elif hasattr(held, "__dict__"):
            inner = [vars(held)]
        for value in inner:
            self._enter(value)


def _refill(held: Any, content: Any) -> None:
    held.clear()
    held.update(content)
