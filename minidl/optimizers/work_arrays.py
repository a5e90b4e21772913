"""Copies and pickles of optimizers without the numbers in their work arrays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np


class WorkArray(NamedTuple):
    """What is kept of a work array: each may take as much as the parameters of the model.

    Parameters
    ----------
    shape : tuple of int
        The shape of the array.
    dtype : numpy.dtype
        Its dtype.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def without_work_arrays(
    attributes: Mapping[str, Any], constructed_names: Collection[str] | None
) -> dict[str, Any]:
    """Return the attributes of an optimizer with a `WorkArray` for each work array.

    Parameters
    ----------
    attributes : mapping of str to object
        The attributes.
    constructed_names : collection of str or None
        The attributes of the constructor, which are kept whatever their names are; None before the
        first step, when there are no others.

    Returns
    -------
    dict of str to object
        Floating arrays whose names begin with an underscore, which no later step needs, are
        replaced.

    Examples
    --------
    >>> without_work_arrays({"velocity": np.zeros(2), "_step": np.zeros(3)}, ())
    {'velocity': array([0., 0.]), '_step': WorkArray(shape=(3,), dtype=dtype('float64'))}
    """
    constructed = attributes if constructed_names is None else constructed_names
    return {
        name: WorkArray(value.shape, value.dtype)
        if isinstance(value, np.ndarray)
        and value.dtype.kind in "fc"
        and name.startswith("_")
        and name not in constructed
        else value
        for name, value in attributes.items()
    }


def with_work_arrays(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of an optimizer with arrays of NaN for each `WorkArray`.

    A step that needs the numbers of the last one, contrary to the name, is noticed.

    Parameters
    ----------
    attributes : mapping of str to object
        What `without_work_arrays` returned.

    Returns
    -------
    dict of str to object
        The attributes.
    """
    return {
        name: np.full(value.shape, np.nan, value.dtype) if isinstance(value, WorkArray) else value
        for name, value in attributes.items()
    }
