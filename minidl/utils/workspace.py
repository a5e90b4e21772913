"""Reusable work arrays, and cached scalar arrays."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .typing import Array


def get_workspace(
    store: dict[str, Array], name: str, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Array:
    """Return an uninitialised array that `store` keeps under `name`, its leading rows if it has more."""
    kept = store.get(name)
    if kept is not None and kept.shape == shape and kept.dtype == dtype:  # nearly always
        return kept
    if kept is None or kept.shape[1:] != shape[1:] or kept.dtype != dtype or len(kept) < shape[0]:
        kept = store[name] = np.empty(shape, dtype)
        return kept
    return kept[: shape[0]]


@functools.lru_cache(1024)
def scalar_array(value: float, dtype: np.dtype[Any]) -> Array:
    """Return `value` as an array (), which a ufunc need not convert."""
    array = np.array(value, dtype)
    array.flags.writeable = False
    return array
