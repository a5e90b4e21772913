"""What a foreign HDF5 file may hold: rules that are asked before its bytes are read, and of what was read."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ..errors import DataError
from ..utils.atomic_files import FilePath
from ..utils.typing import Array

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_IMPOSTORS = {
    b"version https://git-lfs": "a Git-LFS pointer: run `git lfs pull` in its repository",
    b"<!doctype html": "a web page (HTML): download the raw file",
    b"<html": "a web page (HTML): download the raw file",
    b"pk\x03\x04": "a zip archive: unpack it first",
    b"\x1f\x8b": "a gzip file: unpack it with gunzip first",
}
SLACK = 2**20  # bytes: a few labels, packed as tightly as gzip can, are no bomb
_MOST_ITEM = 64  # bytes
_GZIP, _SHUFFLE, _FLETCHER32 = 1, 2, 3  # other filters can load plug-ins, or unpack to any size
_SUM = 4  # bytes of a fletcher32 check sum


@dataclass(frozen=True)
class Limits:
    """How much a file may ask for.

    Parameters
    ----------
    size : int
        The most bytes of the file, and of all its arrays together.
    ratio : float
        How many times larger than the file its arrays may be, beyond 1 MiB.
    header : int
        The most bytes of the description of a data set, with its attributes.
    chunks : int
        The most parts that an array may be stored in.
    """

    size: int = 256 * 2**20
    ratio: float = 100.0
    header: int = 64 * 2**10
    chunks: int = 2**16


@dataclass(frozen=True)
class Field:
    """What must lie under a key.

    Parameters
    ----------
    shape : tuple of int or str
        A letter stands for any length >= 1, the same wherever it occurs in the schema.
    kinds : str
        Those of `numpy.dtype.kind` that are allowed, of "iufS".
    itemsize : int, optional
        The bytes of an element, else at most 64.
    below : str, optional
        A letter: the values must lie in 0..n-1, where n is what it stands for.
    most : int, optional
        The most elements.
    finite : bool, default True
        Whether NaN and infinity are refused.
    """

    shape: tuple[int | str, ...]
    kinds: str
    itemsize: int | None = None
    below: str | None = None
    most: int | None = None
    finite: bool = True


Schema = Mapping[str, Field]


class Broken(Exception):
    """The rule that is broken, what was found, and the cure."""


def check_signature(name: FilePath, head: bytes, size: int) -> None:
    """Raise `DataError` unless the first bytes of a file of `size` bytes are those of HDF5."""
    if head.startswith(HDF5_SIGNATURE):
        return
    plain = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, what in _IMPOSTORS.items():
        if plain.startswith(start):
            raise DataError(f"{name}: a data file must be HDF5, found {size:,} bytes of {what}")
    found = repr(head[:8]) if head else "an empty file"
    raise DataError(
        f"{name}: a data file must begin with the HDF5 signature, found {found}: fetch it again"
    )


def data_set(file: Any, key: str) -> Any:
    """Return the data set under `key`, following no link that leads elsewhere."""
    from h5py import Dataset, h5l

    if (
        not key.isprintable() or "/" in key or key in ("", ".", "..")
    ):  # a path could lead through a link
        raise Broken("the key is a plain name, found no such name: rename the data set")
    name, links = key.encode(), file.id.links
    if not links.exists(name):  # `key in file` would follow it
        raise Broken(f"the key is in the file, found only {_names(links)}: is it the right file?")
    if (kind := links.get_info(name).type) != h5l.TYPE_HARD:
        what = {h5l.TYPE_SOFT: "a SoftLink", h5l.TYPE_EXTERNAL: "an ExternalLink"}.get(
            kind, f"a link of type {kind}"
        )
        raise Broken(f"the data lie in this file, found {what}: copy them into one file")
    found = file[key]
    if not isinstance(found, Dataset):
        raise Broken(
            f"the key is a data set, found a {type(found).__name__}: save the array itself"
        )
    return found


def _names(links: Any) -> str:
    """Return the first keys: there may be millions, or one of a million letters."""
    names: list[str] = []

    def collect(name: bytes) -> bool | None:
        names.append(repr(name[:40].decode("utf-8", "replace")))
        return len(names) > 5 or None  # True ends it

    links.iterate(collect)
    return ", ".join(names[:5] + ["..."] * (len(names) > 5)) or "nothing"


def check_header(held: Any, limits: Limits) -> None:
    """Raise `Broken` unless the description of a group or data set is short enough."""
    import h5py

    info = h5py.h5o.get_info(held.id)
    size = info.hdr.space.total + info.meta_size.attr.index_size + info.meta_size.attr.heap_size
    if size > limits.header:
        found = f"{size:,} with {info.num_attrs:,} attribute(s)"
        raise Broken(
            f"its description has at most {limits.header:,} bytes, found {found}: save the bare array"
        )


def check_description(data: Any, field: Field, limits: Limits) -> None:
    """Raise `Broken` unless a data set is as `field` demands and within the limits; no data are read."""
    from h5py import h5t

    check_header(data, limits)
    # First, for asking a virtual data set for its shape opens other files.
    if data.is_virtual or data.id.get_create_plist().get_external_count():
        found = "a virtual data set" if data.is_virtual else "external storage in other files"
        raise Broken(f"the data lie in this file, found {found}: copy them into one file")
    kind = data.id.get_type()
    plain = kind.get_class() in (h5t.INTEGER, h5t.FLOAT, h5t.STRING)
    size = data.dtype.itemsize if plain else 0
    if (
        not plain
        or data.dtype.kind not in field.kinds
        or size > _MOST_ITEM
        or field.itemsize not in (None, size)
    ):
        demand = f"the dtype kind is one of {', '.join(field.kinds)} with {field.itemsize or f'at most {_MOST_ITEM}'} byte(s)"
        found = f"dtype {data.dtype}" if plain else f"the HDF5 {type(kind).__name__}"
        raise Broken(f"{demand}, found {found}: convert the array first")
    shape = data.shape
    if (
        shape is None
        or len(shape) != len(field.shape)
        or not all(
            size >= 1 if isinstance(want, str) else size == want
            for size, want in zip(shape, field.shape, strict=True)
        )
        or (field.most is not None and math.prod(shape) > field.most)
    ):
        demand = f"the shape is {field.shape}".replace("'", "") + (
            f" with at most {field.most:,} elements" if field.most else ""
        )
        raise Broken(
            f"{demand}, found {'no shape' if shape is None else shape}: reshape the array first"
        )
    filters = _filters(data)
    if filters.count(_FLETCHER32) > 1 or [f for f in filters if f != _FLETCHER32] not in (
        [],
        [_SHUFFLE],
        [_GZIP],
        [_SHUFFLE, _GZIP],
    ):
        found = f"filter number(s) {', '.join(map(str, filters))}"
        raise Broken(
            f"the only filters are gzip, shuffle, fletcher32, each once, found {found}: save it again with compression='gzip'"
        )
    count, size = chunk_sizes(data)
    if count > limits.chunks:
        raise Broken(
            f"it is stored in at most {limits.chunks:,} chunks, found {count:,}: save it with larger chunks"
        )
    due, stored, parts = (
        (count, data.id.get_num_chunks(), "chunks")
        if data.chunks
        else (size, data.id.get_storage_size(), "bytes")
    )
    if due != stored:
        raise Broken(
            f"the data have been written, found {stored:,} of {due:,} {parts}: fetch the file again"
        )


def _filters(data: Any) -> list[int]:
    """Return the numbers of the filters as they were applied."""
    settings = data.id.get_create_plist()
    return [settings.get_filter(i)[0] for i in range(settings.get_nfilters())]


def chunk_sizes(data: Any) -> tuple[int, int]:
    """Return the number of chunks, and the bytes of each unpacked, also beyond the edge of the array."""
    if not data.chunks:
        return 1, int(data.nbytes)
    count = math.prod(-(-size // side) for size, side in zip(data.shape, data.chunks, strict=True))
    return int(count), int(math.prod(data.chunks) * data.dtype.itemsize)


def misfit(data: Any, content: bytes) -> str | None:
    """Return what is wrong with the size or place of a chunk in a file of this content, None if nothing is."""
    # HDF5 itself would return memory that was never written, or write over memory that is not its own.
    stored: list[Any] = []
    data.id.chunk_iter(stored.append)
    total = sum(chunk.size for chunk in stored)
    if total > len(content):
        return f"chunks of {total:,} bytes in a file of {len(content):,}"
    due, filters, packed = chunk_sizes(data)[1], _filters(data), {}
    for chunk in stored:
        held = packed[chunk.chunk_offset] = content[
            chunk.byte_offset : chunk.byte_offset + chunk.size
        ]
        size = _unpacked(held, filters, chunk.filter_mask, due)
        if size != due:
            return f"a chunk of {f'more than {due:,}' if size > due else f'{size:,}'} bytes in place of {due:,}"
    for corner in product(
        *(range(0, size, side) for size, side in zip(data.shape, data.chunks, strict=True))
    ):
        # As HDF5 looks it up: it takes what it does not find for zeros.
        if corner not in packed or data.id.read_direct_chunk(corner)[1] != packed[corner]:
            return f"another chunk or none at {corner}"
    return None


def _unpacked(packed: bytes, filters: list[int], mask: int, due: int) -> int:
    """Return the size of a chunk without its filters, unpacking little more than is due."""
    applied = [number for place, number in enumerate(filters) if not mask >> place & 1]
    if _GZIP in applied:
        packed = zlib.decompressobj().decompress(packed, due + _SUM + 1)
        applied = applied[: applied.index(_GZIP)]
    return max(0, len(packed) - _SUM * applied.count(_FLETCHER32))


def check_values(array: Array, field: Field, lengths: Mapping[int | str, tuple[str, int]]) -> None:
    """Raise `Broken` unless the values are those of `field`."""
    if field.below is not None:
        most = lengths[field.below][1] - 1
        if not ((array >= 0) & (array <= most)).all():
            raise Broken(
                f"the values lie in 0..{most}, found {array.min()}..{array.max()}: number the classes from 0"
            )
    if field.finite and array.dtype.kind == "f" and not np.isfinite(array).all():
        where = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
        raise Broken(
            f"the values are finite, found {array[where]} at {where}: repair or drop such rows"
        )
