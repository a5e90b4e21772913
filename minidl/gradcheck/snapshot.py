"""A snapshot of an object's attributes, deep enough that whatever a forward or backward changes can be put back."""

from __future__ import annotations

from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..layers import Layer
from ..parameters import Parameter

STREAMS = (np.random.Generator, np.random.RandomState)

# What is not entered: these have keepers of their own, or nothing that changes.
_CLOSED = (Layer, Parameter, type, ModuleType, FunctionType, MethodType, BuiltinFunctionType, str, bytes, int, float, complex)


class Snapshot:
    """The attributes of an object, and the content of the arrays, streams and containers that they hold, however nested.

    Attributes
    ----------
    streams : list of (stream, state)
        The random streams that were found.
    """

    def __init__(self, owner: object) -> None:
        self.streams: list[tuple[Any, Any]] = []
        self._undo: list[Callable[[], None]] = []
        self._seen: set[int] = set()
        self._enter(vars(owner))

    def put_back(self) -> None:
        """Make everything as it was."""
        for undo in self._undo:
            undo()

    def rewind(self) -> None:
        """Set the random streams back, and nothing else."""
        for stream, state in self.streams:
            _set_state(stream, state)

    def moved(self) -> bool:
        """Return whether a random stream stands elsewhere than in the snapshot."""
        return any(repr(_state(stream)) != repr(state) for stream, state in self.streams)

    def _enter(self, held: Any) -> None:
        if id(held) in self._seen or isinstance(held, _CLOSED):
            return
        self._seen.add(id(held))
        if isinstance(held, np.ndarray):
            if held.flags.writeable:
                content = held.copy()
                self._undo.append(lambda: np.copyto(held, content))
        elif isinstance(held, STREAMS):
            state = _state(held)
            self.streams.append((held, state))
            self._undo.append(lambda: _set_state(held, state))
        elif isinstance(held, dict):
            items = dict(held)
            self._undo.append(lambda: _refill(held, items))
            for value in items.values():
                self._enter(value)
        elif isinstance(held, list | tuple):
            values = list(held)
            if isinstance(held, list):
                self._undo.append(lambda: _replace(held, values))
            for value in values:
                self._enter(value)
        elif isinstance(held, set):
            members = set(held)
            self._undo.append(lambda: _refill(held, members))
        elif hasattr(held, "__dict__"):
            self._enter(vars(held))


def _refill(held: Any, items: Any) -> None:
    held.clear()
    held.update(items)


def _replace(held: list[Any], values: list[Any]) -> None:
    held[:] = values


def _state(stream: Any) -> Any:
    return stream.bit_generator.state if isinstance(stream, np.random.Generator) else stream.get_state()


def _set_state(stream: Any, state: Any) -> None:
    if isinstance(stream, np.random.Generator):
        stream.bit_generator.state = state
    else:
        stream.set_state(state)
