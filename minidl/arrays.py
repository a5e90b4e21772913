"""The door for arrays that come from outside, and the scratch buffers that the layers reuse.

Everything is checked and converted once, here, before any number of a model changes; inside, arrays are trusted.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .errors import DtypeError, NonFiniteError, ShapeError

Array: TypeAlias = npt.NDArray[Any]
Seed: TypeAlias = "int | np.random.Generator | np.random.RandomState"  # a text: NumPy loads its random numbers at their first use

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
    if isinstance(values, Mapping):
        raise DtypeError(f"{name} must be an array, got a {type(values).__name__} of {', '.join(map(str, values))}: pass one of these")
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ShapeError(f"{name} must be a rectangular array, got rows of unequal length: {error}") from None
    if array.dtype.kind == "O" and array.ndim == 0:
        raise DtypeError(
            f"{name} must hold real numbers, got a {type(values).__name__}: pass an array, a list of numbers, or what has a shape, a dtype "
            "and slices of rows, such as an HDF5 data set"
        )
    check_real(array.dtype, name)
    return array


def check_real(dtype: np.dtype[Any], name: str) -> None:
    """Raise `DtypeError` unless `dtype` is one of real numbers: bool, int or float."""
    if dtype.kind not in "biuf":
        raise DtypeError(
            f"{name} must hold real numbers, got dtype {dtype}: convert it, e.g. {name}.astype(np.float32), or number the classes"
        )


def check_rows(shape: tuple[int, ...], name: str, value: object = "") -> None:
    """Raise `ShapeError` unless there is at least one row, of at least one number."""
    if len(shape) == 0:
        raise ShapeError(f"{name} must hold one row per example, got the single number {value}: pass an array of shape (m, ...)")
    if 0 in shape:
        raise ShapeError(f"{name} must hold at least one example and one number, got shape {shape}: it is empty")


def numeric_rows(values: npt.ArrayLike, name: str) -> Array:
    """Return `values` as an array (m, ...) of real numbers, m >= 1, not yet converted, not yet known to be finite."""
    array = numeric(values, name)
    check_rows(array.shape, name, array)
    return array


def narrower(dtype: np.dtype[Any], other: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type of fewer bytes, in the machine's byte order; `other` if both have as many.

    Examples
    --------
    >>> narrower(np.dtype("uint8"), np.dtype("float32")), narrower(np.dtype("int64"), np.dtype("float32"))
    (dtype('uint8'), dtype('float32'))
    """
    if dtype.itemsize >= other.itemsize:
        return other
    return dtype if dtype.isnative else dtype.newbyteorder("=")


def door(values: npt.ArrayLike, name: str, dtype: np.dtype[Any], *, narrow: bool = False) -> Array:
    """Let an array of numbers in: C-contiguous, of the model's `dtype`, finite, with at least one row.

    An array that already fulfils this is returned as it is, without a copy; it is never written to.

    Parameters
    ----------
    values : array_like of shape (m, ...)
    name : str
        What messages call the array, such as "X".
    dtype : numpy.dtype
        The model's.
    narrow : bool, default False
        Leave numbers of fewer bytes than `dtype` as they are, such as pictures of uint8: they are converted batch by batch.

    Raises
    ------
    DtypeError, ShapeError, NonFiniteError
    """
    array = numeric_rows(values, name)
    return converted(array, name, narrower(array.dtype, dtype) if narrow else dtype)


def converted(array: Array, name: str, dtype: np.dtype[Any], first: int = 0) -> Array:
    """Return `array` C-contiguous and in `dtype`, once it is known to be finite; `first` is the number of its first row."""
    with np.errstate(over="ignore"):
        kept = np.ascontiguousarray(array, dtype=dtype)
    if array.dtype.kind == "f":
        check_finite(kept, name, received=array, first=first)
    return kept


def check_finite(array: Array, name: str, received: Array | None = None, first: int = 0) -> None:
    """Raise `NonFiniteError` naming the first element of `array` that is NaN or infinite.

    `received` is the same array before its conversion, for the message; `first` the number of its first row in the whole.
    """
    # The dot product is one fast pass; where it overflows or is NaN, the elements decide. No array of flags is made.
    if array.dtype.char in "fd" and array.flags.c_contiguous:
        flat = array.reshape(-1)
        with np.errstate(over="ignore", invalid="ignore"):
            if math.isfinite(flat.dot(flat)):
                return
    if np.isfinite(array.min()) and np.isfinite(array.max()):  # NaN passes through min and max
        return
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    value = (array if received is None else received)[place]
    where = ", ".join(map(str, (place[0] + first, *place[1:])))
    if np.isfinite(value):
        raise NonFiniteError(f"{name}[{where}] is {value}, too large for {array.dtype}: rescale {name} or use dtype=np.float64")
    raise NonFiniteError(f"{name} must be finite, got {value} at {name}[{where}]: repair or drop such rows before")


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
    if kept is not None and kept.shape == shape and kept.dtype == dtype:  # nearly every call, so it is asked first
        return kept
    if kept is None or kept.shape[1:] != shape[1:] or kept.dtype != dtype or len(kept) < shape[0]:
        kept = store[name] = np.empty(shape, dtype)
        return kept
    return kept[: shape[0]]


@functools.lru_cache(1024)
def constant(value: float, dtype: np.dtype[Any]) -> Array:
    """Return the number `value` as an array () that a ufunc takes at once: to convert a number of Python's takes it 0.4 us each time.

    Examples
    --------
    >>> constant(0.5, np.dtype("float32"))
    array(0.5, dtype=float32)
    """
    array = np.array(value, dtype)
    array.flags.writeable = False  # everybody gets the same
    return array


def common_dtype(a: Array, b: Array) -> np.dtype[Any]:
    """Return the dtype of a result of both, which nearly always is that of each: `np.result_type` takes longer than a small product."""
    return a.dtype if a.dtype == b.dtype else np.result_type(a, b)


def product(a: Array, b: Array, out: Array) -> Array:
    """Write the matrix product a @ b into `out` and return it."""
    # Between small matrices most of the time goes into the call itself, and `ndarray.dot` is called in a third of the time of
    # `np.matmul`; but it wants `out` to be exactly what it would have made.
    try:
        return a.dot(b, out)
    except ValueError:
        return np.matmul(a, b, out=out)
