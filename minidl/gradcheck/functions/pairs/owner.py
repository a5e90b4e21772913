"""The state behind a pair of functions: frozen for each call, restored at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from ....utils.random import get_global_rng_state, set_global_rng_state, set_rng_state
from ....utils.snapshot import Snapshot


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
        self._global_state = get_global_rng_state()

    def attributes_before(self, owner: object) -> dict[str, Any]:
        """Return the attributes of an owner before the first call."""
        number = next(i for i, other in enumerate(self.owners) if other is owner)
        return self._snapshots[number].attributes

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
    not_objects = FunctionType | ModuleType | type | np.ufunc
    if isinstance(owner, not_objects) or not hasattr(owner, "__dict__"):
        return None
    return owner
