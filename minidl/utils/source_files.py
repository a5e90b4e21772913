"""The files that trainings read: none of them may be replaced by what a training writes."""

from __future__ import annotations

import gc
import os
import re
import sys
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np

MAX_OBJECTS = 10_000
"""Objects that are looked at in what is trained on, so that a reference to a large program ends."""

_NOT_ENTERED = (type, ModuleType, BuiltinFunctionType, str, bytes, int, float)

_MAPPINGS = Path("/proc/self/maps")  # Linux has it
# Addresses, and the number and the path of the file there.
_MAPPING = re.compile(rb"^(\S+)-(\S+) \S+ \S+ (\S+ \S+) +(/.*)$", re.MULTILINE)


class _SourceFile(NamedTuple):
    """A file, and whether somebody still reads it; there is one for each file and key."""

    key: Any
    status: os.stat_result
    is_read: Callable[[], bool]


_source_files: dict[Any, _SourceFile] = {}


def note_source_files(*values: Any) -> None:
    """Remember the files of HDF5 datasets and memmaps until these are closed or deleted.

    Parameters
    ----------
    *values : object
        What is trained on: datasets, memmaps and views of them, on Linux any array whose memory is
        that of a file, and whatever refers to such data: array-likes, lists, closures. Anything
        else is ignored.

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
    for key, file in [*_source_files.items()]:
        if not file.is_read():
            _source_files.pop(key, None)
    for file in _find_source_files(values):
        _source_files[file.key, file.status.st_dev, file.status.st_ino] = file


def is_source_file(status: os.stat_result) -> bool:
    """Return whether a file is one of those that are read.

    Parameters
    ----------
    status : os.stat_result
        The status of the file, which identifies it under whatever name.
    """
    files = [*_source_files.values()]
    return any(os.path.samestat(file.status, status) and file.is_read() for file in files)


def _find_source_files(values: Iterable[Any]) -> Iterator[_SourceFile]:
    h5py = sys.modules.get("h5py")  # if it is not loaded, there are no datasets
    hdf5_types = (h5py.Dataset, h5py.Group) if h5py else ()
    owners = set()
    for value in _reachable(values, (np.ndarray, *hdf5_types)):
        if isinstance(value, np.ndarray):
            bases = _bases(value)
            owner = bases[-1]
            owns_memory = isinstance(owner, np.ndarray) and owner.flags.owndata
            if not owns_memory and id(owner) not in owners:  # there may be many views of one
                owners.add(id(owner))
                yield from _files_of_array(bases)
        elif isinstance(value, hdf5_types):
            with suppress(Exception):  # a closed dataset: `fit` says so
                yield from _hdf5_files(value)


def _reachable(values: Iterable[Any], leaves: tuple[type, ...]) -> Iterator[Any]:
    """Yield objects and what they refer to, the nearest first; leaves are not entered."""
    queue = deque(values)
    seen: dict[int, Any] = {}  # with the objects: the number of a deleted one is given again
    for _ in range(MAX_OBJECTS):
        if not queue:
            return
        value = queue.popleft()
        if id(value) in seen or isinstance(value, _NOT_ENTERED):
            continue
        seen[id(value)] = value
        yield value
        if isinstance(value, FunctionType):  # not the module in which it is defined
            queue.extend(value.__closure__ or ())
        elif not isinstance(value, leaves):
            queue.extend(gc.get_referents(value))


def _bases(array: Any) -> list[Any]:
    """Return an array, what it is a view of, and so on to the owner of the memory."""
    bases = [array]
    while (base := getattr(bases[-1], "base", None)) is not None:
        bases.append(base)
    return bases


def _files_of_array(bases: Sequence[Any]) -> Iterator[_SourceFile]:
    """Yield the file in whose memory an array lies, given its `_bases`."""
    named: list[Any] = [b for b in bases if isinstance(b, np.memmap) and b.filename]
    if named:
        memmap = named[-1]
        is_alive = partial(_is_alive, weakref.ref(memmap))
        with suppress(OSError):  # it may have another name now
            yield _SourceFile(id(memmap), os.stat(memmap.filename), is_alive)
            return
    address = bases[0].__array_interface__["data"][0]
    for start, stop, number, path in _MAPPING.findall(_mappings()):
        if int(start, 16) <= address < int(stop, 16):
            is_mapped = partial(_is_mapped, number)
            with suppress(OSError):  # such as a file that was deleted
                present_path = os.fsdecode(path.replace(rb"\012", b"\n"))
                yield _SourceFile(number, os.stat(present_path), is_mapped)


def _is_alive(reference: weakref.ref[Any]) -> bool:
    return reference() is not None


def _mappings() -> bytes:
    """Return the text in which Linux lists the files that are mapped into memory."""
    try:
        return _MAPPINGS.read_bytes()
    except OSError:
        return b""


def _is_mapped(number: bytes) -> bool:
    return b" %b " % number in _mappings()


def _hdf5_files(value: Any) -> Iterator[_SourceFile]:
    """Yield the file of a dataset or group, and those from which a dataset takes its rows."""
    file = value.file
    path = file.filename
    is_open = partial(_is_open_in_hdf5, path)
    with suppress(OSError, ValueError):  # such as a file in memory
        # By the open file where that is possible: its path may be relative to another folder.
        has_handle = os.name == "posix" and file.driver == "sec2"
        status = os.fstat(file.id.get_vfd_handle()) if has_handle else os.stat(path)
        yield _SourceFile(path, status, is_open)
    names = [name for name, *_ in getattr(value, "external", None) or ()]
    if getattr(value, "is_virtual", False):
        names += [source.file_name for source in value.virtual_sources()]
    for folder in (os.path.dirname(path), ""):
        for name in names:
            with suppress(OSError, ValueError):
                yield _SourceFile(path, os.stat(os.path.join(folder, name)), is_open)


def _is_open_in_hdf5(path: str) -> bool:
    """Return whether a file is open: it is as long as one of its datasets, also without `File`."""
    from h5py import h5f  # it is loaded: a dataset was noted

    open_objects = h5f.get_obj_ids(h5f.OBJ_ALL, h5f.OBJ_FILE | h5f.OBJ_DATASET | h5f.OBJ_GROUP)
    return any(os.fsdecode(h5f.get_name(item)) == path for item in open_objects)
