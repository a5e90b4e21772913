"""Reading untrusted HDF5 files: only the arrays that a schema lists, within limits."""

from __future__ import annotations

import math
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError
from ..utils.atomic_files import FilePath, read_bounded
from ..utils.typing import Array
from .hdf5_chunks import chunk_layout, find_corrupt_chunk
from .hdf5_schema import Limits, RuleViolation, Schema
from .hdf5_validation import (
    check_description,
    check_header,
    check_signature,
    check_values,
    open_dataset,
)

FREE_BYTES = 2**20  # a few labels, packed as tightly as gzip can, are no decompression bomb


class HDF5Contents(NamedTuple):
    """The arrays of a file by key, and the SHA-256 of the file in hexadecimal digits."""

    arrays: dict[str, Array]
    sha256: str


def read_hdf5(
    path: FilePath, schema: Schema, *, limit: int | Limits = Limits.max_bytes
) -> HDF5Contents:
    """Read arrays from an HDF5 file that is not trusted.

    Only the keys of `schema` are read; everything else in the file is ignored.

    Parameters
    ----------
    path : path-like
        The HDF5 file.
    schema : mapping of str to Field
        The expected array under each key. The keys are plain names at the top level of the file.
    limit : int or Limits, default 256 MiB
        The largest allowed number of bytes of the file, and of its arrays together; or all the
        limits.

    Returns
    -------
    HDF5Contents
        A named tuple: `arrays`, a dict of ndarray in the order of `schema`, and `sha256`, the
        digest of the file in hexadecimal digits.

    Raises
    ------
    MissingDataError
        If the file does not exist.
    DataError
        If the file is not HDF5, is damaged, does not match `schema`, or is above a limit.

    See Also
    --------
    Field : The expected shape and type of one array.
    Limits : Upper bounds on what a file may contain.

    Examples
    --------
    >>> import tempfile
    >>> from minidl.data import Field, read_hdf5, write_cats
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path, _ = write_cats(folder)
    ...     arrays, sha256 = read_hdf5(path, {"train_set_y": Field(("m",), kinds="i")})
    >>> arrays["train_set_y"].shape
    (209,)
    """
    import hashlib

    file = HDF5File(path, limit=limit)
    return HDF5Contents(file.read(schema), hashlib.sha256(file.content).hexdigest())


class HDF5File:
    """An HDF5 file in memory.

    All reads see the same bytes, even if the file on the disk changes, and the limits apply to all
    of them together.
    """

    def __init__(
        self,
        path: FilePath,
        *,
        limit: int | Limits = Limits.max_bytes,
        limit_name: str = "limit",
    ) -> None:
        self.path = path
        self._cure = f"pass a larger {limit_name} if you trust the file"
        self.limits = limit if isinstance(limit, Limits) else Limits(max_bytes=limit)
        self.content = read_bounded(path, self.limits.max_bytes, "a data file", self._cure)
        check_signature(path, self.content, len(self.content))
        self._unpacked_bytes = 0

    def read(self, schema: Schema) -> dict[str, Array]:
        """Return the arrays of `schema`; raise `DataError` if one of them does not match."""
        import h5py

        key = "/"
        datasets: dict[str, Any] = {}
        arrays: dict[str, Array] = {}
        # For each letter of the schema: the first key that has it, and its length there.
        lengths: dict[int | str, tuple[str, int]] = {}
        try:
            with h5py.File(BytesIO(self.content), "r") as file:
                check_header(file, self.limits)
                for key, field in schema.items():
                    dataset = datasets[key] = open_dataset(file, key)
                    check_description(dataset, field, self.limits)
                    for letter, length in zip(field.shape, dataset.shape, strict=True):
                        first_key, first_length = lengths.setdefault(letter, (key, length))
                        if length != first_length:
                            raise RuleViolation(
                                f"it must be as long as {first_key} ({first_length}), "
                                f"found length {length}: give one label per example"
                            )
                self._count_bytes(sum(math.prod(chunk_layout(data)) for data in datasets.values()))
                for key, dataset in datasets.items():
                    if dataset.chunks:
                        self._check_chunks(dataset)
                    arrays[key] = np.asarray(dataset[()])
                    check_values(arrays[key], schema[key], lengths)
        except DataError:
            raise
        except RuleViolation as violation:
            raise self._error(key, str(violation)) from None
        except MemoryError as error:
            raise self._error(
                key, "must fit into memory, found too little of it: read a part of the data"
            ) from error
        except Exception as error:  # a damaged file makes h5py raise nearly anything
            raise self._error(
                key, f"must be complete, found it truncated or damaged ({error}): download it again"
            ) from error
        return arrays

    def _check_chunks(self, dataset: Any) -> None:
        corrupt_chunk = find_corrupt_chunk(dataset, self.content)
        if corrupt_chunk:
            raise RuleViolation(
                "each chunk must have its full size once it is unpacked, "
                f"found {corrupt_chunk}: download the file again"
            )

    def _count_bytes(self, n_bytes: int) -> None:
        self._unpacked_bytes += n_bytes
        file_bytes = len(self.content)
        allowed = min(self.limits.max_bytes, FREE_BYTES + int(self.limits.max_ratio * file_bytes))
        if self._unpacked_bytes > allowed:
            raise DataError(
                f"{self.path}: the arrays may have {allowed:,} bytes in a file of {file_bytes:,}, "
                f"found {self._unpacked_bytes:,}: {self._cure}"
            )

    def _error(self, key: str, message: str) -> DataError:
        return DataError(f"{self.path}, key {key[:80]!r}: {message}")
