"""A snapshot of everything that an object holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from operator import is_
from types import (
    BuiltinFunctionType,
    FunctionType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any, NamedTuple

import numpy as np

from .interrupts import finish
from .random import get_raw_rng_state, set_rng_state

RandomState = tuple[Any, dict[str, Any]]
"""A Generator or RandomState, and a state of it."""

# These never change, or belong to others.
_NOT_ENTERED = (
    type,
    ModuleType,
    FunctionType,
    MethodType,
    BuiltinFunctionType,
    str,
    bytes,
    int,
    float,
    complex,
)


class _Record(NamedTuple):
    """An object, how to give it back its contents, and the objects that these were."""

    value: Any  # kept alive: the records are found by its id
    restore: Callable[[], object] | None
    contents: Iterable[Any]


class Snapshot:
    """All that an object holds: its attributes and what is in them, however nested.

    Arrays, lists, tuples, dictionaries, sets, deques, random generators and the attributes of other
    objects are recorded.

    Parameters
    ----------
    owner : object
        An object with a `__dict__`.
    not_entered : tuple of type, default ()
        Types of objects whose contents are left out, because somebody else restores them.

    Attributes
    ----------
    attributes : dict of str to object
        The attributes at the time of the snapshot.
    random_states : list of (generator, state)
        Every random generator that it holds, with the state at the time of the snapshot.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> owner = SimpleNamespace(count=0, seen=[1])
    >>> snapshot = Snapshot(owner)
    >>> owner.count, owner.seen[0], owner.new = 5, 6, 7
    >>> snapshot.restore_attribute("seen")
    >>> owner
    namespace(count=5, seen=[1], new=7)
    >>> snapshot.restore()
    >>> owner
    namespace(count=0, seen=[1])
    """

    def __init__(self, owner: object, not_entered: tuple[type, ...] = ()) -> None:
        self.random_states: list[RandomState] = []
        self.attributes = dict(vars(owner))
        self._owner_attributes = vars(owner)
        self._not_entered = (*_NOT_ENTERED, *not_entered)
        self._records: dict[int, _Record] = {}
        self._record(self._owner_attributes)

    def restore(self) -> None:
        """Restore every attribute, the contents of arrays and containers, and random states."""
        for record in self._records.values():
            if record.restore is not None:
                record.restore()
        self.restore_random_states()

    def restore_attribute(self, name: str) -> None:
        """Restore one attribute with its contents; delete it if it did not exist.

        Parameters
        ----------
        name : str
            The attribute.
        """
        if name not in self.attributes:
            self._owner_attributes.pop(name, None)
            return
        self._owner_attributes[name] = self.attributes[name]
        self._restore_value(self.attributes[name], set())

    def restore_random_states(self) -> None:
        """Restore the random generators alone."""
        for generator, state in self.random_states:
            set_rng_state(generator, state)

    def _restore_value(self, value: Any, restored: set[int]) -> None:
        record = self._records.get(id(value))
        if record is None or id(value) in restored:
            return
        restored.add(id(value))
        if record.restore is not None:
            record.restore()
        for each in record.contents:
            self._restore_value(each, restored)

    def _record(self, owner: Any) -> None:
        waiting = [owner]  # a list, as objects may be linked thousands deep
        while waiting:
            value = waiting.pop()
            if id(value) not in self._records and not isinstance(value, self._not_entered):
                waiting += reversed(list(self._record_alone(value)))

    def _record_alone(self, value: Any) -> Iterable[Any]:
        """Record an object; return the objects in it."""
        restore: Callable[[], object] | None = None
        contents: Iterable[Any] = ()
        if isinstance(value, np.ndarray):
            if value.flags.writeable:
                restore = partial(np.copyto, value, value.copy())
        elif isinstance(value, np.random.Generator | np.random.RandomState):
            self.random_states.append((value, get_raw_rng_state(value)))
        elif isinstance(value, dict | set | deque):
            restore = partial(restore_contents, value, value.copy())
            contents = list(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, list | tuple):
            contents = list(value)
            if isinstance(value, list):
                restore = partial(value.__setitem__, slice(None), contents)
        elif hasattr(value, "__dict__"):
            contents = [vars(value)]
        self._records[id(value)] = _Record(value, restore, contents)
        return contents


@contextmanager
def restored(owners: Iterable[object], not_entered: tuple[type, ...] = ()) -> Iterator[None]:
    """Restore all that some objects hold at the end of a context.

    Parameters
    ----------
    owners : iterable of object
        Objects with a `__dict__`.
    not_entered : tuple of type, default ()
        As for `Snapshot`.
    """
    snapshots = [Snapshot(owner, not_entered) for owner in owners]

    def restore() -> None:
        for snapshot in snapshots:
            snapshot.restore()

    try:
        yield
    finally:
        finish(restore)


class ClassSnapshot(Snapshot):
    """The data attributes that a class itself defines, with what is in them.

    Parameters
    ----------
    owner_class : type
        The class. Its methods, properties and special attributes are left out.
    not_entered : tuple of type, default ()
        As for `Snapshot`.

    Examples
    --------
    >>> class Counter:
    ...     count = 0
    >>> snapshot = ClassSnapshot(Counter)
    >>> Counter.count = 5
    >>> snapshot.restore()
    >>> Counter.count
    0
    """

    def __init__(self, owner_class: type, not_entered: tuple[type, ...] = ()) -> None:
        super().__init__(SimpleNamespace(**_data_attributes(owner_class)), not_entered)
        self._class = owner_class

    def restore(self) -> None:
        super().restore()
        for name in {**self.attributes, **_data_attributes(self._class)}:
            self._restore_reference(name)

    def restore_attribute(self, name: str) -> None:
        super().restore_attribute(name)
        self._restore_reference(name)

    def _restore_reference(self, name: str) -> None:
        if name not in self.attributes:
            if name in vars(self._class):
                delattr(self._class, name)
        elif vars(self._class).get(name) is not self.attributes[name]:
            setattr(self._class, name, self.attributes[name])


def _data_attributes(owner_class: type) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(owner_class).items()
        if not (name.startswith(("__", "_abc_")) or callable(value) or hasattr(value, "__get__"))
    }


def restore_contents(container: Any, contents: Any) -> None:
    """Make a dict, a set or a deque hold these contents again; it is not touched if it does."""
    if _has_elements(container, contents):  # another thread may be reading it
        return
    container.clear()
    if isinstance(container, deque):
        container.extend(contents)
    else:
        container.update(contents)


def _has_elements(container: Any, contents: Any) -> bool:
    """Return whether the elements are the same objects in the same order."""
    if len(container) != len(contents) or not all(map(is_, container, contents)):
        return False
    is_dict = isinstance(container, dict)
    return not is_dict or all(map(is_, container.values(), contents.values()))
