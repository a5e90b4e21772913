"""A snapshot of everything that an object holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..buffers import Buffer
from ..layers.base import Layer
from ..parameters import Parameter
from ..utils.random import get_raw_rng_state, set_rng_state

RandomState = tuple[Any, dict[str, Any]]
"""A Generator or RandomState, and a state of it."""

# Parameters, buffers and layers are restored by the sandbox; the rest never changes, or belongs to
# others.
_NOT_ENTERED = (
    Layer,
    Parameter,
    Buffer,
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
    """All that an object holds, however nested, except its parameters and inner layers.

    Parameters
    ----------
    owner : object
        An object with a `__dict__`.

    Attributes
    ----------
    random_states : list of (generator, state)
        Every random generator that it holds, with the state at the time of the snapshot.
    """

    def __init__(self, owner: object) -> None:
        self.random_states: list[RandomState] = []
        self._undo: list[Callable[[], None]] = []
        self._seen: set[int] = set()
        self._record(vars(owner))

    def restore(self) -> None:
        """Restore every attribute, the contents of arrays and containers, and random states."""
        for undo in self._undo:
            undo()
        for generator, state in self.random_states:
            set_rng_state(generator, state)

    def _record(self, value: Any) -> None:
        if id(value) in self._seen or isinstance(value, _NOT_ENTERED):
            return
        self._seen.add(id(value))
        inner: Iterable[Any] = ()
        if isinstance(value, np.ndarray):
            if value.flags.writeable:
                self._undo.append(partial(np.copyto, value, value.copy()))
        elif isinstance(value, np.random.Generator | np.random.RandomState):
            self.random_states.append((value, get_raw_rng_state(value)))
        elif isinstance(value, dict | set):
            self._undo.append(partial(restore_contents, value, value.copy()))
            inner = list(value.values()) if isinstance(value, dict) else ()
        elif isinstance(value, list | tuple):
            inner = list(value)
            if isinstance(value, list):
                self._undo.append(partial(value.__setitem__, slice(None), inner))
        elif hasattr(value, "__dict__"):
            inner = [vars(value)]
        for each in inner:
            self._record(each)


def restore_contents(container: Any, contents: Any) -> None:
    """Make a dict or a set hold these contents again."""
    container.clear()
    container.update(contents)
