"""Inputs that a backward function reads from where they were made, not as arguments."""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from inspect import getattr_static
from types import CodeType, FunctionType, MethodType
from typing import Any, NamedTuple

import numpy as np

from ....utils.typing import Array

_READS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")


class _Variable(NamedTuple):
    """A variable that a function reads, outside of it."""

    value: Any
    put: Callable[[Any], None]


class _Held(NamedTuple):
    """A variable that has an input: the array itself, or one of the same memory."""

    position: int
    variable: _Variable
    is_itself: bool


class CapturedInputs:
    """The inputs that a function reads itself, from a closure or a global.

    A function such as ``lambda dy: dy * np.cos(x)`` beside ``check_function(np.sin, ..., x)`` is
    right only as long as ``x`` is the input.

    Attributes
    ----------
    names : list of str
        The names of these inputs.
    can_be_renewed : bool
        Whether other values can be given to the variables, and so to the function.
    """

    def __init__(
        self, function: Callable[..., Any], names: Sequence[str], inputs: Sequence[Any]
    ) -> None:
        self._inputs = inputs
        self._held = [
            _Held(position, variable, variable.value is value)
            for variable in _variables_of(function)
            for position, value in enumerate(inputs)
            if isinstance(value, np.ndarray) and np.may_share_memory(value, variable.value)
        ]
        positions = sorted({held.position for held in self._held})
        self.names = [names[position] for position in positions]
        self.can_be_renewed = all(held.is_itself or self._is_open(held) for held in self._held)

    def _is_open(self, held: _Held) -> bool:
        array: Array = self._inputs[held.position]
        return bool(array.dtype == np.float64 and array.flags.writeable)

    @contextmanager
    def renewed(self, arguments: Sequence[Any]) -> Iterator[None]:
        """Let the variables have the values of the inputs in `arguments`, for a while.

        The variable of an input gets another array; into one that only shares memory with it the
        values are written.
        """
        with ExitStack() as stack:
            for position, variable, is_itself in self._held:
                given, new = self._inputs[position], arguments[position]
                if is_itself:
                    stack.callback(variable.put, variable.value)
                    variable.put(new)
                else:
                    stack.callback(np.copyto, given, given.copy())
                    np.copyto(given, new)
            yield


def _variables_of(function: Callable[..., Any]) -> list[_Variable]:
    """Return the arrays among the variables of closures and globals that a function reads."""
    plain = _plain_function(function)
    if plain is None:
        return []
    variables = [
        _Variable(value, partial(setattr, cell, "cell_contents"))
        for cell in plain.__closure__ or ()
        for value in _contents(cell)
    ]
    variables += [
        _Variable(plain.__globals__[name], partial(plain.__globals__.__setitem__, name))
        for name in _globals_read_by(plain.__code__)
        if name in plain.__globals__
    ]
    return [variable for variable in variables if isinstance(variable.value, np.ndarray)]


def _plain_function(function: Any) -> FunctionType | None:
    """Return the function of a method or of an object that can be called; None if it is in C."""
    for each in (function, getattr_static(type(function), "__call__", None)):
        plain = each.__func__ if isinstance(each, MethodType) else each
        if isinstance(plain, FunctionType):
            return plain
    return None


def _contents(cell: Any) -> list[Any]:
    try:
        return [cell.cell_contents]
    except ValueError:  # it is empty as yet
        return []


def _globals_read_by(code: CodeType) -> set[str]:
    """Return the names that code and the functions in it read as variables, not as attributes."""
    names = {each.argval for each in dis.get_instructions(code) if each.opname in _READS}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _globals_read_by(constant)
    return names
