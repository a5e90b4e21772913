"""Validation and conversion of arrays and numbers that a user passes."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, Generic, TypeGuard, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, DtypeError, NonFiniteError, ShapeError
from .masked import check_not_masked
from .typing import Array

MODEL_DTYPES = ("float32", "float64", "complex128")  # complex128 serves complex-step derivatives

_INTEGER_TYPES = (int, np.integer)

Number = TypeVar("Number", bound=float)


class NumberRule(Generic[Number]):
    """A rule that a numeric argument must satisfy.

    Made by `greater_than`, `at_least`, `in_range` and `integer_at_least`, applied by
    `check_number`.

    Parameters
    ----------
    description : str
        The rule in words that continue "... must be", such as "finite and > 0".
    number_type : type
        Built-in type that an accepted value is converted to: int or float.
    is_satisfied : callable
        Takes a finite real number and returns whether it satisfies the rule.
    """

    def __init__(
        self,
        description: str,
        number_type: type[Number],
        is_satisfied: Callable[[Any], bool],
    ) -> None:
        self.description = description
        self.number_type = number_type
        self.is_satisfied = is_satisfied


def greater_than(minimum: float) -> NumberRule[float]:
    """Return the rule "finite and > minimum"."""
    return NumberRule(f"finite and > {minimum:g}", float, lambda value: value > minimum)


def at_least(minimum: float) -> NumberRule[float]:
    """Return the rule "finite and >= minimum"."""
    return NumberRule(f"finite and >= {minimum:g}", float, lambda value: value >= minimum)


def in_range(low: float, high: float, *, closed: str = "both") -> NumberRule[float]:
    """Return the rule that a number lies between `low` and `high`.

    Parameters
    ----------
    low, high : float
        Bounds of the interval.
    closed : {"both", "left", "right"}, default "both"
        Which of the bounds belong to the interval.

    Returns
    -------
    NumberRule
        Described as an interval, such as "in [0, 1)".
    """
    includes_low, includes_high = closed in ("both", "left"), closed in ("both", "right")
    opening, closing = "[" if includes_low else "(", "]" if includes_high else ")"

    def is_satisfied(value: Any) -> bool:
        above = value >= low if includes_low else value > low
        below = value <= high if includes_high else value < high
        return bool(above and below)

    return NumberRule(f"in {opening}{low:g}, {high:g}{closing}", float, is_satisfied)


def integer_at_least(minimum: int) -> NumberRule[int]:
    """Return the rule "an integer >= minimum"; a float such as 2.0 is not an integer."""
    return NumberRule(
        f"an integer >= {minimum}",
        int,
        lambda value: isinstance(value, Integral) and int(value) >= minimum,
    )


def check_number(
    value: Any, name: str, rule: NumberRule[Number], owner: object, cure: str = ""
) -> Number:
    """Return a numeric argument as a built-in float or int, once it satisfies its rule.

    Parameters
    ----------
    value : object
        What the user passed. NumPy scalars are accepted; booleans and strings are not.
    name : str
        Name of the argument, for the message.
    rule : NumberRule
        The rule, such as `greater_than(0)`.
    owner : object
        The object whose argument it is; the message names its class.
    cure : str, default ""
        What to do about it, for the message.

    Returns
    -------
    int or float
        The value, in the rule's type.

    Raises
    ------
    ArgumentError
        If the value is not a finite real number that satisfies the rule.
    """
    is_real = isinstance(value, Real) and not isinstance(value, bool)
    if is_real and math.isfinite(value) and rule.is_satisfied(value):
        number: Number = rule.number_type(value)
        return number
    hint = f": {cure}" if cure else ""
    raise ArgumentError(
        f"{name} must be {rule.description}, got {value!r} in {type(owner).__name__}{hint}"
    )


def check_flag(value: object, name: str, owner: object) -> bool:
    """Return an argument that is True or False as a built-in bool.

    Parameters
    ----------
    value : object
        What the user passed; a NumPy bool is accepted.
    name : str
        Name of the argument, for the message.
    owner : object
        The object whose argument it is; the message names its class.

    Returns
    -------
    bool
        The value.

    Raises
    ------
    ArgumentError
        If it is anything else.
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise ArgumentError(f"{name} must be True or False, got {value!r} in {type(owner).__name__}")


def is_integer(value: object, minimum: int = 1) -> TypeGuard[int]:
    """Return whether `value` is an int or NumPy integer >= `minimum`; a bool is not."""
    is_int = isinstance(value, _INTEGER_TYPES) and not isinstance(value, bool)
    return is_int and bool(value >= minimum)  # type: ignore[operator]  # it is an int


