"""Reusable work arrays, and cached scalar arrays."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from .attributes import unshare_attributes
from .sparse_rows import SparseRows
from .typing import Array

Workspace = dict[str, Array]

NOTES = ("_kept_names", "_empty_names")
"""The attributes in which `note_attributes` keeps names."""


class HasWorkspace:
    """Base of layers and losses, which keep work arrays from one call to the next.

    Copies begin with an empty workspace, and without what calls have left behind in a part of a
    model: attributes with arrays that did not exist, or were None, when the model was built.
    """

    workspace: Workspace
    """The work arrays by name, at first none. Store no state here: the gradient checker swaps the
    dictionary, and copies begin with an empty one."""

    _kept_names: frozenset[str] | None = None
    """The attributes that held something when the part became part of a model."""

    _empty_names: frozenset[str] = frozenset()
    """The attributes that were None then."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        instance = super().__new__(cls)
        instance.workspace = {}  # here, so that custom classes need not call super().__init__()
        return instance

    def note_attributes(self) -> None:
        """Remember which attributes exist before the first call: `release_memory` keeps them."""
        attributes = unshare_attributes(self)
        self._empty_names = frozenset(name for name, value in attributes.items() if value is None)
        self._kept_names = frozenset(attributes) - self._empty_names

    def release_memory(self) -> None:
        """Release the work arrays, and the arrays that calls have stored in attributes since.

        Nothing happens to attributes unless `note_attributes` was called.
        """
        self.workspace = {}
        for name in self._left_behind(vars(self)):
            delattr(self, name)
            if name in self._empty_names:
                setattr(self, name, None)

    def memory_in_use(self) -> int:
        """Return the size of what `release_memory` releases; the same array may count twice.

        Returns
        -------
        int
            The number of bytes.
        """
        left_behind = [getattr(self, name) for name in self._left_behind(vars(self))]
        return sum(array.nbytes for array in _arrays_in([*self.workspace.values(), *left_behind]))

    def _left_behind(self, attributes: Mapping[str, Any]) -> list[str]:
        kept = self._kept_names
        if kept is None:
            return []
        return [name for name in attributes.keys() - kept if _has_array(attributes[name])]

    def __getstate__(self) -> dict[str, Any]:
        # At once: another thread may be calling `forward`, which adds attributes.
        state = {**vars(self), "workspace": {}}
        for name in self._left_behind(state):
            del state[name]
            if name in self._empty_names:
                state[name] = None
        for name in NOTES:  # the model that contains a copy makes its own
            state.pop(name, None)
        return state


def _has_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) or any(True for _ in _arrays_in(value))


def _arrays_in(value: Any) -> Iterator[Array]:
    """Yield the arrays in a list, tuple or dict, however nested."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, SparseRows):
        yield from value.arrays
    elif isinstance(value, list | tuple | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _arrays_in(each)


def get_workspace(
    workspace: Workspace, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Array:
    """Return an uninitialized array that is reused by later calls of the same name.

    Parameters
    ----------
    workspace : dict of str to ndarray
        The arrays of earlier calls, to which a new one is added.
    name : str
        The array's name in `workspace`.
    shape : tuple of int
        The expected shape. Where the array in `workspace` has more rows, its first rows are
        returned.
    dtype : numpy.dtype
        The expected dtype.

    Returns
    -------
    ndarray of the shape and dtype
        With arbitrary values.
    """
    array = workspace.get(name)
    if array is not None and array.shape == shape and array.dtype == dtype:  # nearly always
        return array
    if (
        array is None
        or array.shape[1:] != shape[1:]
        or array.dtype != dtype
        or len(array) < shape[0]
    ):
        array = workspace[name] = np.empty(shape, dtype)
        return array
    return array[: shape[0]]


@functools.lru_cache(1024)
def scalar_array(value: float, dtype: np.dtype[Any]) -> Array:
    """Return a number as a read-only array of shape (), which saves ufuncs the conversion.

    Parameters
    ----------
    value : float
        The number.
    dtype : numpy.dtype
        The dtype of the array.

    Returns
    -------
    ndarray of shape ()
        The same array for the same arguments.
    """
    array = np.array(value, dtype)
    array.flags.writeable = False
    return array


def get_scratch(
    workspace: Workspace, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Array:
    """Return a contiguous work array; calls of other shapes share its memory.

    Parameters
    ----------
    workspace : dict of str to ndarray
        Work arrays.
    name : str
        The array's name.
    shape : tuple of int
        The expected shape.
    dtype : numpy.dtype
        The expected dtype.

    Returns
    -------
    ndarray of the shape and dtype
        With arbitrary values.
    """
    return get_workspace(workspace, name, (math.prod(shape),), dtype).reshape(shape)
