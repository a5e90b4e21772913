"""What an HDF5 file from outside must be: its first bytes, the descriptions of its data sets, their chunks, their values."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import DataError
from ..files import FilePath

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_PAGE = ("a web page (HTML)", "download the raw file")
_IMPOSTORS = {  # in lower case, after leading blanks
    b"version https://git-lfs": ("a Git-LFS pointer instead of the data", "run `git lfs pull` in its repository"),
    b"<!doctype html": _PAGE,
    b"<html": _PAGE,
    b"pk\x03\x04": ("a zip archive", "unpack it first"),
    b"\x1f\x8b": ("a gzip-compressed file", "unpack it with gunzip first"),
}
_MOST_ITEM = 64
# Built into every HDF5; any other filter could load a plug-in, or unpacks to a size that cannot be foreseen.
_GZIP, _SHUFFLE, _FLETCHER32 = 1, 2, 3
_SUM = 4  # bytes of a fletcher32 check sum


@dataclass(frozen=True)
class Limits:
    """How much a file may ask for.

    Parameters
    ----------
    size : int
        The most bytes of the file, and of all its arrays together, unpacked.
    ratio : float
        How many times larger than the file its arrays may be, beyond 1 MiB: gzip can reach 1,032, pictures reach 2.
    header : int
        The most bytes of the description of one data set, with its attributes, which are never read.
    chunks : int
        The most parts that one array may be stored in.
    """

    size: int = 256 * 2**20
    ratio: float = 100.0
    header: int = 64 * 2**10
    chunks: int = 2**16


@dataclass(frozen=True)
class Field:
    """What must lie under one key.

    Parameters
    ----------
    shape : tuple of int or str
        A letter stands for any length >= 1, the same wherever it occurs in the schema.
    kinds : str
        The allowed kinds, as in `numpy.dtype.kind`: any of "i", "u", "f" and "S".
    itemsize : int, optional
        The bytes of an element; None for any number up to 64.
    below : str, optional
        The values must lie in 0..n-1, where n is what this letter stands for.
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


class Broken(Exception):
    """A rule that a data set breaks: what must be, what was found, and the cure; the reader adds the file and the key."""


