"""The door for arrays that come from outside, and the scratch buffers that the layers reuse.

Everything is checked and converted once, here, before any number of a model changes; inside, arrays are trusted.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .errors import DtypeError, NonFiniteError, ShapeError

Array: TypeAlias = npt.NDArray[Any]
Seed: TypeAlias = int | np.random.Generator | np.random.RandomState

MODEL_DTYPES = ("float32", "float64", "complex128")  # complex128 serves complex-step derivatives


def model_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return `dtype` as one that a model may have.

    Raises
    ------
    DtypeError
        If it is not float32, float64 or complex128.

    Examples
    --------
    >>> model_dtype("float32")
    dtype('float32')
    """
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found is None or found.name not in MODEL_DTYPES or dtype is None:
        raise DtypeError(f"dtype must be one of {', '.join(MODEL_DTYPES)}, got {dtype!r}: pass dtype=np.float32 or np.float64")
    return found


def numeric(values: npt.ArrayLike, name: str) -> Array:
    """Return `values` as an array of real numbers (bool, int or float), untouched otherwise.

    Raises
    ------
    DtypeError
        For text, objects, dates or complex numbers.
    ShapeError
        For rows of unequal length.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ShapeError(f"{name} must be a rectangular array, got rows of unequal length: {error}") from None
    if array.dtype.kind not in "biuf":
        raise DtypeError(
            f"{name} must hold real numbers, got dtype {array.dtype}: convert it, e.g. {name}.astype(np.float32), or number the classes"
        )
    return array


def door(values: npt.ArrayLike, name: str, dtype: np.dtype[Any]) -> Array:
    """Let an array of numbers in: C-contiguous, of the model's `dtype`, finite, with at least one row.

    An array that already fulfils this is returned as it is, without a copy; it is never written to.

    Parameters
    ----------
    values : array_like of shape (m, ...)
    name : str
        What messages call the array, such as "X".
    dtype : numpy.dtype
        The model's.

    Raises
    ------
    DtypeError, ShapeError, NonFiniteError
    """
    array = numeric(values, name)
    if array.ndim == 0:
        raise ShapeError(f"{name} must hold one row per example, got the single number {array}: pass an array of shape (m, ...)")
    if array.size == 0:
        raise ShapeError(f"{name} must hold at least one example and one number, got shape {array.shape}: it is empty")
    with np.errstate(over="ignore"):
        converted = np.ascontiguousarray(array, dtype=dtype)
    if array.dtype.kind == "f":
        check_finite(converted, name, received=array)
    return converted


def check_finite(array: Array, name: str, received: Array | None = None) -> None:
    """Raise `NonFiniteError` naming the first element of `array` that is NaN or infinite.

    `received` is the same array before its conversion, for the message.
    """
    if np.isfinite(array.min()) and np.isfinite(array.max()):  # NaN passes through min and max: no array of flags is made
        return
    first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    value = (array if received is None else received)[first]
    if np.isfinite(value):
        raise NonFiniteError(f"{name}[{_index(first)}] is {value}, too large for {array.dtype}: rescale {name} or use dtype=np.float64")
    raise NonFiniteError(f"{name} must be finite, got {value} at {name}[{_index(first)}]: repair or drop such rows before")


def _index(index: tuple[int, ...]) -> str:
    return ", ".join(map(str, index))


def scratch(store: dict[str, Array], name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return an uninitialised C-contiguous array that `store` keeps under `name` for the next call.

    The kept array grows to the largest number of rows asked for; smaller batches get its leading rows. Training thus allocates
    nothing after the first step, also where the last batch of an epoch is smaller.

    Examples
    --------
    >>> store = {}
    >>> big = scratch(store, "y", (64, 5), np.dtype("float32"))
    >>> small = scratch(store, "y", (44, 5), np.dtype("float32"))
    >>> np.shares_memory(big, small), small.shape
    (True, (44, 5))
    """
    kept = store.get(name)
    if kept is None or kept.shape[1:] != shape[1:] or kept.dtype != dtype or len(kept) < shape[0]:
        kept = store[name] = np.empty(shape, dtype)
    return kept if len(kept) == shape[0] else kept[: shape[0]]
