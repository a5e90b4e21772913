"""Nested values and arrays as JSON and named arrays, exact to the last bit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..utils.typing import Array

ARRAY_PREFIX = "training."  # of the names of the arrays
MAX_JSON_INTEGER = 2**53  # larger integers are stored in hexadecimal: not every parser keeps them
# A dict with one of these as its only key stands for a value that JSON cannot store.
_TAGS = {"array", "dict", "float", "int"}


def encode(value: Any, arrays: dict[str, Array]) -> Any:
    """Return a value as JSON can store it, to the last bit.

    Parameters
    ----------
    value : None, bool, int, float, str, ndarray, or dict or list of these
        The value; a tuple becomes a list, a NumPy scalar a Python number.
    arrays : dict of str to ndarray
        Receives the arrays in `value`, which are represented by their names.

    Returns
    -------
    JSON-compatible value
        What `decode` turns back into the value.
    """
    if isinstance(value, dict):
        encoded = {key: encode(element, arrays) for key, element in value.items()}
        looks_like_tag = len(encoded) == 1 and encoded.keys() <= _TAGS
        return {"dict": encoded} if looks_like_tag else encoded
    if isinstance(value, list | tuple):
        return [encode(element, arrays) for element in value]
    if isinstance(value, np.ndarray):
        name = f"{ARRAY_PREFIX}{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, int) and abs(value) >= MAX_JSON_INTEGER:
        return {"int": hex(value)}
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
    None, bool, int, float, str, ndarray, or dict or list of these
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
        case [("dict", content)]:
            value = content
    return {key: decode(element, arrays) for key, element in value.items()}
