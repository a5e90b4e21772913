"""The state behind a pair of functions: frozen for each call, restored at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from ....utils.random import get_global_rng_state, set_global_rng_state, set_rng_state
from ....utils.snapshot import Snapshot
from .inner_objects import has_attributes, objects_in


class InnerObject(NamedTuple):
    """An object in another one: its name, itself, and its attributes before the first call."""

    name: str
    itself: Any
    before: dict[str, Any]


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
        self._snapshots = [Snapshot(owner) for owner in self.owners]
        self._objects = [list(objects_in(owner)) for owner in self.owners]
        self._attributes = [[dict(vars(each)) for _, each in found] for found in self._objects]
        self._global_state = get_global_rng_state()

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