def check_example_shape(shape: object, function: str) -> tuple[int, ...]:
    """Return the shape of one example, once it consists of integers >= 1.

    Parameters
    ----------
    shape : object
        What the user passed, such as (64, 64, 3).
    function : str
        The name of the caller, for the error.

    Returns
    -------
    tuple of int
        The shape.

    Raises
    ------
    ArgumentError
        If it is no tuple or list of integers >= 1.
    """
    if isinstance(shape, tuple | list) and all(map(is_integer, shape)):
        return tuple(map(int, shape))
    raise ArgumentError(
        f"shape must be integers >= 1, such as (64, 64, 3), got {shape!r} in {function}"
    )


def model_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return `dtype` as a NumPy dtype, once it is one that a model can compute in.

    Parameters
    ----------
    dtype : dtype-like
        What the user passed.

    Returns
    -------
    numpy.dtype
        float32, float64 or complex128.

    Raises
    ------
    DtypeError
        If it is another dtype, or not a dtype at all.
    """
    try:
        converted = None if dtype is None else np.dtype(dtype)
    except TypeError:
        converted = None
    if converted is not None and converted.name in MODEL_DTYPES:
        return converted
    raise DtypeError(
        f"dtype must be one of {', '.join(MODEL_DTYPES)}, got {dtype!r}: "
        "pass dtype=np.float32 or np.float64"
    )


def as_real_array(values: npt.ArrayLike, name: str) -> Array:
    """Return `values` as an array of real numbers, neither converted nor copied if it is one.

    Parameters
    ----------
    values : array_like
        What the user passed.
    name : str
        Name of the argument, for the messages.

    Returns
    -------
    ndarray
        An array of booleans, integers or floats, of any shape.

    Raises
    ------
    ArgumentError
        If elements are masked.
    DtypeError
        If the elements are not real numbers.
    ShapeError
        If nested sequences have unequal lengths.
    """
    if isinstance(values, Mapping):
        raise DtypeError(
            f"{name} must be an array, got a {type(values).__name__} of "
            f"{', '.join(map(str, values))}: pass one of these"
        )
    check_not_masked(values, name)
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ShapeError(
            f"{name} must be a rectangular array, got rows of unequal length: {error}"
        ) from None
    if array.dtype.kind == "O" and array.ndim == 0:
        cure = "pass an array, a list of numbers, or an object with shape, dtype and slices of rows"
        if hasattr(values, "toarray"):  # a sparse matrix
            cure = f"pass {name}.toarray()"
        raise DtypeError(f"{name} must hold real numbers, got a {type(values).__name__}: {cure}")
    check_real(array.dtype, name)
    return array


def widened(array: Array) -> Array:
    """Return numbers of a type that NumPy does not know, such as bfloat16, in float64."""
    is_foreign = array.dtype.kind == "V" and np.can_cast(array.dtype, np.float64)
    return array.astype(np.float64) if is_foreign else array


def check_real(dtype: np.dtype[Any], name: str) -> None:
    """Raise `DtypeError` unless `dtype` is boolean, integer or real floating point."""
    if dtype.kind not in "biuf":
        raise DtypeError(
            f"{name} must hold real numbers, got dtype {dtype}: "
            f"use {name}.astype(np.float32), or encode classes as integers"
        )


def check_integers(dtype: np.dtype[Any], taker: str) -> None:
    """Raise `DtypeError` unless `dtype` is an integer type whose numbers int64 holds.

    Parameters
    ----------
    dtype : numpy.dtype
        The dtype of X.
    taker : str
        What takes integers, for the message.

    Raises
    ------
    DtypeError
        If it is another dtype.
    """
    if dtype.kind not in "iu" or not np.can_cast(dtype, np.int64):
        raise DtypeError(
            f"X must hold integers for {taker}, got dtype {dtype}: pass X.astype(np.int64)"
        )


def check_rows(shape: tuple[int, ...], name: str, value: object = "") -> None:
    """Raise `ShapeError` unless an array of this shape has rows, and these have elements.

    Parameters
    ----------
    shape : tuple of int
        Shape of the array.
    name : str
        Name of the argument, for the messages.
    value : object, default ""
        The value, for the message about a single number.

    Raises
    ------
    ShapeError
        If the array is a single number or empty.
    """
    if len(shape) == 0:
        raise ShapeError(
            f"{name} must hold one row per example, got the single number {value}: "
            "pass an array of shape (m, ...)"
        )
    if 0 in shape:
        raise ShapeError(
            f"{name} must hold at least one example and one number, got shape {shape}: it is empty"
        )


def as_sample_array(values: npt.ArrayLike, name: str) -> Array:
    """Return `values` as an array (m, ...) of real numbers, in its own dtype.

    Parameters
    ----------
    values : array_like
        What the user passed.
    name : str
        Name of the argument, for the messages.

    Returns
    -------
    ndarray of shape (m, ...)
        One row per example; not yet checked for NaN and infinity.

    Raises
    ------
    DtypeError
        If the elements are not real numbers.
    ShapeError
        If it is a single number, empty, or has rows of unequal length.
    """
    array = as_real_array(values, name)
    check_rows(array.shape, name, array)
    return array


def smaller_dtype(dtype: np.dtype[Any], other: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype with fewer bytes in native byte order, or `other` if they have as many."""
    if dtype.itemsize >= other.itemsize:
        return other
    return dtype if dtype.isnative else dtype.newbyteorder("=")


