"""NumPy for recorded functions: the arrays that it makes can be written into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...copied_functions import FunctionCopies, OtherNumpy
from .traced import Tape, Traced

_MAKES_ARRAYS = (
    "zeros",
    "empty",
    "ones",
    "full",
    "zeros_like",
    "empty_like",
    "ones_like",
    "full_like",
)
_CONVERTS = ("array", "asarray", "asanyarray", "ascontiguousarray", "copy")


class RecordingNumpy(OtherNumpy):
    """The module numpy, with arrays on a tape instead of new ones."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(np, name)
        if name in _MAKES_ARRAYS:
            return self._made(attribute)
        if name in _CONVERTS:
            return self._converted(name, attribute)
        return attribute

    def _made(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def make(*args: Any, **kwargs: Any) -> Any:
            plain = [each.node.value if isinstance(each, Traced) else each for each in args]
            array = function(*plain, **kwargs)
            return self._tape.input("a constant", array) if array.dtype.kind == "f" else array

        return make

    def _converted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def convert(x: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(x, Traced):  # the same numbers: no operation of its own
                return x if name.startswith("as") and not (args or kwargs) else x.copy()
            if _contains_traced(x):
                return self._tape.apply(name, lambda x: np.array(x), (x,), {})
            return function(x, *args, **kwargs)

        return convert


def _contains_traced(x: Any) -> bool:
    if isinstance(x, list | tuple):
        return any(map(_contains_traced, x))
    return isinstance(x, Traced)


def with_recording_numpy(function: Callable[..., Any], tape: Tape) -> Callable[..., Any]:
    """Return a copy of a function in Python for which numpy is that of the tape.

    Functions of the same module and those in its closure that it calls are copied as well. Other
    callables are returned as they are.
    """
    copied: Callable[..., Any] = FunctionCopies(RecordingNumpy(tape)).of(function)
    return copied
