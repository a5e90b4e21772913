"""HDF5 files: the only reader of those from outside, which reads what a schema asks for and nothing else; and the writer.

A file may be wrong by accident or on purpose, so everything is checked on the description of the data, before a byte of them is read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Array
from ..errors import DataError
from ..files import FilePath, make_folder, read_whole, write_whole
from .hdf5_rules import Broken, Field, Limits, check_description, check_header, check_signature, check_values, misfit, unpacked_size

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
        If the file breaks any rule.
    """
    file = HDF5File(path, limit=limit)
    return Contents(file.read(schema), file.sha256)


class HDF5File:
    """An HDF5 file from outside, held in memory, so that several reads are of one file; their arrays count together."""

    def __init__(self, path: FilePath, *, limit: int | Limits = Limits.size) -> None:
        self.path = path
        self.limits = limit if isinstance(limit, Limits) else Limits(size=limit)
        self._content = read_whole(path, self.limits.size, "a data file")
        check_signature(path, self._content, len(self._content))
        self._unpacked = 0

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file, 64 hexadecimal digits."""
        return hashlib.sha256(self._content).hexdigest()

    def read(self, schema: Schema) -> dict[str, Array]:
        """Return the arrays that `schema` asks for; raise `DataError` where one is not as it demands."""
        import h5py

        found: dict[str, Any] = {}
        arrays: dict[str, Array] = {}
        lengths: dict[int | str, tuple[str, int]] = {}  # of each letter: where it was first, and what it stands for
        with self._told(), h5py.File(BytesIO(self._content), "r") as file:
            with self._told("/"):
                check_header(file, self.limits)
            for key, field in schema.items():
                with self._told(key):
                    data = found[key] = _data_set(file, key)
                    check_description(data, field, self.limits)
                    for letter, size in zip(field.shape, data.shape, strict=True):
                        first, length = lengths.setdefault(letter, (key, size))
                        if size != length:
                            raise Broken(f"it is as long as {first} ({length})", f"length {size}", "give one label per example")
            self._check_total(sum(map(unpacked_size, found.values())))
            for key, data in found.items():
                with self._told(key):
                    if data.chunks and (wrong := misfit(data, self._content)):
                        raise Broken("each chunk has its full size, unpacked", wrong, "fetch the file again")
                    arrays[key] = np.asarray(data[()])
                    check_values(arrays[key], schema[key], lengths)
        return arrays

    def _check_total(self, size: int) -> None:
        self._unpacked += size
        most = min(self.limits.size, _SLACK + int(self.limits.ratio * len(self._content)))
        if self._unpacked > most:
            raise DataError(
                f"{self.path}: the arrays may have {most:,} bytes in a file of {len(self._content):,}, found {self._unpacked:,}: "
                "pass a larger limit if you trust the file"
            )

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


def _data_set(file: Any, key: str) -> Any:
    """Return the data set under `key` without following any link that leads elsewhere."""
    from h5py import Dataset, h5l

    if not key.isprintable() or "/" in key or key in ("", ".", ".."):  # a path could lead through a link
        raise Broken("the key is a plain name", "no such name", "rename the data set")
    name, links = key.encode(), file.id.links
    if not links.exists(name):  # unlike `key in file`, also true for a link that leads nowhere
        raise Broken("the key is in the file", f"only {_names(links)}", "is it the right file, or has the data set another name?")
    if (kind := links.get_info(name).type) != h5l.TYPE_HARD:
        what = {h5l.TYPE_SOFT: "a SoftLink", h5l.TYPE_EXTERNAL: "an ExternalLink"}.get(kind, f"a link of type {kind}")
        raise Broken("the data lie in this file", what, "copy the data into one file")
    found = file[key]
    if not isinstance(found, Dataset):
        raise Broken("the key is a data set", f"a {type(found).__name__}", "save the array itself under this key")
    return found


def _names(links: Any) -> str:
    """Return the first keys for a message, none at length: there may be millions, or one of a million letters."""
    names: list[str] = []

    def collect(name: bytes) -> bool | None:
        text = name[:40].decode("utf-8", "replace")
        names.append(text if len(name) <= 40 and text.isprintable() else f"{ascii(text)[1:-1]}...")
        return len(names) > 5 or None  # True: enough

    links.iterate(collect)
    return ", ".join(names[:5] + ["..."] * (len(names) > 5)) or "nothing"


def write_hdf5(contents: Mapping[Path, Mapping[str, Array]], *, replace: bool = False) -> list[Path]:
    """Write one HDF5 file per path, with one data set per key, each whole or not at all, and return the paths.

    Parameters
    ----------
    contents : mapping of path to mapping of key to ndarray
        Missing folders are created.
    replace : bool, default False
        Whether a file that is there is replaced, once the new one is whole.

    Raises
    ------
    DataError
        If anything lies at one of the paths already and `replace` is false (then nothing is written), or a folder cannot be written.
    """
    for path in contents:
        if os.path.lexists(path) and not replace:
            raise DataError(f"{path}: a new file must not replace another, found one of that name: move it away or choose another folder")
    for path, arrays in contents.items():
        make_folder(path.parent)
        write_whole(path, hdf5_bytes(arrays))
    return list(contents)


def hdf5_bytes(arrays: Mapping[str, Array]) -> bytes:
    """Return the HDF5 file with one data set per key."""
    import h5py

    memory = BytesIO()
    with h5py.File(memory, "w") as file:
        for key, array in arrays.items():
            file.create_dataset(key, data=array)
    return memory.getvalue()
