"""Writing arrays into HDF5 files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from ..errors import DataError
from ..utils.atomic_files import atomic_write, make_folder
from ..utils.typing import Array


def write_hdf5(
    contents: Mapping[Path, Mapping[str, Array]], *, replace: bool = False
) -> list[Path]:
    """Write one HDF5 file per path, each of them completely or not at all.

    Parameters
    ----------
    contents : mapping of Path to mapping of str to ndarray
        The arrays of each file by key.
    replace : bool, default False
        Whether existing files may be replaced.

    Returns
    -------
    list of Path
        The paths of the written files.

    Raises
    ------
    DataError
        If one of the paths exists and `replace` is false (then no file is written), or a folder
        cannot be created or written.
    """
    for path in contents:
        if os.path.lexists(path) and not replace:
            raise DataError(
                f"{path}: a new file must not replace another, found one of that name: move it away"
            )
    for path, arrays in contents.items():
        make_folder(path.parent)
        atomic_write(path, hdf5_bytes(arrays))
    return list(contents)


def hdf5_bytes(arrays: Mapping[str, Array]) -> bytes:
    """Return the content of an HDF5 file with one dataset per key."""
    import h5py

    memory = BytesIO()
    with h5py.File(memory, "w") as file:
        for key, array in arrays.items():
            file.create_dataset(key, data=array)
    return memory.getvalue()
