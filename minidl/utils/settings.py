"""The constructor arguments of a layer, loss, penalty or optimizer as plain values."""

from __future__ import annotations

import inspect
from typing import Any

from ..errors import ArgumentError


def settings_of(owner: object) -> dict[str, Any]:
    """Return the constructor arguments of an object as values that JSON can hold.

    Parameters
    ----------
    owner : object
        A layer, loss or penalty. If it has a method `settings`, this returns the arguments; else
        each argument is the attribute of its name.

    Returns
    -------
    dict of str to object
        Numbers, strings, booleans, None, and lists of these, by argument; tuples become lists.

    Raises
    ------
    ArgumentError
        If an argument has no attribute of its name, or is not such a value.
    """
    settings = getattr(owner, "settings", None)
    arguments = dict(settings()) if callable(settings) else init_arguments(owner)
    plain = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in arguments.items()
    }
    for name, value in plain.items():
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, bool | int | float | str | None):
                raise _cannot_be_saved(
                    owner, f"has the argument {name} = {item!r}, which is not a plain value"
                )
    return plain


def init_arguments(owner: object) -> dict[str, Any]:
    """Return the attributes of an object that are named like its constructor's arguments.

    Parameters
    ----------
    owner : object
        Any object.

    Returns
    -------
    dict of str to object
        In the order of the arguments, values of any type.

    Raises
    ------
    ArgumentError
        If an argument has no attribute of its name.
    """
    names = argument_names(type(owner))
    missing_names = [name for name in names if not hasattr(owner, name)]
    if missing_names:
        raise _cannot_be_saved(
            owner, f"has no attribute {missing_names[0]!r} for its argument of that name"
        )
    return {name: getattr(owner, name) for name in names}


def argument_names(owner_class: type) -> list[str]:
    """Return the names of the arguments of a class's constructor, without `self`."""
    constructor: Any = owner_class.__init__  # type: ignore[misc]  # of an arbitrary class
    if constructor is object.__init__:
        return []
    return list(inspect.signature(constructor).parameters)[1:]


def _cannot_be_saved(owner: object, reason: str) -> ArgumentError:
    return ArgumentError(
        f"{type(owner).__name__} cannot be saved: it {reason}; define settings() to return the "
        "arguments of its __init__ as plain values"
    )
