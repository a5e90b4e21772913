"""Nested plain values and arrays as JSON and named arrays, exact to the last bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..utils.typing import Array

_TAGS = {"array", "dict", "float", "int"}


def encode(value: Any, arrays: dict[str, Array]) -> Any:
    """Return `value` as JSON can hold it to the last bit; arrays go into `arrays`."""
    if isinstance(value, dict):
        packed = {name: encode(held, arrays) for name, held in value.items()}
        return (
            {"dict": packed} if len(packed) == 1 and packed.keys() <= _TAGS else packed
        )  # lest it be taken for one of these
    if isinstance(value, list | tuple):
        return [encode(held, arrays) for held in value]
    if isinstance(value, np.ndarray):
        name = f"training.{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, int) and abs(value) >= 2**53:  # such as the state of a random stream
        return {"int": hex(value)}
    return value


def decode(value: Any, arrays: dict[str, Array]) -> Any:
    """Return what `_packed` was given."""
    if isinstance(value, list):
        return [decode(held, arrays) for held in value]
    if not isinstance(value, dict):
        return value
    match [*value.items()]:
        case [("array", held)]:
            return arrays[held]
        case [("float", held)]:
            return float(held)
        case [("int", held)]:
            return int(held, 16)
        case [("dict", held)]:
            value = held
    return {name: decode(held, arrays) for name, held in value.items()}
