"""A checksummed HDF5 file with a JSON description and named arrays.

Version 2 of the format is written; version 1, whose arrays have no roles, is read as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..data.hdf5_reader import HDF5File
from ..data.hdf5_schema import Field, Limits
from ..errors import ArgumentError, DataError
from ..utils.atomic_files import FilePath
from ..utils.typing import Array
from .strict_json import matches_schema, parse_strict_json

FORMAT = "minidl model"
VERSION = 2
MAX_ARRAYS = 10_000
MAX_NAME_LENGTH = 255
MAX_DESCRIPTION_BYTES = 4 * 2**20  # parsed, it can take twenty times as much memory
MAX_DIMENSIONS = 32  # of an HDF5 dataset; NumPy has 64
DTYPES = ("<f4", "<f8", "<i8", "|u1")
_RESERVED_NAMES = ("", ".", "..", "description", "sha256")


class StoredArrays(NamedTuple):
    """The arrays of a file by role, each by its name.

    Parameters
    ----------
    parameters, buffers : mapping of str to ndarray
        Those of the model, by their paths, such as "2.body.0.weight".
    training : mapping of str to ndarray
        Those of the state of a training.
    """

    parameters: Mapping[str, Array] = {}
    buffers: Mapping[str, Array] = {}
    training: Mapping[str, Array] = {}

    def by_role(self) -> dict[str, Mapping[str, Array]]:
        """Return the arrays by the names of the roles in a file."""
        return dict(zip(ROLES, self, strict=True))


ROLES = ("parameter", "buffer", "training")


class StoredFile(NamedTuple):
    """What a file contains.

    Parameters
    ----------
    version : int
        The version of the format; in version 1 all arrays are listed as parameters.
    content : dict
        What the description contains besides the format and the list of arrays.
    arrays : StoredArrays
        The arrays.
    """

    version: int
    content: dict[str, Any]
    arrays: StoredArrays


def pack_with_checksums(content: Mapping[str, Any], arrays: StoredArrays) -> dict[str, Array]:
    """Return the HDF5 datasets of a file.

    Parameters
    ----------
    content : mapping of str to JSON-compatible values
        What the description contains besides the format and the list of arrays.
    arrays : StoredArrays
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
    little_endian = {}
    table = {}
    for role, arrays_of_role in arrays.by_role().items():
        for name, value in arrays_of_role.items():
            array = np.asarray(value, np.asarray(value).dtype.newbyteorder("<"))
            little_endian[name] = array
            table[name] = {
                "dtype": array.dtype.str,
                "role": role,
                "sha256": sha256_of(array),
                "shape": list(array.shape),
            }
    try:
        text = json.dumps(
            {**content, "format": FORMAT, "version": VERSION, "arrays": table},
            sort_keys=True,
            allow_nan=False,
        ).encode()
        parsed = parse_strict_json(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise ArgumentError(
            f"a saved model must consist of values that JSON can store, got {error}: "
            "use numbers, strings and lists"
        ) from error
    if len(text) > MAX_DESCRIPTION_BYTES or not is_array_table(parsed["arrays"], VERSION):
        refused = [name for name in table if not is_array_table({name: table[name]}, VERSION)]
        shown = [f"{name[:40]!r} ({table[name]['dtype']})" for name in [*(refused or table)][:5]]
        raise ArgumentError(
            f"a saved model may have a description of {MAX_DESCRIPTION_BYTES:,} bytes and "
            f"{MAX_ARRAYS:,} arrays of dtype {', '.join(DTYPES)} with at most {MAX_DIMENSIONS} "
            f"dimensions and plain names of at most {MAX_NAME_LENGTH} letters, "
            f"got {len(text):,} bytes and {len(table):,} arrays, such as {', '.join(shown)}: "
            "make it smaller, or rename the parameters"
        )
    return {
        "description": np.frombuffer(text, np.uint8),
        "sha256": np.frombuffer(hashlib.sha256(text).digest(), np.uint8),
        **little_endian,
    }


def read_verified(
    path: FilePath, limit: int | Limits = Limits.max_bytes, *, limit_name: str = "limit"
) -> StoredFile:
    """Read a file, and return its content and arrays once their checksums are verified.

    The checksum of the description is verified before it is parsed, and the checksum of each array
    before it is returned.

    Parameters
    ----------
    path : path-like
        The file.
    limit : int or Limits, default 256 MiB
        The largest allowed number of bytes of the file, and of its arrays together.
    limit_name : str, default "limit"
        The argument by which the user raises it, for the message.

    Returns
    -------
    StoredFile
        Version, content and arrays.

    Raises
    ------
    MissingDataError
        If the file does not exist.
    DataError
        If the file is not a model of minidl, is of a newer version of the format, or was changed
        after it was written.
    """
    file = HDF5File(path, limit=limit, limit_name=limit_name)
    content = _read_description(file)
    version = _check_format(path, content.pop("format", None), content.pop("version", None))
    table = content.pop("arrays", None)
    if not is_array_table(table, version):
        details = "dtype, shape and SHA-256" if version == 1 else "dtype, role, shape and SHA-256"
        raise damaged_error(path, f"must list its arrays with {details}")
    schema = {
        name: Field(
            tuple(entry["shape"]), entry["dtype"][1], itemsize=int(entry["dtype"][2]), finite=False
        )
        for name, entry in table.items()
    }
    arrays = file.read(schema)
    by_role: dict[str, dict[str, Array]] = {role: {} for role in ROLES}
    for name, entry in table.items():
        array = arrays[name]
        if array.dtype.str != entry["dtype"] or sha256_of(array) != entry["sha256"]:
            raise _checksum_error(path, name)
        by_role[entry.get("role", ROLES[0])][name] = array
    return StoredFile(version, content, StoredArrays(*by_role.values()))


def _check_format(path: FilePath, file_format: Any, version: Any) -> int:
    """Return the version of a file, if this program can read it."""
    if file_format != FORMAT:
        raise DataError(
            f"{path}: must have the format {FORMAT!r}, found {repr(file_format)[:40]}: "
            "is it the right file?"
        )
    if type(version) is int and 1 <= version <= VERSION:
        return version
    cure = "restore a copy"
    if type(version) is int and version > VERSION:
        cure = "it was made by a newer minidl, install that"
    raise DataError(
        f"{path}: must have a version of the format from 1 to {VERSION}, "
        f"found {repr(version)[:40]}: {cure}"
    )


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


def is_array_table(table: Any, version: int) -> bool:
    """Return whether `table` lists arrays as that version of the format does.

    The reader checks the shapes against the arrays.
    """
    entry: dict[str, Any] = {"dtype": DTYPES, "shape": [int], "sha256": str}
    if version > 1:
        entry["role"] = ROLES
    return (
        isinstance(table, dict)
        and len(table) <= MAX_ARRAYS
        and all(map(_is_plain_name, table))
        and matches_schema(list(table.values()), [entry])
        and all(len(entry["shape"]) <= MAX_DIMENSIONS for entry in table.values())
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
