"""What an HDF5 data set must be before a byte of it is read: the demands of the schema, and those that no file may break."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array
from .hdf5_chunks import FILTERS, chunk_count, chunk_size, filter_numbers, filters_known

_MOST_ITEM = 64


@dataclass(frozen=True)
class Limits:
    """How much a file may ask for.

    Parameters
    ----------
    size : int
        The most bytes of the file, and of all its arrays together, unpacked.
    ratio : float
        How many times larger than the file its arrays may be, where they have more than 1 MiB: gzip can reach 1,032, pictures reach 2.
    header : int
        The most bytes that the description of one data set may have, with its attributes, which are never read.
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
        A number is exact. A letter stands for any length >= 1, the same wherever the letter occurs in the schema.
    kinds : str
        The allowed kinds, as `numpy.dtype.kind` has them: any of "i" and "u" for whole numbers, "f", and "S" for bytes.
    itemsize : int, optional
        The exact number of bytes of an element; None for any up to 64.
    below : str, optional
        The values must lie in 0..n-1, where n is what this letter of the shapes stands for.
    most : int, optional
        The most elements; None for as many as the limits allow.
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


def check_header(held: Any, limits: Limits) -> None:
    """Raise `Broken` if the description of an open group or data set, its attributes included, is larger than allowed."""
    import h5py

    info = h5py.h5o.get_info(held.id)
    size = info.hdr.space.total + info.meta_size.attr.index_size + info.meta_size.attr.heap_size
    if size > limits.header:
        found = f"{size:,} with {info.num_attrs:,} attribute(s)"
        raise Broken(f"its description has at most {limits.header:,} bytes", found, "save the bare array in a new file")


def check_description(data: Any, field: Field, limits: Limits) -> None:
    """Raise `Broken` unless an open HDF5 data set is as `field` demands and within the limits; only its description is read.

    The order matters: where the data lie comes first, because asking for the shape of a virtual data set opens other files.
    """
    check_header(data, limits)
    settings = data.id.get_create_plist()
    if settings.get_external_count():
        raise Broken("the data lie in this file", "external storage in other files", "copy them into one file")
    if data.is_virtual:
        raise Broken("the data lie in this file", "a virtual data set", "copy the data into one file")
    wanted = f"the dtype kind is one of {', '.join(field.kinds)} with {field.itemsize or f'at most {_MOST_ITEM}'} byte(s)"
    if not set(_kinds(data)) & set(field.kinds):
        raise Broken(wanted, f"dtype {data.dtype}" if _kinds(data) else _type_name(data), "convert the array before saving it")
    if data.dtype.kind not in field.kinds or data.dtype.itemsize > _MOST_ITEM or field.itemsize not in (None, data.dtype.itemsize):
        raise Broken(wanted, f"dtype {data.dtype}", "convert the array before saving it")
    if not _fits(data.shape, field):
        most = f" with at most {field.most:,} elements" if field.most else ""
        raise Broken(f"the shape is {_text(field.shape)}{most}", _text(data.shape), "reshape the array before saving it")
    if not filters_known(data):
        found = f"filter number(s) {', '.join(map(str, filter_numbers(data)))}"
        raise Broken(f"the only filters are {', '.join(FILTERS.values())}, each once", found, "save it again with compression='gzip'")
    count = chunk_count(data)
    if count > limits.chunks:
        raise Broken(f"it is stored in at most {limits.chunks:,} chunks", f"{count:,}", "save it with larger chunks")
    due, stored, parts = (count, data.id.get_num_chunks(), "chunks") if data.chunks else (data.nbytes, data.id.get_storage_size(), "bytes")
    if due != stored:
        raise Broken("the data have been written", f"{stored:,} of {due:,} {parts}", "fetch or save the file again")


def unpacked_size(data: Any) -> int:
    """Return how many bytes reading takes: chunks are unpacked whole, also where they reach beyond the array."""
    return chunk_count(data) * chunk_size(data) if data.chunks else int(data.nbytes)


def check_values(array: Array, field: Field, lengths: Mapping[int | str, int]) -> None:
    """Raise `Broken` unless the values that were read are in their range; `lengths` is what the letters of the shapes stand for."""
    if field.below is not None and not ((array >= 0) & (array < lengths[field.below])).all():
        raise Broken(f"the values lie in 0..{lengths[field.below] - 1}", f"{array.min()}..{array.max()}", "number the classes from 0")
    if field.finite and array.dtype.kind == "f" and not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise Broken("the values are finite", f"{array[where]} at {where}", "repair or drop such rows before saving them")


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


def _text(shape: tuple[int | str, ...] | None) -> str:
    return "no shape" if shape is None else f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
