"""The attributes of an object, in its dictionary or in slots."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

_NO_OBJECTS = (FunctionType, MethodType, ModuleType, type, np.ufunc, np.ndarray)


def has_attributes(value: Any) -> bool:
    """Return whether a value is an object that may keep arrays in attributes."""
    return not isinstance(value, _NO_OBJECTS) and (
        hasattr(value, "__dict__") or bool(slots_of(value))
    )


def attributes_of(owner: Any) -> MutableMapping[str, Any]:
    """Return the attributes of an object by name; what is put there is put into the object."""
    slots = slots_of(owner)
    return SlotAttributes(owner, slots) if slots else vars(owner)


def slots_of(owner: Any) -> list[str]:
    """Return the names of the slots that the classes of an object define."""
    slots = []
    for each in type(owner).__mro__:
        names = vars(each).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            is_private = name.startswith("__") and not name.endswith("__")
            slots.append(f"_{each.__name__.lstrip('_')}{name}" if is_private else name)
    return [name for name in slots if name not in ("__dict__", "__weakref__")]


class SlotAttributes(MutableMapping[str, Any]):
    """The attributes of an object that has slots."""

    def __init__(self, owner: Any, slots: list[str]) -> None:
        self._owner, self._slots = owner, slots

    def __getitem__(self, name: str) -> Any:
        if name in self._slots:
            with suppress(AttributeError):  # an empty slot
                return getattr(self._owner, name)
        return self._others[name]

    def __setitem__(self, name: str, value: Any) -> None:
        object.__setattr__(self._owner, name, value)  # frozen or not

    def __delitem__(self, name: str) -> None:
        object.__delattr__(self._owner, name)

    def __iter__(self) -> Iterator[str]:
        yield from [name for name in self._slots if hasattr(self._owner, name)]
        yield from self._others

    def __len__(self) -> int:
        return len(list(iter(self)))

    @property
    def _others(self) -> dict[str, Any]:
        return getattr(self._owner, "__dict__", {})
