"""Validation and conversion of arrays and numbers that come from outside."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, DtypeError, NonFiniteError, ShapeError
from .typing import Array

MODEL_DTYPES = ("float32", "float64", "complex128")  # complex128 serves complex-step derivatives


def is_integer(value: object, least: int = 1) -> TypeGuard[int]:
    """Return whether `value` is a whole number >= `least`, and no truth value."""
    return (
        isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)
    )


def model_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return `dtype`, if a model may have it."""
    try:
        if dtype is not None and (found := np.dtype(dtype)).name in MODEL_DTYPES:
            return found
    except TypeError:
        pass
    raise DtypeError(
        f"dtype must be one of {', '.join(MODEL_DTYPES)}, got {dtype!r}: pass dtype=np.float32 or np.float64"
    )


def as_real_array(values: npt.ArrayLike, name: str) -> Array:
    """Return `values` as an array of real numbers (bool, int or float), untouched otherwise."""
    if isinstance(values, Mapping):
        raise DtypeError(
            f"{name} must be an array, got a {type(values).__name__} of {', '.join(map(str, values))}: pass one of these"
        )
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ShapeError(
            f"{name} must be a rectangular array, got rows of unequal length: {error}"
        ) from None
    if array.dtype.kind == "O" and array.ndim == 0:
        cure = "pass an array, a list of numbers, or what has a shape, a dtype and slices of rows"
        raise DtypeError(f"{name} must hold real numbers, got a {type(values).__name__}: {cure}")
    check_real(array.dtype, name)
    return array


def check_real(dtype: np.dtype[Any], name: str) -> None:
    """Raise `DtypeError` unless `dtype` is one of real numbers."""
    if dtype.kind not in "biuf":
        raise DtypeError(
            f"{name} must hold real numbers, got dtype {dtype}: use {name}.astype(np.float32), or number the classes"
        )


def check_rows(shape: tuple[int, ...], name: str, value: object = "") -> None:
    """Raise `ShapeError` unless there is at least one row, of at least one number."""
    if len(shape) == 0:
        raise ShapeError(
            f"{name} must hold one row per example, got the single number {value}: pass an array of shape (m, ...)"
        )
    if 0 in shape:
        raise ShapeError(
            f"{name} must hold at least one example and one number, got shape {shape}: it is empty"
        )


def as_sample_array(values: npt.ArrayLike, name: str) -> Array:
    """Return `values` as an array (m, ...) of real numbers, not yet converted, not yet known to be finite."""
    array = as_real_array(values, name)
    check_rows(array.shape, name, array)
    return array


def smaller_dtype(dtype: np.dtype[Any], other: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type of fewer bytes, in the machine's byte order; `other` if both have as many."""
    if dtype.itemsize >= other.itemsize:
        return other
    return dtype if dtype.isnative else dtype.newbyteorder("=")


def check_array(
    values: npt.ArrayLike, name: str, dtype: np.dtype[Any], *, narrow: bool = False
) -> Array:
    """Return an array (m, ...) of finite real numbers, C-contiguous and in `dtype`, or with `narrow` in its own type of fewer bytes."""
    array = as_sample_array(values, name)
    return to_finite_array(array, name, smaller_dtype(array.dtype, dtype) if narrow else dtype)


def to_finite_array(array: Array, name: str, dtype: np.dtype[Any], first: int = 0) -> Array:
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
        raise NonFiniteError(
            f"{where} is {value}, too large for {array.dtype}: rescale {name} or use dtype=np.float64"
        )
    raise NonFiniteError(
        f"{name} must be finite, got {value} at {where}: repair or drop such rows before"
    )


_RULES: dict[str, Any] = {
    "finite and > 0": (float, lambda x: x > 0),
    "finite and >= 0": (float, lambda x: x >= 0),
    "in [0, 1)": (float, lambda x: 0 <= x < 1),
    "in (0, 1]": (float, lambda x: 0 < x <= 1),
    "a whole number >= 1": (int, lambda x: isinstance(x, Integral) and int(x) >= 1),
}


def check_number(value: Any, name: str, rule: str, owner: object, cure: str = "") -> Any:
    """Return `value` as a float or int that keeps the rule."""
    kind, holds = _RULES[rule]
    if (
        isinstance(value, Real)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and holds(value)
    ):
        return kind(value)
    raise ArgumentError(
        f"{name} must be {rule}, got {value!r} in {type(owner).__name__}{cure and f': {cure}'}"
    )
