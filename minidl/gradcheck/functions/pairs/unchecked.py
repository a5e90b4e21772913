"""Arrays in an object on which its output depends, though no gradient of them was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ....utils.typing import Array
from .inputs import child_name, is_float
from .owner import InnerObject

_MAX_ARRAYS, _CHANGE = 100, 1e-3


def unchecked_arrays(
    objects: Sequence[InnerObject], known: Sequence[Array], output: Callable[[], Array]
) -> list[str]:
    """Return the names of arrays that an object holds, that move its output and are not known.

    Parameters
    ----------
    objects : sequence of InnerObject
        The object and those in it, before the first call.
    known : sequence of ndarray
        Arrays that are named elsewhere; those that share memory with them are left out.
    output : callable
        Returns the output of forward.

    Returns
    -------
    list of str
        Their names, such as "layers[0].W".
    """
    found: dict[int, tuple[str, Array]] = {}
    for each in objects:
        for name, array in _arrays_in(each.before, each.name, ()):
            is_new = not any(np.may_share_memory(array, other) for other in known)
            if is_new and array.flags.writeable and len(found) < _MAX_ARRAYS:
                found.setdefault(id(array), (name, array))
    return [name for name, array in found.values() if _moves(output, array)]


def _arrays_in(value: Any, name: str, outer: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
    if isinstance(value, np.ndarray):
        if is_float(value) and value.size:
            yield name, value
    elif isinstance(value, Mapping | list | tuple) and id(value) not in outer:
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, child in pairs:
            child_path = child_name(name, key) if name else str(key)
            yield from _arrays_in(child, child_path, (*outer, id(value)))


def _moves(output: Callable[[], Array], array: Array) -> bool:
    original = array.copy()
    with suppress(Exception):  # of a function that refuses the change
        before = output().copy()
        np.copyto(array, original)  # which a call may write into
        try:
            array[...] = original + _CHANGE * (np.abs(original) + 1)
            return not np.array_equal(output(), before, equal_nan=True)
        finally:
            np.copyto(array, original)
    return False
