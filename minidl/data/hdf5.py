"""The only reader of HDF5 files from outside: it reads what a schema asks for, and nothing else.

A file may be wrong by accident or on purpose. HDF5 can point to other files, load plug-ins, and claim a size of terabytes; so
everything is checked on the description of the data, before a byte of them is read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, NamedTuple

from ..arrays import Array
from ..errors import DataError
from .sniff import read_bytes

LIMIT = 256 * 2**20
_FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 32000: "lzf"}  # each is built into h5py: no plug-in is ever loaded


@dataclass(frozen=True)
class Field:
    """What must lie under one key.

    Parameters
    ----------
    shape : tuple of int or str
        A number is exact. A letter stands for any length >= 1, the same wherever the letter occurs in the schema.
    kinds : str
        The allowed `numpy.dtype.kind`s, such as "iu" for whole numbers or "S" for bytes.
    itemsize : int, optional
        The exact number of bytes of an element; None for any up to 64.
    below : str, optional
        The values must lie in 0..n-1, where n is what this letter of the shapes stands for.
    """

    shape: tuple[int | str, ...]
    kinds: str
    itemsize: int | None = None
    below: str | None = None


Schema = Mapping[str, Field]


class Contents(NamedTuple):
    """The arrays of a file by key, and the SHA-256 of the very bytes that they were read from."""

    arrays: dict[str, Array]
    sha256: str


class _Rule(NamedTuple):
    """One demand on an HDF5 data set, checked on its description."""

    holds: Callable[[Any, Field], bool]
    demand: Callable[[Field], str]
    found: Callable[[Any], object]
    cure: str


_RULES = (
    _Rule(
        lambda d, f: not d.external,
        lambda f: "the data lie in this file",
        lambda d: "external storage in other files",
        "copy them into one file",
    ),
    _Rule(
        lambda d, f: not d.is_virtual, lambda f: "the data lie in this file", lambda d: "a virtual data set", "copy the data into one file"
    ),
    _Rule(
        lambda d, f: d.dtype.kind in f.kinds and d.dtype.itemsize <= 64 and f.itemsize in (None, d.dtype.itemsize),
        lambda f: f"the dtype kind is one of {', '.join(f.kinds)}" + f" with {f.itemsize or 'at most 64'} byte(s)",
        lambda d: f"dtype {d.dtype}",
        "convert the array before saving it",
    ),
    _Rule(
        lambda d, f: _fits(d.shape, f),
        lambda f: f"the shape is {_text(f.shape)}",
        lambda d: _text(d.shape),
        "reshape the array before saving it",
    ),
    _Rule(
        lambda d, f: set(_filters(d)) <= set(_FILTERS),
        lambda f: f"the only filters are {', '.join(_FILTERS.values())}",
        lambda d: f"filter number(s) {', '.join(str(n) for n in _filters(d) if n not in _FILTERS)}",
        "save it again with compression='gzip'",
    ),
    _Rule(
        lambda d, f: d.id.get_storage_size() >= (1 if d.chunks else d.nbytes),
        lambda f: "the data have been written",
        lambda d: f"{d.id.get_storage_size():,} of {d.nbytes:,} bytes",
        "fetch or save the file again",
    ),
)


def read_hdf5(path: str | os.PathLike[str], schema: Schema, *, limit: int = LIMIT) -> Contents:
    """Read the keys of `schema` from the HDF5 file at `path`.

    Parameters
    ----------
    path : path
    schema : mapping of key to Field
        Keys are plain names at the top of the file; whatever else lies in the file is never touched.
    limit : int
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
    import h5py

    content = read_bytes(path, limit)
    try:
        with h5py.File(BytesIO(content), "r") as file:
            found = {key: _dataset(file, path, key) for key in schema}
            _check(found, path, schema, limit)
            arrays = {key: found[key][()] for key in schema}
    except DataError:
        raise
    except Exception as error:  # a damaged file makes h5py raise nearly anything
        raise DataError(f"{path}: must be a whole HDF5 file, found it truncated or damaged ({error}): fetch it again") from error
    lengths = {letter: size for key, field in schema.items() for letter, size in zip(field.shape, arrays[key].shape, strict=True)}
    for key, field in schema.items():
        if field.below is not None and not ((arrays[key] >= 0) & (arrays[key] < lengths[field.below])).all():
            span = f"{arrays[key].min()}..{arrays[key].max()}"
            raise _refusal(path, key, f"the values lie in 0..{lengths[field.below] - 1}", span, "number the classes from 0")
    return Contents(arrays, hashlib.sha256(content).hexdigest())


def _dataset(file: Any, path: str | os.PathLike[str], key: str) -> Any:
    """Return the data set under `key` without following any link that leads elsewhere."""
    import h5py

    if not file.id.links.exists(key.encode()):  # unlike `key in file`, also true for a link that leads nowhere
        raise _refusal(path, key, "the key is in the file", f"only {', '.join(sorted(file)) or 'nothing'}", "rename the data set")
    link = file.get(key, getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise _refusal(path, key, "the data lie in this file", f"a {type(link).__name__}", "copy the data into one file")
    found = file[key]
    if not isinstance(found, h5py.Dataset):
        raise _refusal(path, key, "the key is a data set", f"a {type(found).__name__}", "save the array itself under this key")
    return found


def _check(found: Mapping[str, Any], path: str | os.PathLike[str], schema: Schema, limit: int) -> None:
    lengths: dict[int | str, tuple[str, int]] = {}
    for key, field in schema.items():
        for rule in _RULES:
            if not rule.holds(found[key], field):
                raise _refusal(path, key, rule.demand(field), rule.found(found[key]), rule.cure)
        for letter, size in zip(field.shape, found[key].shape, strict=True):
            other, length = lengths.setdefault(letter, (key, size))
            if length != size:
                raise _refusal(path, key, f"it is as long as {other} ({length})", f"length {size}", "give one label per example")
    total = sum(data.nbytes for data in found.values())
    if total > limit:
        raise DataError(f"{path}: the arrays may have {limit:,} bytes, found {total:,}: pass a larger limit if you trust the file")


def _fits(shape: tuple[int, ...] | None, field: Field) -> bool:
    return (
        shape is not None
        and len(shape) == len(field.shape)
        and all(size == want if isinstance(want, int) else size >= 1 for size, want in zip(shape, field.shape, strict=True))
    )


def _filters(data: Any) -> list[int]:
    settings = data.id.get_create_plist()
    return [settings.get_filter(i)[0] for i in range(settings.get_nfilters())]


def _text(shape: tuple[int | str, ...] | None) -> str:
    return "no shape" if shape is None else f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _refusal(path: str | os.PathLike[str], key: str, demand: str, found: object, cure: str) -> DataError:
    return DataError(f"{path}, key {key!r}: must be such that {demand}, found {found}: {cure}")
