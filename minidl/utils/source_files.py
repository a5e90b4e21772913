"""The files that trainings read: none of them may be replaced by what a training writes."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .nested import find_nested


class _SourceFile(NamedTuple):
    """A file, and whether somebody still reads it."""

    status: os.stat_result
    is_read: Callable[[], bool]


_source_files: list[_SourceFile] = []


def note_source_files(*values: Any) -> None:
    """Remember the files of HDF5 datasets and memmaps until these are closed or deleted.

    Parameters
    ----------
    *values : object
        What is trained on: datasets, memmaps and views of them, and array-likes that have them
        among their attributes. Anything else is ignored.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = np.memmap(f"{folder}/rows", np.uint8, mode="w+", shape=(3, 2))
    ...     note_source_files(rows)
    ...     print(is_source_file(os.stat(f"{folder}/rows")))
    ...     del rows
    ...     print(is_source_file(os.stat(f"{folder}/rows")))
    True
    False
    """
    _source_files[:] = [file for file in _source_files if file.is_read()]
    for value in values:
        for path, is_read in _files_of(value):
            with suppress(OSError, ValueError):  # such as an HDF5 file in memory
                _source_files.append(_SourceFile(os.stat(path), is_read))


def is_source_file(status: os.stat_result) -> bool:
    """Return whether a file is one of those that are read.

    Parameters
    ----------
    status : os.stat_result
        The status of the file, which identifies it under whatever name.
    """
    return any(os.path.samestat(file.status, status) and file.is_read() for file in _source_files)


def _files_of(value: Any) -> Iterator[tuple[str, Callable[[], bool]]]:
    h5py = sys.modules.get("h5py")  # if it is not loaded, there are no datasets
    kinds = (np.memmap, h5py.Dataset) if h5py else (np.memmap,)
    inner = [] if isinstance(value, np.ndarray) else _nested_arrays(value, kinds)
    for array in [value, *inner]:
        if h5py and isinstance(array, h5py.Dataset):
            with suppress(Exception):  # a closed dataset: `fit` says so
                yield from _hdf5_files(array)
        elif (memmap := _memmap_of(array)) is not None:
            yield os.fspath(memmap.filename), partial(_exists, weakref.ref(memmap))


def _exists(reference: weakref.ref[Any]) -> bool:
    return reference() is not None


def _nested_arrays(value: Any, kinds: tuple[type, ...]) -> list[Any]:
    if isinstance(value, kinds) or not hasattr(value, "__dict__"):
        return []
    return [array for _, array in find_nested(value, kinds)]


def _memmap_of(array: Any) -> Any:
    """Return the memmap that an array is a view of, None if there is none."""
    found = None
    while array is not None:
        if isinstance(array, np.memmap) and array.filename is not None:
            found = array
        array = getattr(array, "base", None) if isinstance(array, np.ndarray) else None
    return found


def _hdf5_files(dataset: Any) -> Iterator[tuple[str, Callable[[], bool]]]:
    """Yield the file of a dataset, and those from which a virtual one takes its rows."""
    path = dataset.file.filename
    is_open = partial(_is_open_in_hdf5, path)
    yield path, is_open
    if dataset.is_virtual:
        for source in dataset.virtual_sources():
            yield os.path.join(os.path.dirname(path), source.file_name), is_open


def _is_open_in_hdf5(path: str) -> bool:
    import h5py  # it is loaded: a dataset was noted

    files = h5py.h5f.get_obj_ids(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE)
    return any(os.fsdecode(file.name) == path for file in files)
