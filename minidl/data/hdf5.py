"""The only reader of HDF5 files from outside: it reads what a schema asks for, and nothing else.

A file may be wrong by accident or on purpose. HDF5 can point to other files, load plug-ins, and claim a size of terabytes; so
everything is checked on the description of the data, before a byte of them is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Array
from ..errors import DataError
from ..files import FilePath
from .hdf5_chunks import misfit
from .hdf5_rules import Broken, Field, Limits, check_description, check_header, check_values, unpacked_size
from .sniff import read_bytes

_SLACK = 2**20  # bytes that may be packed as tightly as gzip can: a file of zeros for a few labels is no bomb

Schema = Mapping[str, Field]


class Contents(NamedTuple):
    """The arrays of a file by key, and the SHA-256 of the very bytes that they were read from."""

    arrays: dict[str, Array]
    sha256: str


def read_hdf5(path: FilePath, schema: Schema, *, limit: int | Limits = Limits.size) -> Contents:
    """Read the keys of `schema` from the HDF5 file at `path`.

    Parameters
    ----------
    path : path
    schema : mapping of key to Field
        Keys are plain names at the top of the file; whatever else lies in the file is never touched.
    limit : int or Limits
        The most bytes that the file, and all its arrays together, may have.

    Returns
    -------
    Contents
        `.arrays` by key and `.sha256`, 64 hexadecimal digits.

    Raises
    ------
    MissingDataError
        If there is no such file.
    DataError
        If the file breaks any rule; the message names the file, the key, the rule, what was found, and the cure.
    """
    file = HDF5File(path, limit=limit)
    return Contents(file.read(schema), file.sha256)


class HDF5File:
    """An HDF5 file from outside, held in memory: what is read in two steps is of one file, whatever happens on the disk meanwhile.

    Parameters
    ----------
    path : path
    limit : int or Limits
        The arrays of all reads count together.
    """

    def __init__(self, path: FilePath, *, limit: int | Limits = Limits.size) -> None:
        self.path = path
        self.limits = limit if isinstance(limit, Limits) else Limits(size=limit)
        self._content = read_bytes(path, self.limits.size)
        self._unpacked = 0

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the file, 64 hexadecimal digits."""
        return hashlib.sha256(self._content).hexdigest()

    def read(self, schema: Schema) -> dict[str, Array]:
        """Return the arrays that `schema` asks for; raise `DataError` where one is not as it demands."""
        import h5py

        with self._told(), h5py.File(BytesIO(self._content), "r") as file:
            with self._told("/"):
                check_header(file, self.limits)
            found = {key: self._open(file, key, field) for key, field in schema.items()}
            lengths = self._lengths(found, schema)
            self._check_total(sum(unpacked_size(data) for data in found.values()))
            arrays = {key: self._values(key, data) for key, data in found.items()}
            for key, field in schema.items():
                with self._told(key):
                    check_values(arrays[key], field, lengths)
        return arrays

    def _open(self, file: Any, key: str, field: Field) -> Any:
        """Return the data set under `key`, if it is as it must be, without following any link that leads elsewhere."""
        from h5py import Dataset, h5l

        with self._told(key):
            if not key.isprintable() or "/" in key or key in ("", ".", ".."):  # a path could lead through a link
                raise Broken("the key is a plain name", "no such name", "rename the data set")
            name = key.encode()
            if not file.id.links.exists(name):  # unlike `key in file`, also true for a link that leads nowhere
                raise Broken("the key is in the file", f"only {_names(file)}", "is it the right file, or has the data set another name?")
            if (kind := file.id.links.get_info(name).type) != h5l.TYPE_HARD:
                what = {h5l.TYPE_SOFT: "a SoftLink", h5l.TYPE_EXTERNAL: "an ExternalLink"}.get(kind, f"a link of type {kind}")
                raise Broken("the data lie in this file", what, "copy the data into one file")
            found = file[key]
            if not isinstance(found, Dataset):
                raise Broken("the key is a data set", f"a {type(found).__name__}", "save the array itself under this key")
            check_description(found, field, self.limits)
            return found

    def _lengths(self, found: Mapping[str, Any], schema: Schema) -> dict[int | str, int]:
        """Return what each letter of the shapes stands for, once it is the same everywhere."""
        lengths: dict[int | str, tuple[str, int]] = {}
        for key, field in schema.items():
            for letter, size in zip(field.shape, found[key].shape, strict=True):
                other, length = lengths.setdefault(letter, (key, size))
                if length != size:
                    with self._told(key):
                        raise Broken(f"it is as long as {other} ({length})", f"length {size}", "give one label per example")
        return {letter: length for letter, (_, length) in lengths.items()}

    def _check_total(self, size: int) -> None:
        self._unpacked += size
        most = min(self.limits.size, _SLACK + int(self.limits.ratio * len(self._content)))
        if self._unpacked > most:
            raise DataError(
                f"{self.path}: the arrays may have {most:,} bytes in a file of {len(self._content):,}, found {self._unpacked:,}: "
                "pass a larger limit if you trust the file"
            )

    def _values(self, key: str, data: Any) -> Array:
        with self._told(key):
            if data.chunks and (wrong := misfit(data, self._content)):
                raise Broken("each chunk has its full size, unpacked", wrong, "fetch the file again")
            return np.asarray(data[()])

    @contextmanager
    def _told(self, key: str | None = None) -> Iterator[None]:
        """Turn whatever goes wrong into a `DataError` that names the file and the key."""
        where = f"{self.path}, key {key[:80]!r}" if key is not None else f"{self.path}"
        try:
            yield
        except DataError:
            raise
        except Broken as broken:
            demand, found, cure = broken.args
            raise DataError(f"{where}: must be such that {demand}, found {found}: {cure}") from None
        except MemoryError as error:
            raise DataError(f"{where}: must fit into memory, found too little of it: close other programs, or take a part") from error
        except Exception as error:  # a damaged file makes h5py raise nearly anything
            raise DataError(f"{where}: must be whole, found it truncated or damaged ({error}): fetch it again") from error


def _names(file: Any) -> str:
    """Return the first keys of a file for a message, none at length: there may be millions, or one of a million letters."""
    names: list[str] = []

    def collect(name: bytes) -> bool | None:
        text = name[:40].decode("utf-8", "replace")
        names.append(text if len(name) <= 40 and text.isprintable() else f"{ascii(text)[1:-1]}...")
        return True if len(names) == 6 else None  # True: enough

    file.id.links.iterate(collect)
    return ", ".join(names[:5] + ["..."] * (len(names) > 5)) or "nothing"
