"""Writes files so that each appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from ..arrays import Array
from ..errors import DataError


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
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, _hdf5_bytes(arrays))
        except OSError as error:
            raise DataError(f"{path}: cannot be written, {error}: choose a folder that you may write to, with enough room") from error
    return list(contents)


def _hdf5_bytes(arrays: Mapping[str, Array]) -> bytes:
    import h5py

    memory = BytesIO()
    with h5py.File(memory, "w") as file:
        for key, array in arrays.items():
            file.create_dataset(key, data=array)
    return memory.getvalue()


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the goal, bring it to the disk, and only then give it its name: the file is whole or not there."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp lets nobody else read it
        os.replace(temporary, path)
        _bring_to_disk(path.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _bring_to_disk(folder: Path) -> None:
    """Make the new name itself outlast a loss of power; some systems have no such thing for folders."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
