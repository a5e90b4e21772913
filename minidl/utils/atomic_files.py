"""Size-limited reads and atomic writes."""

from __future__ import annotations

import errno
import os
import platform
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import DataError, MissingDataError

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there, so nothing is removed
    fcntl = None  # type: ignore[assignment]


FilePath = str | os.PathLike[str]


_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(
    os, "O_NOCTTY", 0
)  # opening a pipe would wait for somebody to write into it


def read_bounded(
    path: FilePath,
    limit: int,
    what: str = "a file",
    cure: str = "pass a larger limit if you trust it",
) -> bytes:
    """Return all bytes of a regular file that has at most `limit` of them; `what` and `cure` are words for the messages.

    Raises
    ------
    MissingDataError, DataError
        If there is none, or it is no regular file (nothing waits for a pipe), too large, unreadable, or changes meanwhile.
    """

    def size_of(found: os.stat_result) -> int:
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe or device"
            raise DataError(
                f"{path}: {what} must be a regular file, found {kind}: pass the path of a file"
            )
        if found.st_size > limit:
            raise DataError(
                f"{path}: {what} may have {limit:,} bytes, found {found.st_size:,}: {cure}"
            )
        return found.st_size

    try:
        size_of(os.stat(path))  # before it is opened: opening a device can have effects
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _AT_ONCE)) as file:
            before = os.fstat(file.fileno())
            size = size_of(before)  # of what was opened, in case the name leads elsewhere by now
            content = file.read(size + 1)
            after = os.fstat(file.fileno())
    except DataError:
        raise
    except FileNotFoundError:
        raise MissingDataError(f"{path}: {what} must be here, found none: check the path") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {what} must be readable, {error}: check the path") from error
    if len(content) != size or (after.st_size, after.st_mtime_ns) != (size, before.st_mtime_ns):
        raise DataError(
            f"{path}: {what} must not change while it is read: read it again once it is complete"
        )
    return content


def atomic_write(path: FilePath, content: bytes) -> Path:
    """Write a file, so that under its name lies the whole old file or the whole new one at any moment; return the path.

    The old mode is kept, a link is followed. A `DataError` leaves the old file and nothing else.
    """
    with _errors_told(path):
        goal = Path(os.path.realpath(path))
        mode = _mode(goal)
        remove_stale_temp_files(goal.parent)
        number = 0
        while not _written(
            goal.parent / f"{_prefix()}{os.getpid()}-{number}.part", goal, content, mode
        ):
            number += 1
    try:  # the name, too, is to outlast a loss of power
        handle = os.open(goal.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in (
            errno.EINVAL,
            errno.EACCES,
            errno.EPERM,
        ):  # some systems have no such thing for folders
            raise DataError(
                f"{goal}: is written, but may not outlast a loss of power, {error}: check the disk, write again"
            ) from error
    return Path(path)


def make_folder(folder: FilePath) -> Path:
    """Make a folder where there is none, remove what killed processes left in it, and return its path."""
    with _errors_told(folder):
        os.makedirs(folder, exist_ok=True)
    remove_stale_temp_files(folder)
    return Path(folder)


def remove_stale_temp_files(folder: FilePath) -> list[Path]:
    """Remove the temporary files that killed processes of this computer left in a folder, and return their paths."""
    prefix, removed = _prefix(), []
    with suppress(OSError):  # a courtesy: what matters fails where it is done
        for path in [Path(folder, name) for name in os.listdir(folder) if name.startswith(prefix)]:
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
        raise DataError(
            f"{path}: cannot be written, {told}: choose a place with room that you may write to"
        ) from error


def _mode(goal: Path) -> int | None:
    try:
        old = os.stat(goal)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(old.st_mode):
        raise DataError(
            f"{goal}: cannot be written, found a folder, pipe or device of that name: choose another name"
        )
    return stat.S_IMODE(old.st_mode)


def _prefix() -> str:
    # With the computer's name: on a shared disk, the locks of another computer are not always seen.
    return f".minidl-{re.sub(r'[^A-Za-z0-9.]', '_', platform.node())[:64]}-"


def _written(temporary: Path, goal: Path, content: bytes, mode: int | None) -> bool:
    """Write `goal` by way of `temporary`; return False where another has that, or took it for a leftover before it was locked."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(
            temporary, flags, 0o666 if mode is None else 0o600
        )  # what will be private is so from the start
    except FileExistsError:
        return False
    try:
        try:
            if _lock(handle) is False or not os.fstat(handle).st_nlink:
                return False
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(handle, rest) :]
            if mode is not None and stat.S_IMODE(os.fstat(handle).st_mode) != mode:
                os.chmod(handle, mode)
            os.fsync(handle)
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
    return True


def _lock(handle: int) -> bool | None:
    """Take a lock; return whether it was free, None where there are none."""
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
    handle = os.open(path, os.O_RDWR | _AT_ONCE | getattr(os, "O_NOFOLLOW", 0))
    try:
        # Who writes holds a lock; what has got its name since it was seen is another file.
        if not _lock(handle) or not os.path.samestat(os.fstat(handle), os.lstat(path)):
            return False
        os.unlink(path)
        return True
    finally:
        os.close(handle)
