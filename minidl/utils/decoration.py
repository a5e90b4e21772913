"""Decorate some methods of a class."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type)


def decorate_methods(
    names: Iterable[str], decorator: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> Callable[[Class], Class]:
    """Return a class decorator that decorates methods.

    Parameters
    ----------
    names : iterable of str
        Names of methods that the class defines itself.
    decorator : callable
        Takes a method and returns what replaces it.

    Returns
    -------
    callable
        The class decorator, which changes the class and returns it.

    Examples
    --------
    >>> class Counter:
    ...     def count(self):
    ...         return 3
    >>> doubled = decorate_methods(["count"], lambda method: lambda self: 2 * method(self))
    >>> doubled(Counter)().count()
    6
    """

    def decorate(owner: Class) -> Class:
        for name in names:
            setattr(owner, name, decorator(vars(owner)[name]))
        return owner

    return decorate
