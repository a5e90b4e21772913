"""State that layers keep in attributes that are no buffers, so that it is never saved."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from ..utils.interrupts import finish
from ..utils.random import get_global_rng_state, set_global_rng_state
from ..utils.snapshot import ClassSnapshot, Snapshot
from ..utils.typing import Array
from .base import Layer
from .members_snapshot import MembersSnapshot
from .tree import MEMBERS, named_modules

_PYTHON_CLASSES = (object, ABC)


class HiddenState(NamedTuple):
    """An attribute that the output depends on, and that is no parameter or buffer.

    Parameters
    ----------
    path : str
        The path of its layer, such as "2.body.0".
    layer : Layer
        The layer.
    name : str
        The attribute.
    value : object
        What it holds, after it has changed.
    """

    path: str
    layer: Layer
    name: str
    value: Any

    @property
    def cure(self) -> str:
        """What to write instead."""
        shape: object = "shape"
        if isinstance(self.value, bool | int | float | complex | np.ndarray | np.generic):
            shape = np.shape(self.value)
        return (
            f"write self.{self.name} = Buffer({shape}, init=Zeros()) in __init__, and read and "
            f"assign self.{self.name}.value"
        )


def is_custom(layer: Layer) -> bool:
    """Return whether a layer is not computed by a class of minidl alone."""
    own_methods = vars(layer).keys() & {"forward", "backward"}  # assigned to the instance
    return is_custom_class(type(layer)) or bool(own_methods)


def is_custom_class(layer_class: type) -> bool:
    """Return whether a class is neither minidl's nor Python's."""
    return not layer_class.__module__.startswith("minidl.") and layer_class not in _PYTHON_CLASSES


def inference_outputs(layers: Sequence[Layer], x: Array) -> Array:
    """Return what all layers give at inference, as one vector.

    A later layer, such as a `Sigmoid` that gives 1, may hide what an earlier one does.

    Parameters
    ----------
    layers : sequence of Layer
        The layers, first to last.
    x : ndarray of shape (m, ...)
        The input of the first one.

    Returns
    -------
    ndarray of one axis
        The outputs, copied.
    """
    outputs = []
    for layer in layers:
        x = layer.forward(x, training=False)
        outputs.append(np.array(x).ravel())
    return np.concatenate(outputs)


def find_hidden_state(
    layers: Sequence[Layer], evaluate: Callable[[], Array], use: Callable[[], object]
) -> list[HiddenState]:
    """Find the attributes by which a use of layers changes what they give afterwards.

    The outputs before and after the use are compared bit for bit, with equal parameters, buffers
    and random streams. At the end everything is as it was.

    Parameters
    ----------
    layers : sequence of Layer
        The layers of a model.
    evaluate : callable
        Returns the output for some input. If it raises an error after the use, nothing is found.
    use : callable
        Does what may change attributes, such as a step of training.

    Returns
    -------
    list of HiddenState
        The responsible attributes, in the order of the layers.
    """
    members = MembersSnapshot(layers)
    owners = list(_owners(layers))
    unused = _snapshots(owners)
    states = _States(members, unused, get_global_rng_state(), evaluate)
    try:
        output = states.output_from(unused)
        states.restore(unused)
        use()
        members.restore()
        states.restore_streams()
        used = _snapshots(owners)
        used_output = states.output_from(used)
        if used_output is None or _are_equal(used_output, output):
            return []
        # Output that does not follow from the attributes, such as random output, is no state.
        for start, expected in ((unused, output), (used, used_output)):
            if not _are_equal(states.output_from(start), expected):
                return []
        found: dict[tuple[str, str], HiddenState] = {}
        for i, name in _responsible(states, unused, used):
            path, layer, _ = owners[i]
            state = HiddenState(path, layer, name, used[i].attributes.get(name))
            found.setdefault((path, name), state)
        return list(found.values())
    finally:
        finish(partial(states.restore, unused))


_Place = tuple[int, str]
"""The number of an owner and the name of its attribute."""


class _Owner(NamedTuple):
    """A layer, or a custom class that it is an instance of; both may hold its attributes."""

    path: str
    layer: Layer
    owner_class: type | None


def _owners(layers: Sequence[Layer]) -> Iterator[_Owner]:
    seen: set[type] = set()
    for path, layer in named_modules(layers):
        yield _Owner(path, layer, None)
        for owner_class in type(layer).__mro__:
            if owner_class not in seen and is_custom_class(owner_class):
                seen.add(owner_class)
                yield _Owner(path, layer, owner_class)


def _snapshots(owners: Iterable[_Owner]) -> list[Snapshot]:
    return [
        Snapshot(layer, MEMBERS) if owner_class is None else ClassSnapshot(owner_class, MEMBERS)
        for _, layer, owner_class in owners
    ]


class _States(NamedTuple):
    """What layers give from given states of their attributes."""

    members: MembersSnapshot
    unused: list[Snapshot]
    global_stream: dict[str, Any]  # for layers that draw from NumPy's generator
    evaluate: Callable[[], Array]

    def restore(self, start: list[Snapshot]) -> None:
        for snapshot in start:
            snapshot.restore()
        self.members.restore()
        self.restore_streams()

    def restore_streams(self) -> None:
        for snapshot in self.unused:
            snapshot.restore_random_states()
        set_global_rng_state(self.global_stream)

    def output_from(
        self, start: list[Snapshot], other: list[Snapshot] | None = None, *places: _Place
    ) -> Array | None:
        """Return the output from one state, but with some attributes of another; None: error."""
        self.restore(start)
        for i, name in places:
            if other is not None:
                other[i].restore_attribute(name)
        try:
            with np.errstate(all="ignore"):
                return np.array(self.evaluate())
        except Exception:  # where it matters, the real pass raises it again
            return None


def _responsible(states: _States, unused: list[Snapshot], used: list[Snapshot]) -> list[_Place]:
    """Return the attributes that, given back or changed alone, change the output."""
    output, used_output = states.output_from(unused), states.output_from(used)
    places = [
        (i, name)
        for i, (before, after) in enumerate(zip(unused, used, strict=True))
        for name in {**before.attributes, **after.attributes}
    ]
    changing, raising = [], []
    for place in places:
        outcomes = (
            (states.output_from(used, unused, place), used_output),
            (states.output_from(unused, used, place), output),
        )
        different = [alone for alone, both in outcomes if not _are_equal(alone, both)]
        if any(alone is not None for alone in different):
            changing.append(place)
        elif different:
            raising.append(place)
    # An attribute without which others raise may be a cache that belongs to them.
    if _are_equal(states.output_from(unused, used, *changing), used_output):
        return changing
    if changing or raising:
        return sorted([*changing, *raising], key=places.index)
    for count in range(1, len(places) + 1):  # none alone: the one that completes the change
        if not _are_equal(states.output_from(unused, used, *places[:count]), output):
            return [places[count - 1]]
    return []


def _are_equal(a: Array | None, b: Array | None) -> bool:
    if a is None or b is None:
        return a is b
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def describe_places(found: Iterable[HiddenState]) -> str:
    """Return where hidden state is, such as "'mean' and 'count' of layer 1, Norm()".

    Parameters
    ----------
    found : iterable of HiddenState
        What `find_hidden_state` returned.

    Returns
    -------
    str
        The names of the attributes, with path and description of each layer.
    """
    return "; ".join(
        f"{' and '.join(repr(state.name) for state in states)} of layer {path}, {layer}"
        for (path, layer), group in groupby(found, key=lambda state: state[:2])
        for states in [list(group)]
    )
