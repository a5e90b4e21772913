"""NumPy for recorded functions: the arrays that it makes can be written into."""

from __future__ import annotations

from collections.abc import Callable
from types import CellType, FunctionType, MethodType
from typing import Any

import numpy as np

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


class RecordingNumpy:
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
            if isinstance(x, Traced):
                return self._tape.apply(name, lambda x: np.array(x), (x,), {})
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
    copied: Callable[..., Any] = _Copies(RecordingNumpy(tape)).of(function)
    return copied


class _Copies:
    """Copies of functions whose globals and closures have another numpy."""

    def __init__(self, module: RecordingNumpy) -> None:
        self._module = module
        self._copied: dict[int, Any] = {}
        self._globals: dict[int, dict[str, Any]] = {}

    def of(self, value: Any) -> Any:
        """Return the copy of a function or method, the module for numpy, and all else as it is."""
        if value is np:
            return self._module
        if isinstance(value, MethodType) and isinstance(value.__func__, FunctionType):
            return MethodType(self.of(value.__func__), value.__self__)
        if not isinstance(value, FunctionType) or value.__module__.partition(".")[0] == "numpy":
            return value
        if id(value) not in self._copied:
            self._copy(value)
        return self._copied[id(value)]

    def _copy(self, function: FunctionType) -> None:
        cells = tuple(CellType() for _ in function.__closure__ or ())
        copied = FunctionType(
            function.__code__,
            self._globals_of(function),
            function.__name__,
            function.__defaults__,
            cells or None,
        )
        copied.__kwdefaults__ = function.__kwdefaults__
        self._copied[id(function)] = copied
        for cell, original in zip(cells, function.__closure__ or (), strict=True):
            try:
                cell.cell_contents = self.of(original.cell_contents)
            except ValueError:  # a cell that is still empty
                continue

    def _globals_of(self, function: FunctionType) -> dict[str, Any]:
        original = function.__globals__
        if id(original) not in self._globals:
            copied = self._globals[id(original)] = dict(original)
            for name, value in original.items():
                is_own = isinstance(value, FunctionType) and value.__globals__ is original
                if value is np or is_own:
                    copied[name] = self.of(value)
        return self._globals[id(original)]
