"""Shapes and digests of a training set, by which a training that resumes knows its data."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..utils.sparse_rows import SparseRows
from .batch import Batch
from .out_of_core import READ_BYTES, ArraySource, chunk_ranges, is_out_of_core

SAMPLED_ROWS = 64
"""Rows of a file that are read: each may cost a chunk, and an epoch reads all."""


def describe_data(data: Batch, dtype: np.dtype[Any]) -> dict[str, Any]:
    """Return what identifies the rows of a training or validation set.

    Parameters
    ----------
    data : Batch
        All examples, targets and weights: arrays, or `ArraySource` objects.
    dtype : numpy.dtype
        The dtype in which the model takes x.

    Returns
    -------
    dict
        JSON-compatible values: "X" and "Y", each as `describe_array` returns it, and "weights",
        which is None if there are none.

    Examples
    --------
    >>> import numpy as np
    >>> data = Batch(np.zeros((5, 2)), np.ones((5, 1)))
    >>> description = describe_data(data, np.dtype(np.float32))
    >>> description["X"]["shape"], description["weights"]
    ([5, 2], None)
    """
    weights = data.sample_weight
    return {
        "X": describe_array(data.x, dtype),
        "Y": describe_array(data.y, data.y.dtype),
        "weights": None if weights is None else describe_array(weights, weights.dtype),
    }


def describe_array(values: Any, dtype: np.dtype[Any]) -> dict[str, Any]:
    """Return the shape and the SHA-256 of an array, in the dtype in which it is used.

    Parameters
    ----------
    values : ndarray, SparseRows, LazyTargets or ArraySource of shape (m, ...)
        The array. If its data is not in memory, `SAMPLED_ROWS` of its rows are read.
    dtype : numpy.dtype
        The dtype: a file and an array, or float64 and float32 numbers, may be the same data.

    Returns
    -------
    dict
        "shape"; "sha256" of all rows; for data that is not in memory "sampled_sha256" instead, and
        "file": size and time stamp of the file, None where they are not known. For `SparseRows`
        also "sparse": their hash is not that of the same numbers in an array.
    """
    m = len(values)
    shape = [int(n) for n in values.shape]
    if isinstance(values, SparseRows):
        return {"shape": shape, "sha256": _sha256_of_sparse(values, dtype), "sparse": True}
    is_source = isinstance(values, ArraySource)

    def rows(start: int, stop: int) -> Any:
        return values.read(start, stop) if is_source else values[start:stop]

    if is_source and is_out_of_core(values.values):
        last = SAMPLED_ROWS - 1
        numbers = sorted({i * (m - 1) // last for i in range(SAMPLED_ROWS)})
        digest = _sha256((rows(number, number + 1) for number in numbers), dtype)
        return {"shape": shape, "sampled_sha256": digest, "file": _file_stamp(values.values)}
    bytes_per_row = math.prod(shape[1:]) * dtype.itemsize
    ranges = chunk_ranges(0, m, max(1, READ_BYTES // max(1, bytes_per_row)))
    return {"shape": shape, "sha256": _sha256((rows(*limits) for limits in ranges), dtype)}


def _sha256(blocks: Iterable[Any], dtype: np.dtype[Any]) -> str:
    sha256 = hashlib.sha256()
    with np.errstate(under="ignore"):
        for block in blocks:
            sha256.update(np.ascontiguousarray(block, dtype.newbyteorder("<")).data)
    return sha256.hexdigest()


def _sha256_of_sparse(rows: SparseRows, dtype: np.dtype[Any]) -> str:
    """Return the SHA-256 of all that is not 0: some zeros may be stored or not."""
    csr = rows.astype(dtype).csr.copy()
    csr.eliminate_zeros()
    places = np.dtype(np.int64)
    parts = (csr.indptr, places), (csr.indices, places), (csr.data, dtype)
    digests = "".join(_sha256([part], kind) for part, kind in parts)
    return hashlib.sha256(digests.encode()).hexdigest()


def _file_stamp(values: Any) -> dict[str, int | None]:
    """Return size and time stamp of the file in which out-of-core data lie."""
    file = getattr(values, "file", None)  # of an HDF5 dataset
    path = getattr(values if file is None else file, "filename", None)
    try:
        status = os.stat(path)  # type: ignore[arg-type]  # None is a TypeError
    except (OSError, TypeError, ValueError):
        return {"bytes": None, "modified": None}
    # HDF5 writes to a file that is open for writing when it is closed, even if nothing changed.
    is_final = getattr(file, "mode", "r") == "r"
    if not is_final:
        return {"bytes": None, "modified": None}
    return {"bytes": status.st_size, "modified": status.st_mtime_ns}
