"""Search for objects in the attributes of other objects, in lists, tuples and dictionaries."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType, NoneType
from typing import Any

import numpy as np

MAX_OBJECTS = 10_000
"""Objects that `find_hidden` enters at most, so that a reference to a large program ends."""

_CONTAINERS = (list, tuple, dict)

_LEAVES = frozenset({NoneType, bool, int, float, str, frozenset, np.ndarray})

_NOT_ENTERED = (
    type,
    ModuleType,
    FunctionType,
    BuiltinFunctionType,
    str,
    bytes,
    int,
    float,
    complex,
    np.generic,
    np.random.Generator,
    np.random.RandomState,
)


def find_nested(owner: object, kinds: tuple[type, ...]) -> Iterator[tuple[str, Any]]:
    """Iterate over the objects of some types among the attributes of an object.

    Lists, tuples and dictionaries are entered at any depth, other objects are not.

    Parameters
    ----------
    owner : object
        An object with a `__dict__`.
    kinds : tuple of type
        The types to search for.

    Yields
    ------
    name : str
        The attribute's name, followed by positions and keys, such as "blocks.1.weight".
    object
        The object, which is an instance of one of the types.
    """
    for name, value in vars(owner).items():
        if type(value) in _LEAVES:  # nearly all, and 10 times as fast to tell
            continue
        if isinstance(value, kinds):
            yield name, value
        elif isinstance(value, _CONTAINERS) and value:
            yield from _find_in_container(name, value, kinds, ())


def _find_in_container(
    name: str, container: Any, kinds: tuple[type, ...], outer: tuple[int, ...]
) -> Iterator[tuple[str, Any]]:
    if id(container) in outer:  # a list that contains itself has nothing new
        return
    items = container.items() if isinstance(container, dict) else enumerate(container)
    for key, value in items:
        if isinstance(value, kinds):
            yield f"{name}.{key}", value
        elif isinstance(value, _CONTAINERS):
            yield from _find_in_container(f"{name}.{key}", value, kinds, (*outer, id(container)))


def find_hidden(owner: object, kinds: tuple[type, ...]) -> Iterator[tuple[str, Any]]:
    """Iterate over the objects of some types that `find_nested` does not find.

    They are in sets, in arrays of objects, in arguments of partial functions, or in the attributes
    of other objects.

    Parameters
    ----------
    owner : object
        An object with a `__dict__`.
    kinds : tuple of type
        The types to search for. Their instances are not entered.

    Yields
    ------
    place : str
        Where the object is, such as "helper.weight".
    object
        The object.
    """
    reachable = {id(value) for _, value in find_nested(owner, kinds)}
    seen = {id(owner)}
    queue = deque(_contents(vars(owner)))
    while queue and len(seen) < MAX_OBJECTS:
        place, value = queue.popleft()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, kinds):
            if id(value) not in reachable:
                yield place, value
        else:
            queue.extend((f"{place}.{name}", inner) for name, inner in _contents(value))


def _contents(value: Any) -> Iterable[tuple[Any, Any]]:
    """Return (name, object) of what an object directly contains."""
    if isinstance(value, _NOT_ENTERED):
        return ()
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list | tuple | set | frozenset | deque):
        return list(enumerate(value))
    if isinstance(value, np.ndarray):
        return list(enumerate(value.flat)) if value.dtype == object else ()
    if isinstance(value, functools.partial):
        return [("func", value.func), *enumerate(value.args), *value.keywords.items()]
    if isinstance(value, MethodType):
        return [("__self__", value.__self__)]
    return list(getattr(value, "__dict__", {}).items())
