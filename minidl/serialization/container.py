"""A checksummed HDF5 file with a JSON description and named arrays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..data.hdf5_reader import HDF5File
from ..data.hdf5_schema import Field, Limits
from ..errors import ArgumentError, DataError
from ..utils.atomic_files import FilePath
from ..utils.typing import Array
from .strict_json import matches_schema, parse_strict_json

FORMAT = {"format": "minidl model", "version": 1}
MAX_ARRAYS = 10_000
MAX_NAME_LENGTH = 255
MAX_DESCRIPTION_BYTES = 4 * 2**20  # parsed, it can take twenty times as much memory
DTYPES = ("<f4", "<f8", "<i8", "|u1")
_RESERVED_NAMES = ("", ".", "..", "description", "sha256")


def pack_with_checksums(
    content: Mapping[str, Any], arrays: Mapping[str, Array]
) -> dict[str, Array]:
    """Return the HDF5 datasets of a file.

    Parameters
    ----------
    content : mapping of str to JSON-compatible values
        What the description contains besides the format and the list of arrays.
    arrays : mapping of str to ndarray
        Arrays of float32, float64, int64 or uint8; they are stored in little-endian byte order.

    Returns
    -------
    dict of str to ndarray
        "description", its "sha256", and the arrays.

    Raises
    ------
    ArgumentError
        If `read_verified` would refuse the file.
    """
    little_endian = {
        name: np.asarray(array, np.asarray(array).dtype.newbyteorder("<"))
        for name, array in arrays.items()
    }
    table = {
        name: {"dtype": array.dtype.str, "shape": list(array.shape), "sha256": sha256_of(array)}
        for name, array in little_endian.items()
    }
    try:
        text = json.dumps(
            {**content, **FORMAT, "arrays": table}, sort_keys=True, allow_nan=False
        ).encode()
        parsed = parse_strict_json(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise ArgumentError(
            f"a saved model must consist of values that JSON can store, got {error}: "
            "use numbers, strings and lists"
        ) from error
    if len(text) > MAX_DESCRIPTION_BYTES or not is_array_table(parsed["arrays"]):
        first_arrays = list(little_endian.items())[:5]
        listing = ", ".join(f"{name} ({array.dtype.str})" for name, array in first_arrays)
        raise ArgumentError(
            f"a saved model may have a description of {MAX_DESCRIPTION_BYTES:,} bytes and "
            f"{MAX_ARRAYS:,} arrays of dtype {', '.join(DTYPES)} with plain names, "
            f"got {len(text):,} bytes and the arrays {listing}, ...: make it smaller, "
            "or rename the parameters"
        )
    return {
        "description": np.frombuffer(text, np.uint8),
        "sha256": np.frombuffer(hashlib.sha256(text).digest(), np.uint8),
        **little_endian,
    }


def read_verified(
    path: FilePath, limit: int | Limits = Limits.max_bytes
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read a file, and return its content and arrays once their checksums are verified.

    The checksum of the description is verified before it is parsed, and the checksum of each array
    before it is returned.

    Parameters
    ----------
    path : path-like
        The file.
    limit : int or Limits, default 256 MiB
        The largest allowed number of bytes of the file, and of its arrays together.

    Returns
    -------
    content : dict
        What the description contains besides the format and the list of arrays.
    arrays : dict of str to ndarray
        The arrays by name.

    Raises
    ------
    MissingDataError
        If the file does not exist.
    DataError
        If the file is not a model of minidl, or was changed after it was written.
    """
    file = HDF5File(path, limit=limit)
    content = _read_description(file)
    for key, expected in FORMAT.items():
        value = content.pop(key, None)
        if value != expected:
            raise DataError(
                f"{path}: must have the {key} {expected!r}, found {repr(value)[:40]}: "
                "is it the right file, or from another version of minidl?"
            )
    table = content.pop("arrays", None)
    if not is_array_table(table):
        raise damaged_error(path, "must list its arrays with dtype, shape and SHA-256")
    schema = {
        name: Field(
            tuple(entry["shape"]), entry["dtype"][1], itemsize=int(entry["dtype"][2]), finite=False
        )
        for name, entry in table.items()
    }
    arrays = file.read(schema)
    for name, entry in table.items():
        array = arrays[name]
        if array.dtype.str != entry["dtype"] or sha256_of(array) != entry["sha256"]:
            raise _checksum_error(path, name)
    return content, arrays


def _read_description(file: HDF5File) -> dict[str, Any]:
    arrays = file.read(
        {
            "description": Field(("n",), "u", itemsize=1, max_elements=MAX_DESCRIPTION_BYTES),
            "sha256": Field((32,), "u", itemsize=1),
        }
    )
    text = arrays["description"].tobytes()
    if arrays["sha256"].tobytes() != hashlib.sha256(text).digest():
        raise _checksum_error(file.path, "description")
    try:
        return parse_strict_json(text)
    except (ValueError, RecursionError) as error:
        raise damaged_error(file.path, f"must be JSON, found {error}") from None


def is_array_table(table: Any) -> bool:
    """Return whether `table` lists arrays with dtype, shape and checksum.

    The reader checks the shapes against the arrays.
    """
    entry = {"dtype": DTYPES, "shape": [int], "sha256": str}
    return (
        isinstance(table, dict)
        and len(table) <= MAX_ARRAYS
        and all(map(_is_plain_name, table))
        and matches_schema(list(table.values()), [entry])
    )


def _is_plain_name(name: str) -> bool:
    return (
        name.isprintable()
        and len(name) <= MAX_NAME_LENGTH
        and "/" not in name
        and name not in _RESERVED_NAMES
    )


def sha256_of(array: Array) -> str:
    """Return the SHA-256 of the bytes of an array, in hexadecimal digits."""
    return hashlib.sha256(array.tobytes()).hexdigest()


def damaged_error(path: FilePath, problem: str, key: str = "description") -> DataError:
    """Return the error for a file that was changed after it was written."""
    return DataError(f"{path}, key {key!r}: {problem}: it was changed or damaged, restore a copy")


def _checksum_error(path: FilePath, key: str) -> DataError:
    return damaged_error(path, "must have the SHA-256 that was written with it, found another", key)
