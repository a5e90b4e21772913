"""Nested values and arrays as JSON and named arrays, exact to the last bit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..utils.typing import Array
from .container import DTYPES

ARRAY_PREFIX = "training."  # of the names of the arrays
MAX_JSON_INTEGER = 2**53  # larger integers are stored in hexadecimal: not every parser keeps them
LONG_LIST = 1000  # numbers from which on a list is stored as an array: JSON has a limit
MAX_DEPTH = 100  # of what contains others: each level is some frames of Python's stack
# A dict with one of these as its only key stands for a value that JSON cannot store.
_TAGS = {"array", "dict", "float", "int", "minidl"}
_RAW_DTYPES = {
    f"{order}{kind}"
    for order in "<>|"
    for kind in (
        "b1",
        "i1",
        "i2",
        "i4",
        "i8",
        "u1",
        "u2",
        "u4",
        "u8",
        "f2",
        "f4",
        "f8",
        "c8",
        "c16",
    )
}
_RULE = (
    "what a checkpoint keeps must consist of None, bools, numbers, strings, arrays of bools or "
    "numbers, and lists, tuples and dicts"
)


def encode(
    value: Any, arrays: dict[str, Array], *, exact: bool = False, place: str = "state"
) -> Any:
    """Return a value as JSON can store it, to the last bit.

    Parameters
    ----------
    value : None, bool, int, float, str, ndarray, or dict, list or tuple of these
        The value.
    arrays : dict of str to ndarray
        Receives the arrays in `value`, which are represented by their names.
    exact : bool, default False
        Whether types come back, too: NumPy scalars, and the order of dicts. Otherwise NumPy scalars
        become Python numbers, and objects of derived classes those of the base class. Derived
        classes are refused then.
    place : str, default "state"
        What the value is, for the message.

    Returns
    -------
    JSON-compatible value
        What `decode` turns back into the value.

    Raises
    ------
    ArgumentError
        If something in the value would not come back.
    """
    return _Encoder(arrays, exact, place).encode(value)


class _Encoder:
    """Encodes one value; knows where it is in it."""

    def __init__(self, arrays: dict[str, Array], exact: bool, place: str) -> None:
        self._arrays = arrays
        self._exact = exact
        self._place = place
        self._keys: list[Any] = []  # that lead to the present element

    def encode(self, value: Any) -> Any:
        if value is None or type(value) in (bool, str):
            return value
        if not self._exact:
            value = _without_class(value)
        kind = type(value)
        if kind is int:
            return {"int": hex(value)} if abs(value) >= MAX_JSON_INTEGER else value
        if kind is float:
            return value if math.isfinite(value) else {"float": str(value)}
        if kind is np.ndarray:
            return self._encode_array(value)
        if kind in (str, bool):
            return value
        if isinstance(value, np.generic) and value.dtype.str in _RAW_DTYPES:
            return {"minidl": ["scalar", value.dtype.str, value.tobytes().hex()]}
        if kind not in (dict, list, tuple):
            raise self._error(f"an object of class {kind.__name__}")
        if len(self._keys) == MAX_DEPTH:
            raise self._error(f"more than {MAX_DEPTH} levels")
        if kind is dict:
            return self._encode_dict(value)
        if kind is tuple:
            return {"minidl": ["tuple", self._encode_each(enumerate(value))]}
        return self._encode_list(value)

    def _encode_each(self, items: Iterable[tuple[Any, Any]]) -> list[Any]:
        encoded = []
        for key, element in items:
            self._keys.append(key)
            encoded.append(self.encode(element))
            self._keys.pop()
        return encoded

    def _encode_dict(self, value: dict[Any, Any]) -> Any:
        elements = self._encode_each(value.items())
        # The names in a file are sorted, and JSON has no other keys than strings.
        is_plain = all(type(key) is str for key in value)
        if not is_plain or (self._exact and list(value) != sorted(value)):
            keys = self._encode_each((key, key) for key in value)
            return {"minidl": ["dict", [list(pair) for pair in zip(keys, elements, strict=True)]]}
        encoded = dict(zip(value, elements, strict=True))
        looks_like_tag = len(encoded) == 1 and encoded.keys() <= _TAGS
        return {"dict": encoded} if looks_like_tag else encoded

    def _encode_list(self, value: list[Any]) -> Any:
        kinds = set(map(type, value)) if len(value) >= LONG_LIST else set()
        if len(kinds) == 1:
            (kind,) = kinds
            dtypes: dict[type, Any] = {bool: np.bool_, int: np.int64, float: np.float64}
            dtype = dtypes.get(kind)
            try:
                if dtype is not None:
                    return {"minidl": ["list", self._encode_array(np.array(value, dtype))]}
                if self._exact and issubclass(kind, np.generic):
                    return {"minidl": ["scalars", self._encode_array(np.array(value))]}
            except OverflowError:  # an integer of more than 64 bits
                pass
        return self._encode_each(enumerate(value))

    def _encode_array(self, array: Array) -> Any:
        dtype = array.dtype
        name = f"{ARRAY_PREFIX}{len(self._arrays)}"
        if dtype.isnative and dtype.newbyteorder("<").str in DTYPES:
            self._arrays[name] = array
            return {"array": name}
        if dtype.str not in _RAW_DTYPES:
            raise self._error(f"an array of dtype {dtype}")
        self._arrays[name] = np.frombuffer(array.tobytes(), np.uint8)
        return {"minidl": ["array", name, dtype.str, list(array.shape)]}

    def _error(self, found: str) -> ArgumentError:
        # The first and the last keys tell where it is, however deep.
        keys = [f"[{key!r}]"[:60] for key in self._keys]
        shown = keys if len(keys) <= 6 else [*keys[:3], "...", *keys[-2:]]
        return ArgumentError(
            f"{_RULE}, got {found} at {self._place}{''.join(shown)}: convert it, such as with "
            "float(), list(), dict() or np.asarray()"
        )


def _without_class(value: Any) -> Any:
    """Return an object of a base class for one of a derived class, a Python number for NumPy's."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return np.asarray(value)
    for base in (dict, list, tuple, int, float, str):
        if isinstance(value, base):
            convert: Any = str.__str__ if base is str else base  # str() may be another
            return value if type(value) in (base, bool) else convert(value)
    return value


