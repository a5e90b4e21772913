"""The door for arrays from outside, where they are checked and converted once, and scratch arrays that are reused."""

from __future__ import annotations

import cmath
import functools
from collections.abc import Mapping
from typing import Any, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

from .errors import DtypeError, NonFiniteError, ShapeError

Array: TypeAlias = npt.NDArray[Any]
Seed: TypeAlias = "int | np.random.Generator | np.random.RandomState"  # a text: NumPy loads these late

MODEL_DTYPES = ("float32", "float64", "complex128")  # complex128 serves complex-step derivatives


def is_whole(value: object, least: int = 1) -> TypeGuard[int]:
    """Return whether `value` is a whole number >= `least`, and no truth value."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)


def model_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return `dtype`, if a model may have it."""
    try:
        if dtype is not None and (found := np.dtype(dtype)).name in MODEL_DTYPES:
            return found
    except TypeError:
        pass
    raise DtypeError(f"dtype must be one of {', '.join(MODEL_DTYPES)}, got {dtype!r}: pass dtype=np.float32 or np.float64")


def numeric(values: npt.ArrayLike, name: str) -> Array:
    """Return `values` as an array of real numbers (bool, int or float), untouched otherwise."""
    if isinstance(values, Mapping):
        raise DtypeError(f"{name} must be an array, got a {type(values).__name__} of {', '.join(map(str, values))}: pass one of these")
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ShapeError(f"{name} must be a rectangular array, got rows of unequal length: {error}") from None
    if array.dtype.kind == "O" and array.ndim == 0:
        cure = "pass an array, a list of numbers, or what has a shape, a dtype and slices of rows"
        raise DtypeError(f"{name} must hold real numbers, got a {type(values).__name__}: {cure}")
    check_real(array.dtype, name)
    return array


def check_real(dtype: np.dtype[Any], name: str) -> None:
    """Raise `DtypeError` unless `dtype` is one of real numbers."""
    if dtype.kind not in "biuf":
        raise DtypeError(f"{name} must hold real numbers, got dtype {dtype}: use {name}.astype(np.float32), or number the classes")


def check_rows(shape: tuple[int, ...], name: str, value: object = "") -> None:
    """Raise `ShapeError` unless there is at least one row, of at least one number."""
    if len(shape) == 0:
        raise ShapeError(f"{name} must hold one row per example, got the single number {value}: pass an array of shape (m, ...)")
    if 0 in shape:
        raise ShapeError(f"{name} must hold at least one example and one number, got shape {shape}: it is empty")


def numeric_rows(values: npt.ArrayLike, name: str) -> Array:
    """Return `values` as an array (m, ...) of real numbers, not yet converted, not yet known to be finite."""
    array = numeric(values, name)
    check_rows(array.shape, name, array)
    return array


def narrower(dtype: np.dtype[Any], other: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type of fewer bytes, in the machine's byte order; `other` if both have as many."""
    if dtype.itemsize >= other.itemsize:
        return other
    return dtype if dtype.isnative else dtype.newbyteorder("=")


def door(values: npt.ArrayLike, name: str, dtype: np.dtype[Any], *, narrow: bool = False) -> Array:
    """Return an array (m, ...) of finite real numbers, C-contiguous and in `dtype`, or with `narrow` in its own type of fewer bytes."""
    array = numeric_rows(values, name)
    return converted(array, name, narrower(array.dtype, dtype) if narrow else dtype)


def converted(array: Array, name: str, dtype: np.dtype[Any], first: int = 0) -> Array:
    """Return `array`, which begins with row `first`, C-contiguous and in `dtype`, once it is known to be finite."""
    with np.errstate(over="ignore"):
        kept = np.ascontiguousarray(array, dtype=dtype)
    if array.dtype.kind == "f":
        check_finite(kept, name, received=array, first=first)
    return kept


def all_finite(*arrays: Array) -> bool:
    """Return whether no element is NaN or infinite."""
    for array in arrays:
        flat = array.ravel("K")
        # The product is fast, but may overflow: then the elements decide.
        if not (cmath.isfinite(flat.dot(flat)) or np.isfinite(flat).all()):
            return False
    return True


def check_finite(array: Array, name: str, received: Array | None = None, first: int = 0) -> None:
    """Raise `NonFiniteError` if `array`, `received` as such and beginning with row `first`, is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        if all_finite(array):
            return
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    value = (array if received is None else received)[place]
    where = f"{name}[{', '.join(map(str, (place[0] + first, *place[1:])))}]"
    if np.isfinite(value):
        raise NonFiniteError(f"{where} is {value}, too large for {array.dtype}: rescale {name} or use dtype=np.float64")
    raise NonFiniteError(f"{name} must be finite, got {value} at {where}: repair or drop such rows before")


def scratch(store: dict[str, Array], name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return an uninitialised array that `store` keeps under `name`, its leading rows if it has more."""
    kept = store.get(name)
    if kept is not None and kept.shape == shape and kept.dtype == dtype:  # nearly always
        return kept
    if kept is None or kept.shape[1:] != shape[1:] or kept.dtype != dtype or len(kept) < shape[0]:
        kept = store[name] = np.empty(shape, dtype)
        return kept
    return kept[: shape[0]]


@functools.lru_cache(1024)
def constant(value: float, dtype: np.dtype[Any]) -> Array:
    """Return `value` as an array (), which a ufunc need not convert."""
    array = np.array(value, dtype)
    array.flags.writeable = False
    return array


def common_dtype(a: Array, b: Array) -> np.dtype[Any]:
    """Return `np.result_type(a, b)`, which takes longer than a small product, sooner."""
    return a.dtype if a.dtype == b.dtype else np.result_type(a, b)


def product(a: Array, b: Array, out: Array) -> Array:
    """Write the matrix product a @ b into `out` and return it."""
    # `dot` is called in a third of the time, but wants an `out` as it would make it.
    try:
        return a.dot(b, out)
    except ValueError:
        return np.matmul(a, b, out=out)
