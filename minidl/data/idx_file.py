"""Reading untrusted IDX files, the format of MNIST, plain or compressed by gzip."""

from __future__ import annotations

import gzip
import math
import zlib
from io import BytesIO
from typing import Any

import numpy as np

from ..errors import DataError
from ..utils.atomic_files import FilePath, read_bounded
from ..utils.typing import Array
from ..utils.validation import all_finite

MAX_BYTES = 256 * 2**20
MAX_AXES = 8  # pictures have 3, with channels 4; NumPy itself ends at 64
GZIP_MAGIC = b"\x1f\x8b"
TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
"""The NumPy dtype of each type code: the third byte of a file."""


def read_idx(path: FilePath, *, limit: int = MAX_BYTES) -> Array:
    """Read the array of an IDX file, such as MNIST's "train-images-idx3-ubyte.gz".

    The file is not trusted: everything is checked against its size before memory is reserved, and a
    compressed file is unpacked up to the limit only.

    Parameters
    ----------
    path : path-like
        The file. Whether it is compressed by gzip is seen from its first bytes.
    limit : int, default 256 MiB
        The largest allowed number of bytes of the file, and of what is unpacked from it.

    Returns
    -------
    ndarray
        Of the shape in the file and in the byte order of the machine: uint8, int8, int16, int32,
        float32 or float64. Writable.

    Raises
    ------
    MissingDataError
        If the file does not exist.
    DataError
        If it is not an IDX file, is damaged, cut short or too long, is above the limit, or holds
        numbers that are not finite.

    See Also
    --------
    read_hdf5 : Reads arrays from HDF5 files.

    Notes
    -----
    The format: two zero bytes, the code of the type, the number of axes; the length of each axis as
    a big-endian integer of 32 bits; then the numbers, big-endian, the last axis fastest.

    References
    ----------
    Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", section "file
    formats".

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from minidl.data import read_idx
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels-idx1-ubyte")
    ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]))
    ...     read_idx(path)
    array([5, 0, 4], dtype=uint8)
    """
    content = read_bounded(path, limit, "an IDX file")
    if content.startswith(GZIP_MAGIC):
        content = _unpacked(path, content, limit)
    dtype, shape, start = _header(path, content)
    expected = dtype.itemsize * math.prod(shape)
    if len(content) - start != expected:
        raise DataError(
            f"{path}: an IDX file of shape {shape} in {dtype.name} must have {expected:,} bytes "
            f"after its header, found {len(content) - start:,}: fetch it again"
        )
    array: Array = np.frombuffer(content, dtype, offset=start).reshape(shape)
    array = array.astype(dtype.newbyteorder("="))
    if array.dtype.kind == "f" and not all_finite(array):
        raise DataError(
            f"{path}: the numbers must be finite, found NaN or infinity: fetch it again"
        )
    return array


def _unpacked(path: FilePath, content: bytes, limit: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=BytesIO(content)) as file:
            unpacked = file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path}: must be a whole gzip file, found {error}: fetch it again"
        ) from None
    if len(unpacked) > limit:
        raise DataError(
            f"{path}: may unpack to at most {limit:,} bytes, found more: pass a larger limit if "
            "you trust it"
        )
    return unpacked


def _header(path: FilePath, content: bytes) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Return the dtype, the shape, and the number of bytes of the header."""
    start = content[:4]
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES:
        codes = ", ".join(map(str, TYPES))
        raise DataError(
            f"{path}: an IDX file must begin with two zero bytes and a type code of {codes}, found "
            f"{list(start)}: is it another format?"
        )
    axes = start[3]
    if not 1 <= axes <= MAX_AXES:
        raise DataError(
            f"{path}: an IDX file must have 1 to {MAX_AXES} axes, found {axes}: fetch it again"
        )
    end = 4 + 4 * axes
    if len(content) < end:
        raise DataError(
            f"{path}: the header of an IDX file with {axes} axes has {end} bytes, found "
            f"{len(content)}: fetch it again"
        )
    shape = tuple(np.frombuffer(content, ">u4", axes, offset=4).tolist())
    if 0 in shape:
        raise DataError(f"{path}: no axis may be empty, found shape {shape}: fetch it again")
    return np.dtype(TYPES[start[2]]), shape, end