def check_signature(name: FilePath, head: bytes, size: int) -> None:
    """Raise `DataError` unless `head`, the beginning of a file of `size` bytes called `name`, is that of HDF5."""
    if head.startswith(HDF5_SIGNATURE):
        return
    plain = head[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, (what, cure) in _IMPOSTORS.items():
        if plain.startswith(start):
            raise DataError(f"{name}: a data file must be HDF5, found {what}, {size:,} bytes: {cure}")
    found = repr(head[:8]) if head else "an empty file"
    raise DataError(f"{name}: a data file must begin with the HDF5 signature, found {found}: fetch the original file again")


def check_header(held: Any, limits: Limits) -> None:
    """Raise `Broken` if the description of an open group or data set, its attributes included, is larger than allowed."""
    import h5py

    info = h5py.h5o.get_info(held.id)
    size = info.hdr.space.total + info.meta_size.attr.index_size + info.meta_size.attr.heap_size
    if size > limits.header:
        found = f"{size:,} with {info.num_attrs:,} attribute(s)"
        raise Broken(f"its description has at most {limits.header:,} bytes", found, "save the bare array in a new file")


def check_description(data: Any, field: Field, limits: Limits) -> None:
    """Raise `Broken` unless an open HDF5 data set is as `field` demands and within the limits; only its description is read."""
    check_header(data, limits)
    # Where the data lie comes first: asking for the shape of a virtual data set opens other files.
    if data.id.get_create_plist().get_external_count():
        raise Broken("the data lie in this file", "external storage in other files", "copy them into one file")
    if data.is_virtual:
        raise Broken("the data lie in this file", "a virtual data set", "copy the data into one file")
    kinds = _kinds(data)
    if (
        not set(kinds) & set(field.kinds)
        or data.dtype.kind not in field.kinds
        or data.dtype.itemsize > _MOST_ITEM
        or field.itemsize not in (None, data.dtype.itemsize)
    ):
        wanted = f"the dtype kind is one of {', '.join(field.kinds)} with {field.itemsize or f'at most {_MOST_ITEM}'} byte(s)"
        raise Broken(wanted, f"dtype {data.dtype}" if kinds else _type_name(data), "convert the array before saving it")
    if not _fits(data.shape, field):
        wanted = f"the shape is {field.shape}".replace("'", "") + (f" with at most {field.most:,} elements" if field.most else "")
        raise Broken(wanted, "no shape" if data.shape is None else str(data.shape), "reshape the array before saving it")
    filters = _filters(data)
    without_sum = [number for number in filters if number != _FLETCHER32]
    if len(filters) > len(without_sum) + 1 or without_sum not in ([], [_SHUFFLE], [_GZIP], [_SHUFFLE, _GZIP]):  # undone in one step
        found = f"filter number(s) {', '.join(map(str, filters))}"
        raise Broken("the only filters are gzip, shuffle, fletcher32, each once", found, "save it again with compression='gzip'")
    count = _chunk_count(data)
    if count > limits.chunks:
        raise Broken(f"it is stored in at most {limits.chunks:,} chunks", f"{count:,}", "save it with larger chunks")
    due, stored, parts = (count, data.id.get_num_chunks(), "chunks") if data.chunks else (data.nbytes, data.id.get_storage_size(), "bytes")
    if due != stored:
        raise Broken("the data have been written", f"{stored:,} of {due:,} {parts}", "fetch or save the file again")


def _kinds(data: Any) -> str:
    """Return the numpy kinds that the HDF5 type can mean; "" for all that is no plain number and no text of fixed length."""
    from h5py import h5t

    kind = data.id.get_type()
    if isinstance(kind, h5t.TypeStringID):
        return "" if kind.is_variable_str() else "S"
    return str({h5t.INTEGER: "iu", h5t.FLOAT: "f"}.get(kind.get_class(), ""))


def _type_name(data: Any) -> str:
    name = type(data.id.get_type()).__name__.removeprefix("Type").removesuffix("ID").lower()
    return f"the HDF5 type {'text of variable length' if name == 'string' else name}"


def _fits(shape: tuple[int, ...] | None, field: Field) -> bool:
    return (
        shape is not None
        and len(shape) == len(field.shape)
        and all(size == want if isinstance(want, int) else size >= 1 for size, want in zip(shape, field.shape, strict=True))
        and (field.most is None or math.prod(shape) <= field.most)
    )


def _filters(data: Any) -> list[int]:
    """Return the numbers of the filters in the order in which they were applied."""
    settings = data.id.get_create_plist()
    return [settings.get_filter(i)[0] for i in range(settings.get_nfilters())]


def _chunk_count(data: Any) -> int:
    return int(math.prod(-(-size // side) for size, side in zip(data.shape, data.chunks, strict=True))) if data.chunks else 1


def _chunk_size(data: Any) -> int:
    return int(math.prod(data.chunks) * data.dtype.itemsize)


def unpacked_size(data: Any) -> int:
    """Return how many bytes reading takes: chunks are unpacked whole, also where they reach beyond the array."""
    return _chunk_count(data) * _chunk_size(data) if data.chunks else int(data.nbytes)


def misfit(data: Any, content: bytes) -> str | None:
    """Return what is wrong with the size or place of a chunk of a data set in a file of this content, None if nothing is.

    HDF5 does not check what a chunk unpacks to: of a short one it returns memory that was never written, or writes over memory that is
    not its own. So each is unpacked here before, never beyond the size that it must have.
    """
    stored: list[Any] = []
    data.id.chunk_iter(stored.append)
    total = sum(chunk.size for chunk in stored)
    if total > len(content):
        return f"chunks of {total:,} bytes in a file of {len(content):,}"
    due, filters, packed = _chunk_size(data), _filters(data), {}
    for chunk in stored:
        held = packed[chunk.chunk_offset] = content[chunk.byte_offset : chunk.byte_offset + chunk.size]
        size = _unpacked(held, filters, chunk.filter_mask, due)
        if size != due:
            return f"a chunk of {f'more than {due:,}' if size > due else f'{size:,}'} bytes in place of {due:,}"
    for corner in product(*(range(0, size, side) for size, side in zip(data.shape, data.chunks, strict=True))):
        # As HDF5 looks it up when it reads: it takes a chunk that it does not find for zeros.
        if corner not in packed or data.id.read_direct_chunk(corner)[1] != packed[corner]:
            return f"another chunk or none at {corner}"
    return None


def _unpacked(packed: bytes, filters: list[int], mask: int, due: int) -> int:
    """Return the size of a chunk once its filters are undone, last to first; beyond `due` it tells only that it is more."""
    sums = 0
    for place, number in reversed(list(enumerate(filters))):
        if mask >> place & 1:  # this chunk was stored without it: packing would have made it larger
            continue
        if number == _FLETCHER32:
            sums += _SUM
        elif number == _GZIP:
            packed, sums = zlib.decompressobj().decompress(packed, due + _SUM + 1), 0
    return max(0, len(packed) - sums)


def check_values(array: Array, field: Field, lengths: Mapping[int | str, tuple[str, int]]) -> None:
    """Raise `Broken` unless the values that were read are in their range; `lengths` ends with what each letter stands for."""
    if field.below is not None and not ((array >= 0) & (array < lengths[field.below][1])).all():
        span = f"{array.min()}..{array.max()}"
        raise Broken(f"the values lie in 0..{lengths[field.below][1] - 1}", span, "number the classes from 0")
    if field.finite and array.dtype.kind == "f" and not np.isfinite(array).all():
        where = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
        raise Broken("the values are finite", f"{array[where]} at {where}", "repair or drop such rows before saving them")
