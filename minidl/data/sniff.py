"""Reads the bytes of a file that claims to be HDF5, or says what it is instead."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..errors import DataError, MissingDataError

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HEAD = 1024

# What lies under a data file's name in practice. Text is compared in lower case, after leading blanks.
_IMPOSTORS = (
    (b"version https://git-lfs", "a Git-LFS pointer instead of the data", "run `git lfs pull` in the repository it came from"),
    (b"<!doctype html", "a web page (HTML)", "download the raw file, not the page that shows it"),
    (b"<html", "a web page (HTML)", "download the raw file, not the page that shows it"),
    (b"pk\x03\x04", "a zip archive", "unpack it first"),
    (b"\x1f\x8b", "a gzip-compressed file", "unpack it with gunzip first"),
)


def read_bytes(path: str | os.PathLike[str], limit: int) -> bytes:
    """Return all bytes of the HDF5 file at `path`, which is at most `limit` bytes long.

    Raises
    ------
    MissingDataError
        If there is no such file.
    DataError
        If it is not a regular file, too large, empty, unreadable, or not HDF5; the message says what it is.
    """
    try:
        size = _regular_size(path, limit)
        with open(path, "rb") as file:
            head = file.read(_HEAD)
            _check_head(path, head, size)
            return head + file.read(limit - len(head))
    except DataError:
        raise
    except FileNotFoundError:
        raise MissingDataError(f"{path}: a data file must be here, found none: put it there or pass another folder") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: a data file must be readable, {error}: check the path and its permissions") from error


def _regular_size(path: str | os.PathLike[str], limit: int) -> int:
    found = Path(path).stat()
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe or device"
        raise DataError(f"{path}: a data file must be a regular file, found {kind}: pass the path of the .h5 file itself")
    if found.st_size > limit:
        raise DataError(f"{path}: a data file may have {limit:,} bytes, found {found.st_size:,}: pass a larger limit if you trust it")
    return found.st_size


def _check_head(path: str | os.PathLike[str], head: bytes, size: int) -> None:
    if head.startswith(HDF5_SIGNATURE):
        return
    if not head:
        raise DataError(f"{path}: a data file must be HDF5, found an empty file: fetch it again")
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, what, cure in _IMPOSTORS:
        if plain.startswith(start):
            raise DataError(f"{path}: a data file must be HDF5, found {what}, {size:,} bytes: {cure}")
    raise DataError(f"{path}: a data file must begin with the HDF5 signature, found {head[:8]!r}: fetch the original file again")
