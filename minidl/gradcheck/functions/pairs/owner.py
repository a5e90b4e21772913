"""The state behind a pair of functions: frozen for each call, restored at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, NamedTuple

from ....utils.random import get_global_rng_state, set_global_rng_state, set_rng_state
from ....utils.snapshot import Snapshot
from .attributes import attributes_of, has_attributes, slots_of
from .inner_objects import objects_in


class InnerObject(NamedTuple):
    """An object in another one: its name, itself, and its attributes before the first call.

    Those that forward has replaced are left out of them.
    """

    name: str
    itself: Any
    before: dict[str, Any]


class SlotSnapshot(Snapshot):
    """A snapshot of an object with slots."""

    def __init__(self, owner: object) -> None:
        self._slots = attributes_of(owner)
        super().__init__(SimpleNamespace(**self._slots))

    def restore(self) -> None:
        """Restore every attribute, the contents of arrays and containers, and random states."""
        super().restore()
        for name in set(self._slots) - set(self.attributes):
            del self._slots[name]
        for name, value in self.attributes.items():
            if self._slots.get(name) is not value:
                self._slots[name] = value


class PairState:
    """Random generators and objects behind forward and backward.

    Each forward pass begins with the same random numbers, so that calls agree: those of NumPy's
    global generator and of all generators that the objects hold.

    Attributes
    ----------
    owners : list of object
        The objects whose methods the functions are.
    """

    def __init__(self, *functions: Callable[..., Any]) -> None:
        self.owners: list[object] = []
        for function in functions:
            owner = _owner_of(function)
            if owner is not None and not any(owner is other for other in self.owners):
                self.owners.append(owner)
        self._objects = [list(objects_in(owner)) for owner in self.owners]
        self._attributes = [
            [dict(attributes_of(each)) for _, each in found] for found in self._objects
        ]
        self._snapshots = [Snapshot(owner) for owner in self.owners if hasattr(owner, "__dict__")]
        with_slots = {
            id(each): each for found in self._objects for _, each in found if slots_of(each)
        }
        self._snapshots += map(SlotSnapshot, with_slots.values())
        self._global_state = get_global_rng_state()

    def leave_out_stored(self) -> None:
        """Leave out what the first call of forward has replaced: it is no parameter."""
        for found, attributes in zip(self._objects, self._attributes, strict=True):
            for (_, each), before in zip(found, attributes, strict=True):
                now = attributes_of(each)
                for name in [name for name in before if now.get(name) is not before[name]]:
                    del before[name]

    def objects_before(self, owner: object) -> list[InnerObject]:
        """Return the objects in an owner, itself included, as they were before the first call."""
        number = next(i for i, other in enumerate(self.owners) if other is owner)
        pairs = zip(self._objects[number], self._attributes[number], strict=True)
        return [InnerObject(name, each, before) for (name, each), before in pairs]

    def reset(self) -> None:
        """Set every random generator to where it was at first."""
        set_global_rng_state(self._global_state)
        for snapshot in self._snapshots:
            for generator, state in snapshot.random_states:
                set_rng_state(generator, state)

    @contextmanager
    def preserved(self) -> Iterator[None]:
        """Restore at the end what the objects hold, and all random generators."""
        try:
            yield
        finally:
            for snapshot in self._snapshots:
                snapshot.restore()
            set_global_rng_state(self._global_state)


def _owner_of(function: Callable[..., Any]) -> object | None:
    owner = getattr(function, "__self__", function)
    return owner if has_attributes(owner) else None
