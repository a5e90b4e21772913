"""Reads of limited size, and atomic writes.

In experiments/torture/faults.py every system call fails once, and once kills the process.
"""

import errno
import fcntl
import os
import signal
import stat
import threading

import pytest

from minidl.errors import DataError, MissingDataError
from minidl.utils import atomic_files
from minidl.utils.atomic_files import (
    atomic_write,
    make_folder,
    read_bounded,
    remove_stale_temp_files,
)


def leftover(folder, *, pid=1, host=None):
    """Put a file there as a killed process leaves it, and return its path."""
    prefix = atomic_files._temp_prefix() if host is None else f".minidl-{host}-"
    path = folder / f"{prefix}{pid}-0.part"
    path.write_bytes(b"half")
    return path


def test_all_bytes_come_back(tmp_path):
    content = bytes(range(256)) * 1000
    assert atomic_write(tmp_path / "a", content) == tmp_path / "a"
    assert read_bounded(tmp_path / "a", len(content)) == content
    assert read_bounded(str(tmp_path / "a"), 10**9) == content
    assert os.listdir(tmp_path) == ["a"]


def test_an_empty_file_is_a_file(tmp_path):
    assert read_bounded(atomic_write(tmp_path / "a", b""), 0) == b""


def test_a_file_over_the_limit_is_refused(tmp_path):
    path = atomic_write(tmp_path / "a", b"12345")
    with pytest.raises(DataError, match=r"a: a note may have at most 4 bytes, found 5: shorten it"):
        read_bounded(path, 4, "a note", "shorten it")


def test_a_missing_file_is_a_file_not_found_error(tmp_path):
    with pytest.raises(MissingDataError, match="file not found") as caught:
        read_bounded(tmp_path / "a", 10)
    assert isinstance(caught.value, FileNotFoundError)


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for path, kind in (
        (tmp_path, "a folder"),
        (tmp_path / "pipe", "a pipe"),
        (tmp_path / "link", "a pipe"),
        ("/dev/zero", "device"),
    ):
        with pytest.raises(DataError, match=f"must be a regular file, found .*{kind}"):
            read_bounded(path, 10**9)


def test_a_name_that_leads_elsewhere_after_it_was_looked_at_is_refused(tmp_path, monkeypatch):
    regular = atomic_write(tmp_path / "a", b"1")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(os, "stat", lambda path, real=os.stat: real(regular))
    with pytest.raises(DataError, match="must be a regular file, found a pipe"):
        read_bounded(tmp_path / "pipe", 10)


def test_a_link_to_a_file_is_read(tmp_path):
    atomic_write(tmp_path / "a", b"1")
    (tmp_path / "link").symlink_to("a")
    assert read_bounded(tmp_path / "link", 10) == b"1"


@pytest.mark.parametrize("change", [b"", b"12345678"], ids=["shorter", "longer"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch, change):
    path = atomic_write(tmp_path / "a", b"1234")

    def fstat(handle, real=os.fstat):
        found = real(handle)
        path.write_bytes(change)
        return found

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(DataError, match="must not change while it is read"):
        read_bounded(path, 100)


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_an_impossible_path_is_a_data_error(path):
    with pytest.raises(DataError, match="must be readable"):
        read_bounded(path, 10)
    with pytest.raises(DataError, match="cannot be written"):
        atomic_write(path, b"1")


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o755])
def test_the_mode_of_the_old_file_is_kept(tmp_path, mode):
    path = atomic_write(tmp_path / "a", b"old")
    path.chmod(mode)
    atomic_write(path, b"new")
    assert path.stat().st_mode & 0o7777 == mode
    assert path.read_bytes() == b"new"


def test_a_new_file_has_the_mode_of_any_new_file(tmp_path):
    old = os.umask(0o027)
    try:
        assert atomic_write(tmp_path / "a", b"1").stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(old)


def test_what_becomes_private_is_private_while_it_is_written(tmp_path, monkeypatch):
    path = atomic_write(tmp_path / "a", b"old")
    path.chmod(0o600)
    modes = []

    def write(handle, content, real=os.write):
        modes.append(os.fstat(handle).st_mode & 0o777)
        return real(handle, content)

    monkeypatch.setattr(os, "write", write)
    atomic_write(path, b"new")
    assert modes == [0o600]


def test_through_a_link_the_file_behind_it_is_replaced(tmp_path):
    (tmp_path / "real").mkdir()
    atomic_write(tmp_path / "real" / "a", b"old")
    (tmp_path / "link").symlink_to("real/a")
    atomic_write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "a").read_bytes() == b"new"


def test_a_write_in_pieces_is_completed(tmp_path, monkeypatch):
    monkeypatch.setattr(
        os, "write", lambda handle, content, real=os.write: real(handle, content[:3])
    )
    assert atomic_write(tmp_path / "a", b"1234567890").read_bytes() == b"1234567890"


def test_the_bytes_are_on_the_disk_before_the_name(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *words, name=name, real=real: (calls.append(name), real(*words))
        )
    atomic_write(tmp_path / "a", b"1")
    assert calls == ["fsync", "replace", "fsync"]  # of the file; of the folder that has the name


def failing(number):
    def fail(*words, **settings):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("name", ["open", "fstat", "write", "fsync", "replace", "chmod"])
