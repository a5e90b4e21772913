"""Files: read whole and at most so large, written whole or not at all.

A file is written beside its goal, brought to the disk, and only then gets its name: whatever fails, and whenever the process is killed,
under the name lies the whole old file or the whole new one. What a killed process leaves behind is removed at the next write.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import DataError, MissingDataError

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there, so nothing is removed
    fcntl = None  # type: ignore[assignment]

FilePath = str | os.PathLike[str]

# Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def read_whole(path: FilePath, limit: int, what: str = "a file", cure: str = "pass a larger limit if you trust it") -> bytes:
    """Return all bytes of a regular file that has at most `limit` of them; `what` and `cure` are words for the messages.

    Raises
    ------
    MissingDataError
        If there is no such file.
    DataError
        If it is no regular file (nothing waits for a pipe), too large, unreadable, or changes while it is read.
    """
    try:
        _regular_size(path, os.stat(path), limit, what, cure)  # before it is opened: opening a device can have effects
        handle = os.open(path, _READ)
        try:
            before = os.fstat(handle)  # and of what was opened, in case the name leads elsewhere by now
            size = _regular_size(path, before, limit, what, cure)
            content = b"".join(_pieces(handle, size + 1))
            after = os.fstat(handle)
        finally:
            os.close(handle)
    except DataError:
        raise
    except FileNotFoundError:
        raise MissingDataError(f"{path}: {what} must be here, found none: check the path") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {what} must be readable, {error}: check the path and its permissions") from error
    if len(content) != size or (after.st_size, after.st_mtime_ns) != (size, before.st_mtime_ns):
        raise DataError(f"{path}: {what} must stay as it is while it is read, found it changing: read it again once it is complete")
    return content


def _regular_size(path: FilePath, found: os.stat_result, limit: int, what: str, cure: str) -> int:
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe or device"
        raise DataError(f"{path}: {what} must be a regular file, found {kind}: pass the path of the file itself")
    if found.st_size > limit:
        raise DataError(f"{path}: {what} may have {limit:,} bytes, found {found.st_size:,}: {cure}")
    return found.st_size


def _pieces(handle: int, most: int) -> Iterator[bytes]:
    while most and (piece := os.read(handle, most)):
        most -= len(piece)
        yield piece


def write_whole(path: FilePath, content: bytes) -> Path:
    """Write a file, so that under its name lies the whole old file or the whole new one at any moment; return the path.

    The mode of an old file is kept. Through a symbolic link, the file that it leads to is replaced.

    Raises
    ------
    DataError
        If the file cannot be written; then the old one is as it was, and nothing else is left.
    """
    with _errors_told(path):
        goal = Path(os.path.realpath(path))
        mode = _mode(goal)
        remove_leftovers(goal.parent)
        handle, temporary = _claim(goal.parent, mode)
        try:
            try:
                _fill(handle, content, mode)
                if fcntl is not None:
                    os.replace(temporary, goal)  # while it is locked
            finally:
                with suppress(OSError):  # its bytes are on the disk already
                    os.close(handle)
            if fcntl is None:
                os.replace(temporary, goal)  # Windows renames no open file
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    _bring_to_disk(goal)
    return Path(path)


def make_folder(folder: FilePath) -> Path:
    """Make a folder where there is none, remove what killed processes left in it, and return its path.

    Raises
    ------
    DataError
        If it cannot be made.
    """
    with _errors_told(folder):
        os.makedirs(folder, exist_ok=True)
    remove_leftovers(folder)
    return Path(folder)


def remove_leftovers(folder: FilePath) -> list[Path]:
    """Remove the temporary files that killed processes of this computer left in a folder, and return their paths.

    Who writes holds a lock on its file, which ends with the process however it ends: a file in the making is never removed,
    whatever its name says.
    """
    removed = []
    with suppress(OSError):  # a courtesy: what matters fails where it is done
        with os.scandir(folder) as entries:
            found = [Path(entry.path) for entry in entries if entry.name.startswith(_prefix())]
        for path in found:
            with suppress(OSError):
                if _remove_unless_held(path):
                    removed.append(path)
    return removed


@contextmanager
def _errors_told(path: FilePath) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or error  # without the name of the temporary file
        raise DataError(f"{path}: cannot be written, {told}: choose a place that you may write to, with enough room") from error


def _mode(goal: Path) -> int | None:
    """Return the mode of the old file, None where there is none."""
    try:
        old = os.stat(goal)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(old.st_mode):
        raise DataError(f"{goal}: cannot be written, found a folder, pipe or device of that name: choose another name")
    return stat.S_IMODE(old.st_mode)


def _prefix() -> str:
    # With the computer's name: on a shared disk, the locks of another computer are not always seen.
    return f".minidl-{re.sub(r'[^A-Za-z0-9.]', '_', platform.node())[:64]}-"


def _claim(folder: Path, mode: int | None) -> tuple[int, Path]:
    """Create a temporary file that nobody else holds, and lock it."""
    number = -1
    while True:
        number += 1
        temporary = folder / f"{_prefix()}{os.getpid()}-{number}.part"
        try:
            # What will be private is private from the start.
            handle = os.open(temporary, _CREATE, 0o666 if mode is None else 0o600)
        except FileExistsError:
            continue
        try:
            if _lock(handle) is not False and os.fstat(handle).st_nlink:
                return handle, temporary
        except BaseException:
            os.close(handle)
            with suppress(OSError):
                os.unlink(temporary)
            raise
        os.close(handle)  # somebody took it for a leftover before it was locked: try another


def _lock(handle: int) -> bool | None:
    """Take a lock and return whether it was free, None where the file system has no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _remove_unless_held(path: Path) -> bool:
    handle = os.open(path, os.O_RDWR | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    try:
        # The same file still: one that has got its name since then is not to be touched.
        if not _lock(handle) or not os.path.samestat(os.fstat(handle), os.lstat(path)):
            return False
        os.unlink(path)
        return True
    finally:
        os.close(handle)


def _fill(handle: int, content: bytes, mode: int | None) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]
    if mode is not None and stat.S_IMODE(os.fstat(handle).st_mode) != mode:
        os.chmod(handle, mode)
    os.fsync(handle)


def _bring_to_disk(goal: Path) -> None:
    """Make the new name itself outlast a loss of power; some systems have no such thing for folders."""
    try:
        handle = os.open(goal.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except PermissionError:
        pass
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise DataError(
                f"{goal}: is written, but may not outlast a loss of power, {error}: check the disk, then write it again"
            ) from error
