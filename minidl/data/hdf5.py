"""The writer of HDF5 files, and the only reader of those from outside: it trusts none, and reads what a schema asks for."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError
from ..utils.atomic_files import FilePath, atomic_write, make_folder, read_bounded
from ..utils.typing import Array
from .hdf5_rules import (
    SLACK,
    Broken,
    Limits,
    Schema,
    check_description,
    check_header,
    check_signature,
    check_values,
    chunk_sizes,
    data_set,
    misfit,
)


class Contents(NamedTuple):
    """The arrays of a file by key, and the SHA-256 of its very bytes in hexadecimal digits."""

    arrays: dict[str, Array]
    sha256: str


def read_hdf5(path: FilePath, schema: Schema, *, limit: int | Limits = Limits.size) -> Contents:
    """Read the keys of `schema` from an HDF5 file; return `.arrays` by key and its `.sha256`.

    Parameters
    ----------
    path : path
    schema : mapping of key to Field
        Keys are plain names at the top of the file; nothing else in it is touched.
    limit : int or Limits
        The most bytes of the file, and of its arrays together.

    Raises
    ------
    MissingDataError, DataError
        If there is no such file, or it breaks a rule.
    """
    file = HDF5File(path, limit=limit)
    return Contents(file.read(schema), hashlib.sha256(file.content).hexdigest())


class HDF5File:
    """An HDF5 file in memory: all reads are of the same bytes, and the limits hold for them together."""

    def __init__(self, path: FilePath, *, limit: int | Limits = Limits.size) -> None:
        self.path = path
        self.limits = limit if isinstance(limit, Limits) else Limits(size=limit)
        self.content = read_bounded(path, self.limits.size, "a data file")
        check_signature(path, self.content, len(self.content))
        self._unpacked = 0

    def read(self, schema: Schema) -> dict[str, Array]:
        """Return the arrays that `schema` asks for; raise `DataError` where one is not so."""
        import h5py

        key = "/"
        found: dict[str, Any] = {}
        arrays: dict[str, Array] = {}
        lengths: dict[int | str, tuple[str, int]] = {}  # of each letter, and where it was first
        try:
            with h5py.File(BytesIO(self.content), "r") as file:
                check_header(file, self.limits)
                for key, field in schema.items():
                    data = found[key] = data_set(file, key)
                    check_description(data, field, self.limits)
                    for letter, size in zip(field.shape, data.shape, strict=True):
                        first, length = lengths.setdefault(letter, (key, size))
                        if size != length:
                            raise Broken(
                                f"it is as long as {first} ({length}), found length {size}: give one label per example"
                            )
                self._count(sum(math.prod(chunk_sizes(data)) for data in found.values()))
                for key, data in found.items():
                    if data.chunks and (wrong := misfit(data, self.content)):
                        raise Broken(
                            f"each chunk has its full size, unpacked, found {wrong}: fetch the file again"
                        )
                    arrays[key] = np.asarray(data[()])
                    check_values(arrays[key], schema[key], lengths)
        except DataError:
            raise
        except Broken as broken:
            raise DataError(f"{self.path}, key {key[:80]!r}: must be such that {broken}") from None
        except Exception as error:  # a damaged file makes h5py raise nearly anything
            what = f"must be whole, found it truncated or damaged ({error}): fetch it again"
            if isinstance(error, MemoryError):
                what = "must fit into memory, found too little: take a part"
            raise DataError(f"{self.path}, key {key[:80]!r}: {what}") from error
        return arrays

    def _count(self, size: int) -> None:
        self._unpacked += size
        most = min(self.limits.size, SLACK + int(self.limits.ratio * len(self.content)))
        if self._unpacked > most:
            what = f"the arrays may have {most:,} bytes in a file of {len(self.content):,}, found {self._unpacked:,}"
            raise DataError(f"{self.path}: {what}: pass a larger limit if you trust the file")


def write_hdf5(
    contents: Mapping[Path, Mapping[str, Array]], *, replace: bool = False
) -> list[Path]:
    """Write one HDF5 file per path, with one data set per key, each whole or not at all, and return the paths.

    Raises
    ------
    DataError
        If anything lies at one of the paths and `replace` is false (then nothing is written), or a folder cannot be made or written.
    """
    for path in contents:
        if os.path.lexists(path) and not replace:
            raise DataError(
                f"{path}: a new file must not replace another, found one of that name: move it away"
            )
    for path, arrays in contents.items():
        make_folder(path.parent)
        atomic_write(path, hdf5_bytes(arrays))
    return list(contents)


def hdf5_bytes(arrays: Mapping[str, Array]) -> bytes:
    """Return the HDF5 file with one data set per key."""
    import h5py

    memory = BytesIO()
    with h5py.File(memory, "w") as file:
        for key, array in arrays.items():
            file.create_dataset(key, data=array)
    return memory.getvalue()
