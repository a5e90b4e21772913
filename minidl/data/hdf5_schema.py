"""The expected content of an HDF5 file, and the limits on its size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Limits:
    """Upper bounds on what an HDF5 file may contain.

    Parameters
    ----------
    max_bytes : int, default 256 MiB
        Bytes of the file, and of all its arrays together once they are unpacked.
    max_ratio : float, default 100.0
        How many times larger than the file its unpacked arrays may be, beyond 1 MiB.
    max_header_bytes : int, default 64 KiB
        Bytes of the description of one dataset, with its attributes.
    max_chunks : int, default 65,536
        Number of chunks in which one array is stored.

    See Also
    --------
    read_hdf5 : Read arrays from an HDF5 file.

    Examples
    --------
    >>> from minidl.data import Limits
    >>> Limits(max_bytes=10**9).max_chunks
    65536
    """

    max_bytes: int = 256 * 2**20
    max_ratio: float = 100.0
    max_header_bytes: int = 64 * 2**10
    max_chunks: int = 2**16


@dataclass(frozen=True)
class Field:
    """The expected shape and type of one array of an HDF5 file.

    Parameters
    ----------
    shape : tuple of int or str
        The expected shape. A letter stands for any length >= 1, which must be the same everywhere
        in the schema.
    kinds : str
        The allowed values of `numpy.dtype.kind`, out of "iufS".
    itemsize : int, optional
        The expected bytes per element; by default any number up to 64.
    index_into : str, optional
        A letter of the schema: the values must be indices into an axis of that length.
    max_elements : int, optional
        The largest allowed number of elements; by default only `Limits` applies.
    finite : bool, default True
        Whether NaN and infinity are refused.

    See Also
    --------
    read_hdf5 : Read arrays from an HDF5 file.

    Examples
    --------
    >>> from minidl.data import Field
    >>> schema = {
    ...     "images": Field(("m", 64, 64, 3), kinds="u", itemsize=1),
    ...     "labels": Field(("m",), kinds="iu", index_into="k"),
    ...     "classes": Field(("k",), kinds="S"),
    ... }
    """

    shape: tuple[int | str, ...]
    kinds: str
    itemsize: int | None = None
    index_into: str | None = None
    max_elements: int | None = None
    finite: bool = True


Schema: TypeAlias = Mapping[str, Field]


class RuleViolation(Exception):
    """The rule that a dataset violates, what was found, and the cure, as one message."""