def decode(value: Any, arrays: Mapping[str, Array]) -> Any:
    """Return the value that was passed to `encode`.

    Parameters
    ----------
    value : JSON-compatible value
        What `encode` returned.
    arrays : dict of str to ndarray
        The arrays by name.

    Returns
    -------
    None, bool, int, float, str, ndarray, NumPy scalar, or dict, list or tuple of these
        The value.
    """
    if isinstance(value, list):
        return [decode(element, arrays) for element in value]
    if not isinstance(value, dict):
        return value
    match list(value.items()):
        case [("array", name)]:
            return arrays[name]
        case [("float", text)]:
            return float(text)
        case [("int", text)]:
            return int(text, 16)
        case [("minidl", ["array", name, dtype, shape])]:
            return _from_bytes(arrays[name].tobytes(), dtype).reshape(shape)
        case [("minidl", ["scalar", dtype, text])]:
            return _from_bytes(bytes.fromhex(text), dtype)[0]
        case [("minidl", [str(kind), content])]:
            return _CONVERSIONS[kind](decode(content, arrays))
        case [("dict", content)]:
            value = content
    return {key: decode(element, arrays) for key, element in value.items()}


# What a decoded array or list stands for.
_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "dict": dict,
    "list": lambda array: array.tolist(),
    "scalars": list,
    "tuple": tuple,
}


def _from_bytes(content: bytes, dtype: str) -> Array:
    if dtype not in _RAW_DTYPES:
        raise ValueError(f"the dtype {dtype!r}")
    if dtype == "|b1":  # a byte that is neither 0 nor 1 is no bool
        return np.frombuffer(content, np.uint8).astype(np.bool_)
    array: Array = np.frombuffer(content, np.uint8).view(np.dtype(dtype))
    return array.copy()
