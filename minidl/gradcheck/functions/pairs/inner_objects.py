"""The objects in an object, such as the layers of a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .attributes import attributes_of, has_attributes
from .inputs import child_name

_MAX_DEPTH, _MAX_OBJECTS = 4, 500


def objects_in(owner: object) -> Iterator[tuple[str, Any]]:
    """Yield an object and those in its attributes, lists and dictionaries, each with its name.

    The name of the object itself is "", that of another one such as "layers[0]".
    """
    seen: set[int] = set()
    waiting: list[tuple[str, Any, int]] = [("", owner, 0)]
    while waiting and len(seen) < _MAX_OBJECTS:
        name, value, depth = waiting.pop(0)
        if id(value) in seen or depth > _MAX_DEPTH:
            continue
        seen.add(id(value))
        pairs: Any = ()
        if isinstance(value, Mapping):
            pairs = value.items()
        elif isinstance(value, list | tuple):
            pairs = enumerate(value)
        elif has_attributes(value):
            yield name, value
            pairs = attributes_of(value).items()
        for key, child in list(pairs):
            if isinstance(child, Mapping | list | tuple) or has_attributes(child):
                waiting.append((child_name(name, key) if name else str(key), child, depth + 1))