def check_array(
    values: npt.ArrayLike, name: str, dtype: np.dtype[Any], *, keep_smaller_dtype: bool = False
) -> Array:
    """Return `values` as a C-contiguous array (m, ...) of finite real numbers.

    Parameters
    ----------
    values : array_like
        What the user passed.
    name : str
        Name of the argument, for the messages.
    dtype : numpy.dtype
        The dtype to convert to.
    keep_smaller_dtype : bool, default False
        Keep the dtype of the input if its elements have fewer bytes, as in images of bytes.

    Returns
    -------
    ndarray of shape (m, ...)
        The input itself if nothing had to be converted.

    Raises
    ------
    DtypeError
        If the elements are not real numbers.
    ShapeError
        If it is a single number, empty, or has rows of unequal length.
    NonFiniteError
        If an element is NaN or infinite, or too large for the dtype.
    """
    array = as_sample_array(values, name)
    target = smaller_dtype(array.dtype, dtype) if keep_smaller_dtype else dtype
    return to_finite_array(array, name, target)


def to_finite_array(array: Array, name: str, dtype: np.dtype[Any], row_offset: int = 0) -> Array:
    """Return `array` C-contiguous and in `dtype`, once all its elements are finite.

    Parameters
    ----------
    array : ndarray of shape (m, ...)
        Real numbers.
    name : str
        Name of the whole array, for the messages.
    dtype : numpy.dtype
        The dtype to convert to.
    row_offset : int, default 0
        Row of the whole array that `array` begins with, for the messages.

    Returns
    -------
    ndarray of shape (m, ...)
        The input itself if nothing had to be converted.

    Raises
    ------
    NonFiniteError
        If an element is NaN or infinite, or too large for the dtype.
    """
    with np.errstate(over="ignore", under="ignore"):
        converted = np.ascontiguousarray(array, dtype=dtype)
    if array.dtype.kind == "f":
        check_finite(converted, name, original=array, row_offset=row_offset)
    return converted


def all_finite(*arrays: Array) -> bool:
    """Return whether no element of the arrays is NaN or infinite."""
    for array in arrays:
        flat = array.ravel("K")
        # The dot product is fast, but may overflow: then the elements decide.
        if not (cmath.isfinite(flat.dot(flat)) or np.isfinite(flat).all()):
            return False
    return True


def check_finite(
    array: Array, name: str, original: Array | None = None, row_offset: int = 0
) -> None:
    """Raise `NonFiniteError` if an element of `array` is NaN or infinite.

    Parameters
    ----------
    array : ndarray of shape (m, ...)
        The array to check.
    name : str
        Name of the whole array, for the messages.
    original : ndarray, optional
        The array before its conversion to another dtype. It distinguishes an infinity that the
        user passed from a number that is too large for the dtype.
    row_offset : int, default 0
        Row of the whole array that `array` begins with, for the messages.

    Raises
    ------
    NonFiniteError
        If there is such an element; the message names the first one by its index in the whole
        array.
    """
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        if all_finite(array):
            return
    index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    value = (array if original is None else original)[index]
    raise not_finite(name, (index[0] + row_offset, *index[1:]), value, array.dtype)


def not_finite(
    name: str, index: tuple[int, ...], value: Any, dtype: np.dtype[Any]
) -> NonFiniteError:
    """Return the error that names an element which is not finite in a dtype.

    Parameters
    ----------
    name : str
        Name of the whole array.
    index : tuple of int
        The index of the element in it.
    value : number
        The element before its conversion to the dtype.
    dtype : numpy.dtype
        The dtype.

    Returns
    -------
    NonFiniteError
        The error, to be raised.
    """
    location = f"{name}[{', '.join(map(str, index))}]"
    if np.isfinite(value):
        return NonFiniteError(
            f"{location} is {value}, too large for {dtype}: rescale {name} or use dtype=np.float64"
        )
    return NonFiniteError(
        f"{name} must be finite, got {value} at {location}: repair or drop such rows first"
    )
