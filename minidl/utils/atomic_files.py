"""Size-limited reads and atomic writes.

A file is written to a temporary file in the same folder, flushed to the disk and renamed. While it
is written, the temporary file is locked: one that is not locked belongs to a process that was
killed, and is removed by the next writer on this computer.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from ..errors import ArgumentError, DataError, MissingDataError
from .source_files import is_source_file

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there, so no stale file is removed
    fcntl = None  # type: ignore[assignment]


FilePath = str | os.PathLike[str]

# Opening a pipe would otherwise wait until another process writes into it.
_NONBLOCKING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)

_ATTEMPTS = 1000
"""Temporary files that are tried: each name is new, so that only a lock that never comes fails."""

_numbers = count()  # a name that this process has used once is never used again

# What fsync of a folder raises on systems that do not support it.
_FOLDER_SYNC_UNSUPPORTED = (errno.EINVAL, errno.EACCES, errno.EPERM)


def read_bounded(
    path: FilePath,
    limit: int,
    description: str = "a file",
    cure: str = "pass a larger limit if you trust it",
) -> bytes:
    """Return the content of a regular file of limited size.

    Parameters
    ----------
    path : path-like
        The file; a symbolic link is followed.
    limit : int
        Maximum number of bytes.
    description : str, default "a file"
        What the file should be, for the messages, such as "a CSV file".
    cure : str, optional
        What to do if the file is too large, for the message.

    Returns
    -------
    bytes
        The whole content.

    Raises
    ------
    ArgumentError
        If the path is no path, such as True.
    MissingDataError
        If the file does not exist.
    DataError
        If it is not a regular file (a pipe does not block), too large or unreadable, or if it
        changes while it is read.
    """

    def checked_size(status: os.stat_result) -> int:
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or device"
            raise DataError(
                f"{path}: {description} must be a regular file, found {kind}: "
                "pass the path of a file"
            )
        if status.st_size > limit:
            raise DataError(
                f"{path}: {description} may have at most {limit:,} bytes, "
                f"found {status.st_size:,}: {cure}"
            )
        return status.st_size

    if not isinstance(path, str | bytes | os.PathLike):
        # To `open`, an integer or True is a file that is open, such as stdout, and is closed then.
        rule = f"{description} must be given by its path, a str or path-like"
        raise ArgumentError(f"{rule}, got {path!r}")
    try:
        checked_size(os.stat(path))  # before opening it: opening a device can have effects
        with open(path, "rb", opener=_open_nonblocking) as file:
            before = os.fstat(file.fileno())
            size = checked_size(before)  # again: the path may lead to another file by now
            content = file.read(size + 1)
            after = os.fstat(file.fileno())
    except DataError:
        raise
    except FileNotFoundError:
        raise MissingDataError(
            f"{path}: {description} is expected here, file not found: check the path"
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: {description} must be readable, got {error}: check the path"
        ) from error
    if len(content) != size or (after.st_size, after.st_mtime_ns) != (size, before.st_mtime_ns):
        raise DataError(
            f"{path}: {description} must not change while it is read: "
            "read it again once it is complete"
        )
    return content


def _open_nonblocking(path: str, flags: int) -> int:
    return os.open(path, flags | _NONBLOCKING)


def atomic_write(path: FilePath, content: bytes) -> Path:
    """Write a file atomically: at any moment, the path holds the whole old or the whole new file.

    Parameters
    ----------
    path : path-like
        The file. An existing file keeps its permissions; a symbolic link is followed.
    content : bytes
        The whole content.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    DataError
        If the file cannot be written, is read-only, or is one that is being trained from; the old
        file is unchanged then, and no temporary file remains.
    """
    with _os_error_as_data_error(path):
        target = real_path(path)
        mode = _existing_mode(target)
        remove_stale_temp_files(target.parent)
        for _ in range(_ATTEMPTS):
            if _write_via_temporary(_new_temporary(target.parent), target, content, mode):
                break
        else:
            raise DataError(
                f"{path}: cannot be written, no temporary file in its folder could be locked in "
                f"{_ATTEMPTS:,} attempts: choose a folder on another disk"
            )
    _flush_folder(target)
    return Path(path)


def check_writable(path: FilePath) -> None:
    """Raise `DataError` if `atomic_write` could not write a file now.

    The folder of the file is created, with its parents.

    Parameters
    ----------
    path : path-like
        The file, which is not touched.

    Raises
    ------
    DataError
        As from `atomic_write`.
    """
    make_folder(Path(path).parent)
    with _os_error_as_data_error(path):
        target = real_path(path)
        _existing_mode(target)
        _try_new_file(target.parent)


def check_folder(folder: FilePath) -> Path:
    """Create a folder as `make_folder` does, and raise `DataError` if no file can be written there.

    Parameters
    ----------
    folder : path-like
        The folder; its parents are created too.

    Returns
    -------
    Path
        The path of the folder.

    Raises
    ------
    DataError
        If the folder cannot be created, or no file in it.
    """
    make_folder(folder)
    with _os_error_as_data_error(folder):
        _try_new_file(Path(folder))
    return Path(folder)


def real_path(path: FilePath) -> Path:
    """Return the path without symbolic links; raise `DataError` if there is no such path."""
    with _os_error_as_data_error(path):
        return Path(os.path.realpath(path))


def _try_new_file(folder: Path) -> None:
    # Nothing else tells for sure: root may write anywhere, but not on a disk that is read-only.
    for _ in range(_ATTEMPTS):
        temporary = _new_temporary(folder)
        with suppress(FileExistsError):
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            with suppress(FileNotFoundError):  # who looked for stale files may have removed it
                os.unlink(temporary)
            return


def _flush_folder(target: Path) -> None:
    """Flush the folder of a new file, so that its name also outlasts a power failure."""
    try:
        handle = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _FOLDER_SYNC_UNSUPPORTED:
            raise DataError(
                f"{target}: was written, but may not outlast a power failure, got {error}: "
                "check the disk and write again"
            ) from error


def make_folder(folder: FilePath) -> Path:
    """Create a folder if it does not exist, and remove stale temporary files from it.

    Parameters
    ----------
    folder : path-like
        The folder; its parents are created too.

    Returns
    -------
    Path
        The path of the folder.

    Raises
    ------
    DataError
        If the folder cannot be created.
    """
    with _os_error_as_data_error(folder):
        os.makedirs(folder, exist_ok=True)
    remove_stale_temp_files(folder)
    return Path(folder)


def remove_stale_temp_files(folder: FilePath) -> list[Path]:
    """Remove temporary files that killed processes of this computer left in a folder.

    Parameters
    ----------
    folder : path-like
        The folder; nothing happens if it does not exist.

    Returns
    -------
    list of Path
        The files that were removed.
    """
    # The whole name, not its beginning: a file of the user's may begin like it.
    is_temporary = re.compile(f"{re.escape(_temp_prefix())}[1-9][0-9]*-(0|[1-9][0-9]*)[.]part")
    removed: list[Path] = []
    with suppress(OSError):  # only tidying up: an error that matters is raised by the write itself
        names = [name for name in os.listdir(folder) if is_temporary.fullmatch(name)]
        for path in (Path(folder, name) for name in names):
            with suppress(OSError):
                if _remove_if_unlocked(path):
                    removed.append(path)
    return removed


@contextmanager
def _os_error_as_data_error(path: FilePath) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except (OSError, ValueError) as error:
        # `strerror` does not name the temporary file.
        reason = getattr(error, "strerror", None) or error
        raise DataError(
            f"{path}: cannot be written, {reason}: "
            "choose a folder with free space and write permission"
        ) from error


def _existing_mode(target: Path) -> int | None:
    """Return the permissions of a file that may be replaced, None if there is none."""
    try:
        status = os.stat(target)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise DataError(
            f"{target}: cannot be written, found a folder, pipe or device of that name: "
            "choose another name"
        )
    mode = stat.S_IMODE(status.st_mode)
    # By the mode, too: the system lets root write anywhere.
    if not (mode & stat.S_IWUSR and os.access(target, os.W_OK)):
        raise DataError(
            f"{target}: must not be replaced, found a read-only file (mode {mode:o}): "
            "choose another name, or make it writable"
        )
    folder = os.stat(target.parent)
    is_sticky = bool(folder.st_mode & stat.S_ISVTX)  # such as /tmp
    if is_sticky and os.geteuid() not in (0, status.st_uid, folder.st_uid):
        raise DataError(
            f"{target}: must not be replaced, found a file of another user in a folder where only "
            "owners may do so: choose another name"
        )
    if is_source_file(status):
        raise DataError(
            f"{target}: must not be replaced, found the file that is being trained from: "
            "choose another name, or close it first"
        )
    return mode


def _temp_prefix() -> str:
    # With the computer's name: on a shared disk, locks of another computer are not always visible.
    return f".minidl-{re.sub(r'[^A-Za-z0-9.]', '_', platform.node())[:64]}-"


def _new_temporary(folder: Path) -> Path:
    return folder / f"{_temp_prefix()}{os.getpid()}-{next(_numbers)}.part"


def _write_via_temporary(temporary: Path, target: Path, content: bytes, mode: int | None) -> bool:
    """Write `content` to `temporary` and rename it to `target`.

    Returns False if the temporary file belongs to another writer, or if another writer removed it
    as stale before it was locked.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        # A file that will be private is private from the start.
        handle = os.open(temporary, flags, 0o666 if mode is None else 0o600)
    except FileExistsError:
        return False
    try:
        try:
            if _try_lock(handle) is False or not os.fstat(handle).st_nlink:
                with suppress(FileNotFoundError):
                    os.unlink(temporary)  # an error if it cannot be removed: else each attempt
                return False  # would leave a file
            remaining = memoryview(content)
            while remaining:
                remaining = remaining[os.write(handle, remaining) :]
            if mode is not None and stat.S_IMODE(os.fstat(handle).st_mode) != mode:
                os.chmod(handle, mode)
            os.fsync(handle)
            if fcntl is not None:
                os.replace(temporary, target)  # while it is locked
        finally:
            with suppress(OSError):  # its bytes are on the disk already
                os.close(handle)
        if fcntl is None:
            os.replace(temporary, target)  # Windows cannot rename an open file
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    return True


def _try_lock(handle: int) -> bool | None:
    """Lock a file; return whether that succeeded, None if locks are not supported."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _remove_if_unlocked(path: Path) -> bool:
    handle = os.open(path, os.O_RDWR | _NONBLOCKING | getattr(os, "O_NOFOLLOW", 0))
    try:
        status = os.fstat(handle)
        # A writer holds a lock. The path may also belong to a newer file by now.
        if not (
            stat.S_ISREG(status.st_mode)
            and _try_lock(handle)
            and os.path.samestat(status, os.lstat(path))
        ):
            return False
        os.unlink(path)
        return True
    finally:
        os.close(handle)
