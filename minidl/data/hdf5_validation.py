"""Validation rules for untrusted HDF5 files, applied before and after reading."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import DataError
from ..utils.atomic_files import FilePath
from ..utils.typing import Array
from .hdf5_chunks import FLETCHER32, GZIP, SHUFFLE, chunk_layout, filter_pipeline
from .hdf5_schema import Field, Limits, RuleViolation

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
# The first bytes of other kinds of files that are often saved under the name of a data file.
_FOREIGN_SIGNATURES = {
    b"version https://git-lfs": "a Git-LFS pointer: run `git lfs pull` in its repository",
    b"<!doctype html": "a web page (HTML): download the raw file",
    b"<html": "a web page (HTML): download the raw file",
    b"pk\x03\x04": "a zip archive: unpack it first",
    b"\x1f\x8b": "a gzip file: unpack it with gunzip first",
}
_MAX_ITEMSIZE = 64  # bytes
# In this order; fletcher32 is allowed in any position. Other filters can load plug-ins or unpack to
# any size.
_ALLOWED_FILTERS: tuple[list[int], ...] = ([], [SHUFFLE], [GZIP], [SHUFFLE, GZIP])
_MAX_LISTED_NAMES = 5


def check_signature(name: FilePath, head: bytes, size: int) -> None:
    """Raise `DataError` unless a file of `size` bytes that begins with `head` is HDF5."""
    if head.startswith(HDF5_SIGNATURE):
        return
    text = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for signature, description in _FOREIGN_SIGNATURES.items():
        if text.startswith(signature):
            raise DataError(
                f"{name}: a data file must be HDF5, found {size:,} bytes of {description}"
            )
    beginning = repr(head[:8]) if head else "an empty file"
    raise DataError(
        f"{name}: a data file must begin with the HDF5 signature, found {beginning}: "
        "download it again"
    )


def open_dataset(file: Any, key: str) -> Any:
    """Return the dataset under `key` without following links."""
    from h5py import Dataset, h5l

    # A path could lead through a link.
    if not key.isprintable() or "/" in key or key in ("", ".", ".."):
        raise RuleViolation("the key must be a plain name, not a path: rename the dataset")
    name = key.encode()
    links = file.id.links
    if not links.exists(name):  # `key in file` would follow a link
        raise RuleViolation(
            f"the key must be in the file, found only {_link_names(links)}: is it the right file?"
        )
    link_type = links.get_info(name).type
    if link_type != h5l.TYPE_HARD:
        link_names = {h5l.TYPE_SOFT: "a SoftLink", h5l.TYPE_EXTERNAL: "an ExternalLink"}
        link_name = link_names.get(link_type, f"a link of type {link_type}")
        raise RuleViolation(
            f"the data must lie in this file, found {link_name}: copy them into one file"
        )
    dataset = file[key]
    if not isinstance(dataset, Dataset):
        raise RuleViolation(
            f"the key must be a dataset, found a {type(dataset).__name__}: save the array itself"
        )
    return dataset


def _link_names(links: Any) -> str:
    """Return the first names, shortened: there may be millions, or one of a million letters."""
    names: list[str] = []

    def collect(name: bytes) -> bool | None:
        names.append(repr(name[:40].decode("utf-8", "replace")))
        return len(names) > _MAX_LISTED_NAMES or None  # True ends the iteration

    links.iterate(collect)
    ellipsis = ["..."] * (len(names) > _MAX_LISTED_NAMES)
    return ", ".join(names[:_MAX_LISTED_NAMES] + ellipsis) or "nothing"


def check_header(group_or_dataset: Any, limits: Limits) -> None:
    """Raise `RuleViolation` if the description of a group or dataset is too long."""
    import h5py

    info = h5py.h5o.get_info(group_or_dataset.id)
    attributes = info.meta_size.attr
    size = info.hdr.space.total + attributes.index_size + attributes.heap_size
    if size > limits.max_header_bytes:
        raise RuleViolation(
            f"its description may have {limits.max_header_bytes:,} bytes, found {size:,} with "
            f"{info.num_attrs:,} attribute(s): save the bare array"
        )


def check_description(dataset: Any, field: Field, limits: Limits) -> None:
    """Raise `RuleViolation` unless a dataset matches `field`; no data are read."""
    check_header(dataset, limits)
    # This must come first: reading the shape of a virtual dataset opens other files.
    _check_storage_location(dataset)
    _check_type(dataset, field)
    _check_shape(dataset, field)
    _check_filters(dataset)
    _check_chunks_written(dataset, limits)


def _check_storage_location(dataset: Any) -> None:
    storage = None
    if dataset.is_virtual:
        storage = "a virtual dataset"
    elif dataset.id.get_create_plist().get_external_count():
        storage = "external storage in other files"
    if storage:
        raise RuleViolation(
            f"the data must lie in this file, found {storage}: copy them into one file"
        )


def _check_type(dataset: Any, field: Field) -> None:
    from h5py import h5t

    hdf5_type = dataset.id.get_type()
    if hdf5_type.get_class() not in (h5t.INTEGER, h5t.FLOAT, h5t.STRING):
        actual_type = f"the HDF5 {type(hdf5_type).__name__}"
    else:
        itemsize = dataset.dtype.itemsize
        if (
            dataset.dtype.kind in field.kinds
            and itemsize <= _MAX_ITEMSIZE
            and field.itemsize in (None, itemsize)
        ):
            return
        actual_type = f"dtype {dataset.dtype}"
    raise RuleViolation(
        f"the dtype kind must be one of {', '.join(field.kinds)} with "
        f"{field.itemsize or f'at most {_MAX_ITEMSIZE}'} byte(s), found {actual_type}: "
        "convert the array first"
    )


def _check_shape(dataset: Any, field: Field) -> None:
    shape = dataset.shape
    if shape is not None and len(shape) == len(field.shape):
        matches = all(
            length >= 1 if isinstance(expected, str) else length == expected
            for length, expected in zip(shape, field.shape, strict=True)
        )
        if matches and (field.max_elements is None or math.prod(shape) <= field.max_elements):
            return
    rule = f"the shape must be {field.shape}".replace("'", "")
    if field.max_elements:
        rule += f" with at most {field.max_elements:,} elements"
    raise RuleViolation(
        f"{rule}, found {'no shape' if shape is None else shape}: reshape the array first"
    )


def _check_filters(dataset: Any) -> None:
    filters = filter_pipeline(dataset)
    others = [number for number in filters if number != FLETCHER32]
    if filters.count(FLETCHER32) > 1 or others not in _ALLOWED_FILTERS:
        raise RuleViolation(
            "the only filters may be gzip, shuffle and fletcher32, each once, found filter "
            f"number(s) {', '.join(map(str, filters))}: save it again with compression='gzip'"
        )


def _check_chunks_written(dataset: Any, limits: Limits) -> None:
    n_chunks, chunk_bytes = chunk_layout(dataset)
    if n_chunks > limits.max_chunks:
        raise RuleViolation(
            f"it may be stored in {limits.max_chunks:,} chunks, found {n_chunks:,}: "
            "save it with larger chunks"
        )
    if dataset.chunks:
        expected, stored, unit = n_chunks, dataset.id.get_num_chunks(), "chunks"
    else:
        expected, stored, unit = chunk_bytes, dataset.id.get_storage_size(), "bytes"
    if stored != expected:
        raise RuleViolation(
            f"all data must have been written, found {stored:,} of {expected:,} {unit}: "
            "download the file again"
        )


def check_values(array: Array, field: Field, lengths: Mapping[int | str, tuple[str, int]]) -> None:
    """Raise `RuleViolation` unless the values of an array satisfy `field`."""
    if field.index_into is not None:
        largest = lengths[field.index_into][1] - 1
        if not ((array >= 0) & (array <= largest)).all():
            raise RuleViolation(
                f"the values must lie in 0..{largest}, found {array.min()}..{array.max()}: "
                "number the classes from 0"
            )
    if field.finite and array.dtype.kind == "f" and not np.isfinite(array).all():
        index = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
        raise RuleViolation(
            f"the values must be finite, found {array[index]} at {index}: repair or drop such rows"
        )
