"""Writes arrays as HDF5 files, so that each appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from ..arrays import Array
from ..errors import DataError
from ..files import make_folder, write_whole


def write_hdf5(contents: Mapping[Path, Mapping[str, Array]], *, replace: bool = False) -> list[Path]:
    """Write one HDF5 file per path, with one data set per key, and return the paths.

    Parameters
    ----------
    contents : mapping of path to mapping of key to ndarray
        Missing folders are created.
    replace : bool, default False
        Whether a file that is there is replaced; the old one stays as it is until the new one is whole, and where anything fails.

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
