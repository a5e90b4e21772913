"""A JSON description and named arrays in one HDF5 file, each under a SHA-256 checksum."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..data.hdf5_reader import HDF5File
from ..data.hdf5_schema import Field, Limits
from ..errors import ArgumentError, DataError
from ..utils.atomic_files import FilePath
from ..utils.typing import Array

FORMAT = {"format": "minidl model", "version": 1}
MAX_ARRAYS = 10_000


DTYPES = ("<f4", "<f8", "<i8", "|u1")


MAX_TEXT_BYTES = 4 * 2**20  # bytes of a description; parsed, it can take twenty times as many


def pack_with_checksums(
    content: Mapping[str, Any], arrays: Mapping[str, Array]
) -> dict[str, Array]:
    """Return the data sets of a file of plain values and arrays of float32, float64, int64 or uint8."""
    little = {
        name: np.asarray(array, np.asarray(array).dtype.newbyteorder("<"))
        for name, array in arrays.items()
    }
    table = {
        name: {"dtype": array.dtype.str, "shape": list(array.shape), "sha256": sha256_of(array)}
        for name, array in little.items()
    }
    try:
        text = json.dumps(
            {**content, **FORMAT, "arrays": table}, sort_keys=True, allow_nan=False
        ).encode()
        parsed = parse_strict_json(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise ArgumentError(
            f"a saved model must be plain values that JSON can hold, got {error}"
        ) from error
    if len(text) > MAX_TEXT_BYTES or not is_array_table(parsed["arrays"]):
        found = ", ".join(f"{name} ({array.dtype.str})" for name, array in list(little.items())[:5])
        raise ArgumentError(
            f"a saved model has up to {MAX_TEXT_BYTES:,} bytes of settings and {MAX_ARRAYS:,} arrays of {', '.join(DTYPES)} with plain names, "
            f"got {len(text):,} and {found}, ...: make fewer parts, or rename them"
        )
    own = {
        "description": np.frombuffer(text, np.uint8),
        "sha256": np.frombuffer(hashlib.sha256(text).digest(), np.uint8),
    }
    return {**own, **little}


def read_verified(
    path: FilePath,
    limit: int | Limits = Limits.max_bytes,
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return what `seal` was given; the description is known to be whole before it is parsed, each array before it is used."""
    file = HDF5File(path, limit=limit)
    own = file.read(
        {
            "description": Field(("n",), "u", itemsize=1, max_elements=MAX_TEXT_BYTES),
            "sha256": Field((32,), "u", itemsize=1),
        }
    )
    text = own["description"].tobytes()
    if own["sha256"].tobytes() != hashlib.sha256(text).digest():
        raise damaged_error(path, "must have the SHA-256 that was written with it, found another")
    try:
        content = parse_strict_json(text)
    except (ValueError, RecursionError) as error:
        raise damaged_error(path, f"must be JSON, found {error}") from None
    for key, due in FORMAT.items():
        if (found := content.pop(key, None)) != due:
            raise DataError(
                f"{path}: must have the {key} {due!r}, found {repr(found)[:40]}: is it the right file, or of another minidl?"
            )
    table = content.pop("arrays", None)
    if not is_array_table(table):
        raise damaged_error(path, "must list its arrays with dtype, shape and SHA-256")
    arrays = file.read(
        {
            name: Field(
                tuple(row["shape"]), row["dtype"][1], itemsize=int(row["dtype"][2]), finite=False
            )
            for name, row in table.items()
        }
    )
    for name, row in table.items():
        if arrays[name].dtype.str != row["dtype"] or sha256_of(arrays[name]) != row["sha256"]:
            raise damaged_error(
                path, "must have the SHA-256 that was written with it, found another", name
            )
    return content, arrays


def matches_schema(value: Any, form: Any) -> bool:
    """Return whether `value` has a form: a type, some texts, a list of the form of its elements, or a dict of those of all its keys."""
    if isinstance(form, dict):
        return (
            isinstance(value, dict)
            and value.keys() == form.keys()
            and all(matches_schema(value[key], form[key]) for key in form)
        )
    if isinstance(form, list):
        return isinstance(value, list) and all(matches_schema(held, form[0]) for held in value)
    return value in form if isinstance(form, tuple) else type(value) is form


def is_array_table(table: Any) -> bool:
    """Return True if `table` lists arrays with dtype, shape and checksum."""
    row = {"dtype": DTYPES, "shape": [int], "sha256": str}  # the reader refuses wrong shapes
    refused = ("", ".", "..", "description", "sha256")
    return (
        isinstance(table, dict)
        and len(table) <= MAX_ARRAYS
        and all(
            name.isprintable() and len(name) <= 255 and "/" not in name and name not in refused
            for name in table
        )
        and matches_schema([*table.values()], [row])
    )


def sha256_of(array: Array) -> str:
    """Return the SHA-256 of the bytes of an array."""
    return hashlib.sha256(array.tobytes()).hexdigest()


def damaged_error(path: FilePath, what: str, key: str = "description") -> DataError:
    """Return the error for a file that was changed after it was written."""
    return DataError(f"{path}, key {key!r}: {what}: it was changed or damaged, restore a copy")


def reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON, if it has each key once."""
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key twice in one object")
    return content


def parse_strict_json(text: bytes) -> dict[str, Any]:
    """Parse a JSON object that has each key once and no number that is not finite or has more than 20 digits."""
    content = json.loads(
        text.decode(),
        object_pairs_hook=reject_duplicate_keys,
        parse_constant=_finite,
        parse_float=_finite,
        parse_int=_short,
    )
    if not isinstance(content, dict):
        raise ValueError(f"no object, but a {type(content).__name__}")
    return content


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text[:40]}, which is no number")
    return value


def _short(text: str) -> int:
    if len(text) > 20:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)
