"""Reusable work arrays, and cached scalar arrays."""

from __future__ import annotations

import functools
from typing import Any, Self

import numpy as np

from .typing import Array

Workspace = dict[str, Array]


class HasWorkspace:
    """Base of layers and losses, which keep work arrays from one call to the next.

    Copies begin with an empty workspace.
    """

    workspace: Workspace
    """The work arrays by name, at first none. Store no state here: the gradient checker swaps the
    dictionary, and copies begin with an empty one."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        instance = super().__new__(cls)
        instance.workspace = {}  # here, so that custom classes need not call super().__init__()
        return instance

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "workspace": {}}


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
