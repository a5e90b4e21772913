"""Underflow, numbers that round to 0, is harmless here: `np.errstate(all="raise")` sees none."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import MethodType
from typing import Any, ParamSpec, TypeVar

import numpy as np

from .decoration import Class, decorate_methods

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def ignore_underflow(*methods: str) -> Callable[[Class], Class]:
    """Return a class decorator: underflow within these methods raises nothing.

    Parameters
    ----------
    *methods : str
        Names of methods that the class defines itself.

    Returns
    -------
    callable
        The decorator, which changes the class and returns it.
    """
    return decorate_methods(methods, without_underflow)


def repeat_without_underflow(function: Callable[..., Result], *args: Any) -> Result:
    """Call a function again, after NumPy raised: what is no underflow is raised again.

    For functions that can be repeated and are called often: ``try`` is free, while setting NumPy's
    error state before the first call takes a microsecond.

    Parameters
    ----------
    function : callable
        The function.
    *args : object
        Its arguments.

    Returns
    -------
    object
        What the function returns.
    """
    with np.errstate(under="ignore"):
        return function(*args)


def unguarded(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method as it was before `ignore_underflow`, for loops that have set NumPy's state.

    Parameters
    ----------
    method : callable
        A method of an object.

    Returns
    -------
    callable
        The method without the guard; itself if it has none.
    """
    function = getattr(method, "__wrapped__", None)
    owner = getattr(method, "__self__", None)
    if function is None or owner is None:
        return method
    return MethodType(function, owner)


def without_underflow(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Decorate a function or method: underflow within it raises nothing."""

    @functools.wraps(function)
    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with np.errstate(under="ignore"):
            return function(*args, **kwargs)

    return guarded
