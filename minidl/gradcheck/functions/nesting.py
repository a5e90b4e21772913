"""How deep containers may be nested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import ArgumentError

_MAX_DEPTH = 100


def check_nesting(value: Any, title: str) -> None:
    """Raise `ArgumentError` if dictionaries, lists or tuples are nested too deep, or endlessly."""
    waiting: list[tuple[Any, tuple[int, ...]]] = [(value, ())]
    while waiting:
        container, outer = waiting.pop()
        if id(container) in outer:
            raise ArgumentError(
                f"{title} must not contain itself, got a {type(container).__name__} that does: "
                "pass arrays in a dictionary, list or tuple"
            )
        if len(outer) >= _MAX_DEPTH:
            raise ArgumentError(
                f"{title} must be nested at most {_MAX_DEPTH} deep, got more: pass arrays in a "
                "dictionary, list or tuple"
            )
        children = container.values() if isinstance(container, Mapping) else container
        waiting += [
            (child, (*outer, id(container)))
            for child in (children if isinstance(container, Mapping | list | tuple) else ())
            if isinstance(child, Mapping | list | tuple)
        ]
