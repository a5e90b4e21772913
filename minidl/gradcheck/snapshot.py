"""A snapshot of all that an object holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..layers.base import Layer
from ..parameters import Parameter
from ..utils.random import get_raw_rng_state, set_rng_state

# Left out by snapshots.
_CLOSED = (
    Layer,
    Parameter,
    type,
    ModuleType,
    FunctionType,
    MethodType,
    BuiltinFunctionType,
    str,
    bytes,
    int,
    float,
    complex,
)


class Snapshot:
    """All that an object holds, however nested."""

    def __init__(self, owner: object) -> None:
        self._streams: list[tuple[Any, dict[str, Any]]] = []
        self._undo: list[Callable[[], None]] = []
        self._seen: set[int] = set()
        self._enter(vars(owner))

    def put_back(self) -> None:
        for undo in self._undo:
            undo()
        self.rewind()

    def rewind(self) -> None:
        for stream, state in self._streams:
            set_rng_state(stream, state)

    def moved(self) -> bool:
        return any(
            repr(get_raw_rng_state(stream)) != repr(state) for stream, state in self._streams
        )

    def _enter(self, held: Any) -> None:
        if id(held) in self._seen or isinstance(held, _CLOSED):
            return
        self._seen.add(id(held))
        inner: Iterable[Any] = ()
        if isinstance(held, np.ndarray):
            if held.flags.writeable:
                self._undo.append(partial(np.copyto, held, held.copy()))
        elif isinstance(held, np.random.Generator | np.random.RandomState):
            self._streams.append((held, get_raw_rng_state(held)))
        elif isinstance(held, dict | set):
            self._undo.append(partial(restore_contents, held, held.copy()))
            inner = list(held.values()) if isinstance(held, dict) else ()
        elif isinstance(held, list | tuple):
            inner = list(held)
            if isinstance(held, list):
                self._undo.append(partial(held.__setitem__, slice(None), inner))
        elif hasattr(held, "__dict__"):
            inner = [vars(held)]
        for value in inner:
            self._enter(value)


def restore_contents(held: Any, content: Any) -> None:
    held.clear()
    held.update(content)
