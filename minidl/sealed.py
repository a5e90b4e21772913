"""Sealed files: a JSON description and named arrays in one HDF5 file, every byte of them under a SHA-256.

The data set "sha256" is the digest of the data set "description", which in turn has the dtype, shape and digest of each array. So the
description is known to be whole before it is parsed, each array before it is used, and a damaged one is told by its name.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from .arrays import Array
from .data.hdf5 import Field, HDF5File, Limits
from .errors import ArgumentError, DataError
from .files import FilePath

DTYPES = ("<f4", "<f8", "<i8", "|u1")
MOST_TEXT = 4 * 2**20  # bytes of a description; parsed, it can take twenty times as many
MOST_ARRAYS = 10_000
_LONGEST_NAME = 255
_MOST_DIMENSIONS = 32  # of HDF5
_OWN = ("description", "sha256")


def seal(form: str, version: int, content: Mapping[str, Any], arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the data sets of a sealed file of the kind `form`, for `write_hdf5`.

    Parameters
    ----------
    content : mapping
        Plain values, as JSON takes them; the keys "format", "version" and "arrays" are taken.
    arrays : mapping of name to ndarray
        Of float32, float64, int64 or uint8.

    Raises
    ------
    ArgumentError
        If it could not be read back: too long a description, a name with "/", another dtype.
    """
    little = {name: np.asarray(array, np.asarray(array).dtype.newbyteorder("<")) for name, array in arrays.items()}
    table = {name: {"dtype": array.dtype.str, "shape": list(array.shape), "sha256": _digest(array)} for name, array in little.items()}
    try:
        text = json.dumps({**content, "format": form, "version": version, "arrays": table}, sort_keys=True, allow_nan=False).encode()
        parsed = _parsed(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise ArgumentError(f"a {form} must be plain values that JSON can hold, got {error}: change these settings") from error
    if len(text) > MOST_TEXT or not _is_table(parsed["arrays"]):
        raise ArgumentError(
            f"a {form} may have a description of {MOST_TEXT:,} bytes and {MOST_ARRAYS:,} arrays of {', '.join(DTYPES)} with plain "
            f"names, got {len(text):,} bytes and {', '.join(f'{name} ({array.dtype.str})' for name, array in list(little.items())[:5])}, "
            "...: make fewer or smaller parts, or rename them"
        )
    own = {"description": np.frombuffer(text, np.uint8), "sha256": np.frombuffer(hashlib.sha256(text).digest(), np.uint8)}
    return {**own, **little}


def read(path: FilePath, form: str, version: int, *, limit: int | Limits = Limits.size) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return what `seal` was given: the content and the arrays.

    Raises
    ------
    MissingDataError, DataError
        If there is no such file, or it is not of that kind and version, or not as it was written, to the last bit.
    """
    file = HDF5File(path, limit=limit)
    own = file.read({"description": Field(("n",), "u", itemsize=1, most=MOST_TEXT), "sha256": Field((32,), "u", itemsize=1)})
    text = own["description"].tobytes()
    if own["sha256"].tobytes() != hashlib.sha256(text).digest():
        raise _changed(path, "description")
    try:
        content = _parsed(text)
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"must be JSON, found {error}: it was changed or damaged, restore a copy") from None
    if content.get("format") != form:
        raise damaged(path, f"must describe a {form}, found {repr(content.get('format'))[:40]}: is it the right file?")
    if content.get("version") != version:
        raise damaged(
            path, f"must be of version {version}, found {repr(content.get('version'))[:40]}: another version of minidl may read it"
        )
    table = content.pop("arrays", None)
    if not _is_table(table):
        raise damaged(path, "must list its arrays with dtype, shape and SHA-256, found that damaged: restore a copy")
    kinds = {name: np.dtype(row["dtype"]) for name, row in table.items()}
    schema = {
        name: Field(tuple(row["shape"]), kinds[name].kind, itemsize=kinds[name].itemsize, finite=False) for name, row in table.items()
    }
    arrays = file.read(schema)
    for name, row in table.items():
        if arrays[name].dtype != kinds[name] or _digest(arrays[name]) != row["sha256"]:
            raise _changed(path, name)
    return {name: value for name, value in content.items() if name not in ("format", "version")}, arrays


def damaged(path: FilePath, what: str) -> DataError:
    """Return the error for a description that is not as it must be; `what` is the rule, what was found, and the cure."""
    return DataError(f"{path}, key 'description': {what}")


def _changed(path: FilePath, key: str) -> DataError:
    return DataError(f"{path}, key {key!r}: must have the SHA-256 that was written with it, found another: it was changed, restore a copy")


def _digest(array: Array) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


def _is_table(table: Any) -> bool:
    """Return whether the list of arrays has the right form, and asks for no more than a file may have."""
    return isinstance(table, dict) and len(table) <= MOST_ARRAYS and all(_is_name(name) and _is_row(row) for name, row in table.items())


def _is_name(name: str) -> bool:
    return name.isprintable() and len(name) <= _LONGEST_NAME and "/" not in name and name not in ("", ".", "..", *_OWN)


def _is_row(row: Any) -> bool:
    if not isinstance(row, dict) or row.get("dtype") not in DTYPES or not isinstance(row.get("sha256"), str):
        return False
    shape = row.get("shape")
    return isinstance(shape, list) and len(shape) <= _MOST_DIMENSIONS and all(type(n) is int and n >= 0 for n in shape)


def _parsed(text: bytes) -> dict[str, Any]:
    """Parse a JSON object that has each key once and no number that is not finite or has more than 20 digits."""
    content = json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_refused, parse_float=_finite, parse_int=_short)
    if not isinstance(content, dict):
        raise ValueError(f"no object, but a {type(content).__name__}")
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key twice in one object")
    return content


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name}, which is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _refused(text[:40])
    return value


def _short(text: str) -> int:
    if len(text) > 20:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)
