"""The constructor arguments of a layer, loss, penalty or optimizer as plain values."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import CodeType
from typing import Any

from ..errors import ArgumentError
from .self_description import SelfDescribing

_STARRED = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def settings_of(owner: object) -> dict[str, Any]:
    """Return the constructor arguments of an object as plain values, and layers among them.

    Parameters
    ----------
    owner : object
        A layer, loss or penalty. If it has a method `settings`, this returns the arguments; else
        each argument is the attribute of its name.

    Returns
    -------
    dict of str to object
        Numbers, strings, booleans, None, layers, and lists of these, by argument; tuples become
        lists.

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
            if not isinstance(item, bool | int | float | str | SelfDescribing | None):
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
    code = _plain_code(owner_class)
    if code is None:
        return list(inspect.signature(constructor).parameters)[1:]
    return list(code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount])


def construct(owner_class: type, settings: Mapping[str, Any]) -> Any:
    """Call a class with arguments by name; a list may stand for an argument like ``*layers``.

    Parameters
    ----------
    owner_class : type
        The class.
    settings : mapping of str to object
        The arguments by name, as `settings_of` returns them.

    Returns
    -------
    object
        The new instance.

    Raises
    ------
    TypeError
        If the names are not those of the constructor's arguments.
    """
    if not settings or _plain_code(owner_class) is not None:
        return owner_class(**settings)
    kinds = {name: p.kind for name, p in inspect.signature(owner_class).parameters.items()}
    starred = [name for name, kind in kinds.items() if kind is inspect.Parameter.VAR_POSITIONAL]
    if not starred:
        return owner_class(**settings)
    keywords = dict(settings)
    values = keywords.pop(starred[0], None)
    if not isinstance(values, list):
        raise TypeError(f"{starred[0]} must be a list, got {values!r}")
    before = list(kinds)[: list(kinds).index(starred[0])]
    return owner_class(*[keywords.pop(name) for name in before], *values, **keywords)


def _plain_code(owner_class: type) -> CodeType | None:
    """Return the code of a constructor that has only arguments with a name of their own.

    It tells their names; to make a signature takes longer than to construct a layer.
    """
    constructor: Any = owner_class.__init__  # type: ignore[misc]  # of an arbitrary class
    code: CodeType | None = getattr(inspect.unwrap(constructor), "__code__", None)
    return None if code is None or code.co_flags & _STARRED else code


def _cannot_be_saved(owner: object, reason: str) -> ArgumentError:
    return ArgumentError(
        f"{type(owner).__name__} cannot be saved: it {reason}; define settings() to return the "
        "arguments of its __init__ as plain values"
    )
