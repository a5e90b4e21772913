"""Copies of functions in Python for which other values stand for some of those that they use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

import numpy as np


class OtherNumpy:
    """The module numpy with some other functions, or types: the attributes of a subclass."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


class FunctionCopies:
    """Copies of functions with another numpy in their globals and closures.

    Other values may be replaced, too, also in defaults, and texts among the constants.

    Functions of the same module and those in a closure are copied as well. Other callables stay
    as they are.

    Parameters
    ----------
    numpy : OtherNumpy
        What stands for numpy, and for another `OtherNumpy`.
    replaced : iterable of (object, object), optional
        Which other value stands for which, known by identity.
    texts : dict of str to str, optional
        The same for constants in the code, known by value.
    wrap_helper : callable, optional
        ``wrap_helper(original, copied)`` returns what stands for a function that others use. One
        of another module is not copied.
    """

    def __init__(
        self,
        numpy: OtherNumpy,
        replaced: Iterable[tuple[Any, Any]] = (),
        texts: dict[str, str] | None = None,
        wrap_helper: Callable[[FunctionType, Any], Any] | None = None,
    ) -> None:
        self._wrap_helper = wrap_helper
        self._numpy, self._replaced, self._texts = numpy, list(replaced), texts or {}
        self._copied: dict[int, Any] = {}
        self._cells: dict[int, CellType] = {}
        self._globals: dict[int, dict[str, Any]] = {}

    def of(self, value: Any) -> Any:
        """Return the copy of a function or method, what stands for a value, or the value itself."""
        if _is_numpy(value):
            return self._numpy
        for old, new in self._replaced:
            if value is old:
                return new
        if isinstance(value, MethodType) and isinstance(value.__func__, FunctionType):
            return MethodType(self.of(value.__func__), value.__self__)
        if not isinstance(value, FunctionType) or value.__module__.partition(".")[0] == "numpy":
            return value
        if id(value) not in self._copied:
            self._copy(value)
        return self._copied[id(value)]

    def _of_used(self, value: Any) -> Any:
        """Return what stands for a value that a function uses."""
        copied = self.of(value)
        if copied is value or not self._wrap_helper or not isinstance(value, FunctionType):
            return copied
        return self._wrap_helper(value, copied)

    def _copy(self, function: FunctionType) -> None:
        closure = function.__closure__ or ()
        copied = FunctionType(
            self._code(function.__code__),
            self._globals_of(function),
            function.__name__,
            None,
            tuple(self._cells.setdefault(id(cell), CellType()) for cell in closure) or None,
        )
        self._copied[id(function)] = copied
        copied.__module__ = function.__module__
        if function.__defaults__ is not None:
            copied.__defaults__ = tuple(map(self._of_used, function.__defaults__))
        if function.__kwdefaults__ is not None:
            kwdefaults = function.__kwdefaults__.items()
            copied.__kwdefaults__ = {name: self._of_used(value) for name, value in kwdefaults}
        for cell in closure:
            self._fill(self._cells[id(cell)], cell)

    def _fill(self, copied: CellType, cell: CellType) -> None:
        """Fill the copy of a cell, which two functions share as they share the cell."""
        with suppress(ValueError):  # of a cell that is empty
            content = cell.cell_contents
            with suppress(ValueError):
                copied.cell_contents  # noqa: B018
                return
            copied.cell_contents = self._of_used(content)

    def _code(self, code: CodeType) -> CodeType:
        constants = tuple(map(self._constant, code.co_consts))
        if all(new is old for new, old in zip(constants, code.co_consts, strict=True)):
            return code
        return code.replace(co_consts=constants)

    def _constant(self, constant: Any) -> Any:
        if isinstance(constant, CodeType):
            return self._code(constant)
        if isinstance(constant, str) and constant in self._texts:
            return self._texts[constant]
        return constant

    def _globals_of(self, function: FunctionType) -> dict[str, Any]:
        original = function.__globals__
        if id(original) not in self._globals:
            copied = self._globals[id(original)] = dict(original)
            for name, value in original.items():
                is_own = isinstance(value, FunctionType) and value.__globals__ is original
                if is_own or _is_numpy(value) or any(value is old for old, _ in self._replaced):
                    copied[name] = self._of_used(value)
                elif self._wrap_helper and isinstance(value, FunctionType):
                    copied[name] = self._wrap_helper(value, value)
        return self._globals[id(original)]


def _is_numpy(value: Any) -> bool:
    return value is np or isinstance(value, OtherNumpy)