def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, name):
    path = atomic_write(tmp_path / "a", b"old")
    path.chmod(0o604)
    with monkeypatch.context() as patched:
        patched.setattr(os, name, failing(errno.ENOSPC))
        with pytest.raises(
            DataError, match=r"a: cannot be written, No space left on device: choose a folder"
        ):
            atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_ctrl_c_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = atomic_write(tmp_path / "a", b"old")

    def interrupt(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("number", "told"),
    [(errno.EIO, "may not outlast a power failure"), (errno.EINVAL, None), (errno.EACCES, None)],
)
def test_a_folder_that_cannot_be_brought_to_the_disk(tmp_path, monkeypatch, number, told):
    """A fault of the disk is told; a system that knows no such thing for folders is not."""

    def fsync(handle, real=os.fsync):
        return failing(number)() if stat.S_ISDIR(os.fstat(handle).st_mode) else real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    if told:
        with pytest.raises(DataError, match=told):
            atomic_write(tmp_path / "a", b"1")
    else:
        atomic_write(tmp_path / "a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_not_replaced(tmp_path, make):
    make(tmp_path / "a")
    with pytest.raises(DataError, match="found a folder, pipe or device of that name"):
        atomic_write(tmp_path / "a", b"1")
    assert os.listdir(tmp_path) == ["a"]


def test_make_folder_makes_those_above_it_too(tmp_path):
    assert make_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert make_folder(tmp_path / "a" / "b").is_dir()
    atomic_write(tmp_path / "file", b"")
    with pytest.raises(DataError, match="file: cannot be written"):
        make_folder(tmp_path / "file")


@pytest.mark.parametrize(
    "clean",
    [remove_stale_temp_files, make_folder, lambda folder: atomic_write(folder / "a", b"1")],
    ids=["it", "start", "write"],
)
def test_what_a_killed_process_left_is_removed(tmp_path, clean):
    left = [leftover(tmp_path), leftover(tmp_path, pid=os.getpid()), leftover(tmp_path, pid=10**9)]
    clean(tmp_path)
    assert not any(path.exists() for path in left)


def test_remove_leftovers_says_what_it_removed(tmp_path):
    path = leftover(tmp_path)
    atomic_write(tmp_path / "kept", b"1")
    path.write_bytes(b"again")
    (tmp_path / ".minidl-notes").write_bytes(b"mine")
    assert remove_stale_temp_files(tmp_path) == [path]
    assert remove_stale_temp_files(tmp_path) == remove_stale_temp_files(tmp_path / "nowhere") == []
    assert sorted(os.listdir(tmp_path)) == [".minidl-notes", "kept"]


def test_what_a_living_process_writes_is_kept_whatever_its_number(tmp_path):
    """The number in the name is that of no process; the lock says that one is writing."""
    path = leftover(tmp_path, pid=10**9)
    with open(path, "rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert remove_stale_temp_files(tmp_path) == []
        assert path.exists()
    assert remove_stale_temp_files(tmp_path) == [path]


def test_what_another_computer_writes_is_kept(tmp_path):
    path = leftover(tmp_path, host="elsewhere")
    assert remove_stale_temp_files(tmp_path) == []
    assert path.exists()


def test_a_file_that_got_its_name_since_it_was_seen_is_kept(tmp_path, monkeypatch):
    """Another process renames its file and creates one of the old name before the removal."""
    path = leftover(tmp_path)

    def flock(handle, how, real=fcntl.flock):
        path.rename(tmp_path / "model.h5")
        path.write_bytes(b"another")
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    assert remove_stale_temp_files(tmp_path) == []
    assert (tmp_path / "model.h5").read_bytes() == b"half"
    assert path.read_bytes() == b"another"


def test_a_file_that_was_taken_for_a_leftover_before_it_was_locked_is_made_again(
    tmp_path, monkeypatch
):
    seen = []

    def flock(handle, how, real=fcntl.flock):
        if not seen:
            seen.extend(path for path in tmp_path.iterdir())
            seen[0].unlink()
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    assert atomic_write(tmp_path / "a", b"1").read_bytes() == b"1"
    assert seen
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize(
    "fault", [BlockingIOError, OSError], ids=["another has it", "no locks here"]
)
def test_a_lock_that_is_not_to_be_had_does_not_stop_a_write(tmp_path, monkeypatch, fault):
    faults = [fault]

    def flock(handle, how, real=fcntl.flock):
        if faults:
            raise faults.pop()
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    atomic_write(tmp_path / "a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"


def test_without_locks_nothing_is_removed_and_all_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic_files, "fcntl", None)
    path = leftover(tmp_path)
    atomic_write(tmp_path / "a", b"1")
    assert sorted(os.listdir(tmp_path)) == sorted([path.name, "a"])


def test_threads_that_write_one_file_leave_one_whole(tmp_path):
    contents = [bytes([n]) * 100_000 for n in range(4)]

    def write(content):
        for _ in range(10):
            atomic_write(tmp_path / "a", content)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "a").read_bytes() in contents
    assert os.listdir(tmp_path) == ["a"]


def test_a_killed_process_leaves_the_old_file(tmp_path):
    """A process that ends while it writes; experiments/torture/kill.py kills a thousand."""
    import subprocess
    import sys

    path = atomic_write(tmp_path / "a", b"old")
    code = "import os, signal, sys; from minidl.utils import atomic_files as files"
    code += "; files.os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)"
    code += "; files.atomic_write(sys.argv[1], b'new')"
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert len(os.listdir(tmp_path)) == 2
    make_folder(tmp_path)
    assert os.listdir(tmp_path) == ["a"]
