"""Reads the bytes of a file that claims to be HDF5, or says what it is instead."""

from __future__ import annotations

from ..errors import DataError
from ..files import FilePath, read_whole

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"

# What lies under a data file's name in practice. Text is compared in lower case, after leading blanks.
_IMPOSTORS = (
    (b"version https://git-lfs", "a Git-LFS pointer instead of the data", "run `git lfs pull` in the repository it came from"),
    (b"<!doctype html", "a web page (HTML)", "download the raw file, not the page that shows it"),
    (b"<html", "a web page (HTML)", "download the raw file, not the page that shows it"),
    (b"pk\x03\x04", "a zip archive", "unpack it first"),
    (b"\x1f\x8b", "a gzip-compressed file", "unpack it with gunzip first"),
)


def read_bytes(path: FilePath, limit: int) -> bytes:
    """Return all bytes of the HDF5 file at `path`, which is at most `limit` bytes long.

    Raises
    ------
    MissingDataError
        If there is no such file.
    DataError
        If it is not a regular file, too large, empty, unreadable, or not HDF5; the message says what it is.
    """
    content = read_whole(path, limit, "a data file")
    check_signature(path, content, len(content))
    return content


def check_signature(name: FilePath, head: bytes, size: int) -> None:
    """Raise `DataError` unless `head`, the beginning of a file of `size` bytes called `name`, is that of HDF5."""
    if head.startswith(HDF5_SIGNATURE):
        return
    if not head:
        raise DataError(f"{name}: a data file must be HDF5, found an empty file: fetch it again")
    plain = head[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, what, cure in _IMPOSTORS:
        if plain.startswith(start):
            raise DataError(f"{name}: a data file must be HDF5, found {what}, {size:,} bytes: {cure}")
    raise DataError(f"{name}: a data file must begin with the HDF5 signature, found {head[:8]!r}: fetch the original file again")
