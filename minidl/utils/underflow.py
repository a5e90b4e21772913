"""Underflow, numbers that round to 0, is harmless here: `np.errstate(all="raise")` sees none."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

Class = TypeVar("Class", bound=type)


def ignore_underflow(*methods: str, retried: tuple[str, ...] = ()) -> Callable[[Class], Class]:
    """Return a class decorator: underflow within these methods raises nothing.

    Parameters
    ----------
    *methods : str
        Names of methods that the class defines itself.
    retried : tuple of str, default ()
        Methods without side effects, of which each microsecond counts: setting NumPy's error state
        takes one. They are called again, with underflow ignored, only where NumPy raised.

    Returns
    -------
    callable
        The decorator, which changes the class and returns it.
    """

    def decorate(owner: Class) -> Class:
        for name in methods:
            setattr(owner, name, _quiet(vars(owner)[name]))
        for name in retried:
            setattr(owner, name, _retried(vars(owner)[name]))
        return owner

    return decorate


def _quiet(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def quiet(*args: Any, **kwargs: Any) -> Any:
        with np.errstate(under="ignore"):
            return method(*args, **kwargs)

    return quiet


def _retried(method: Callable[..., Any]) -> Callable[..., Any]:
    quiet = _quiet(method)

    @functools.wraps(method)
    def retried(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except FloatingPointError:
            pass
        return quiet(*args, **kwargs)  # what is no underflow is raised again

    return retried
