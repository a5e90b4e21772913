"""Reads of limited size, and atomic writes.

In experiments/torture/faults.py each system call fails once, and is the last one once.
"""

import errno
import fcntl
import os
import signal
import stat
import threading

import numpy as np
import pytest

from minidl.errors import ArgumentError, DataError, MissingDataError
from minidl.utils import atomic_files
from minidl.utils.atomic_files import (
    atomic_write,
    check_folder,
    check_writable,
    make_folder,
    read_bounded,
    remove_stale_temp_files,
)
from minidl.utils.source_files import note_source_files


def write_stale_file(folder, *, pid=1, host=None):
    """Write a temporary file as a killed process leaves it; return its path."""
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


def test_an_empty_file_is_written_and_read(tmp_path):
    assert read_bounded(atomic_write(tmp_path / "a", b""), 0) == b""


def test_a_file_over_the_limit_is_refused(tmp_path):
    path = atomic_write(tmp_path / "a", b"12345")
    with pytest.raises(DataError, match=r"a: a note may have at most 4 bytes, found 5: shorten it"):
        read_bounded(path, 4, "a note", "shorten it")


def test_a_missing_file_is_a_file_not_found_error(tmp_path):
    with pytest.raises(MissingDataError, match="file not found") as caught:
        read_bounded(tmp_path / "a", 10)
    assert isinstance(caught.value, FileNotFoundError)


def test_files_that_are_not_regular_are_refused_without_blocking(tmp_path):
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


def test_a_path_that_leads_elsewhere_after_it_was_checked_is_refused(tmp_path, monkeypatch):
    regular = atomic_write(tmp_path / "a", b"1")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(os, "stat", lambda path, real=os.stat: real(regular))
    with pytest.raises(DataError, match="must be a regular file, found a pipe"):
        read_bounded(tmp_path / "pipe", 10)


def test_a_link_to_a_file_is_read(tmp_path):
    atomic_write(tmp_path / "a", b"1")
    (tmp_path / "link").symlink_to("a")
    assert read_bounded(tmp_path / "link", 10) == b"1"


@pytest.mark.parametrize("change", [b"", b"12345678", b"5678"], ids=["shorter", "longer", "other"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch, change):
    path = atomic_write(tmp_path / "a", b"1234")

    def fstat(handle, real=os.fstat):
        status = real(handle)
        path.write_bytes(change)
        if len(change) == 4:  # nothing but the time tells
            os.utime(path, ns=(0, 0))
        return status

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(DataError, match="must not change while it is read"):
        read_bounded(path, 100)


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_an_impossible_path_is_a_data_error(path):
    with pytest.raises(DataError, match="must be readable"):
        read_bounded(path, 10)
    for write in (lambda path: atomic_write(path, b"1"), check_writable):
        with pytest.raises(DataError, match="cannot be written"):
            write(path)


def test_the_number_of_an_open_file_is_no_path(tmp_path):
    """It would be closed: `fit(resume=True)` closed stdout."""
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    with open(path, "rb") as file:
        for value in (file.fileno(), True, False, None, ["a"]):
            with pytest.raises(ArgumentError, match="a model must be given by its path"):
                read_bounded(value, 10, "a model")
        assert file.read() == b"abc"
    assert read_bounded(os.fsencode(path), 10) == b"abc"


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


def test_a_private_file_is_private_while_it_is_written(tmp_path, monkeypatch):
    path = atomic_write(tmp_path / "a", b"old")
    path.chmod(0o600)
    modes = []

    def write(handle, content, real=os.write):
        modes.append(os.fstat(handle).st_mode & 0o777)
        return real(handle, content)

    monkeypatch.setattr(os, "write", write)
    atomic_write(path, b"new")
    assert modes == [0o600]


def test_writing_through_a_link_replaces_its_target(tmp_path):
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


def test_the_content_is_flushed_before_the_file_is_renamed(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os,
            name,
            lambda *arguments, name=name, real=real: (calls.append(name), real(*arguments)),
        )
    atomic_write(tmp_path / "a", b"1")
    assert calls == ["fsync", "replace", "fsync"]  # of the file; of the folder


def failing(number):
    def fail(*arguments, **options):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("name", ["open", "fstat", "write", "fsync", "replace", "chmod"])
def test_a_failed_system_call_leaves_only_the_old_file(tmp_path, monkeypatch, name):
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


def test_ctrl_c_leaves_only_the_old_file(tmp_path, monkeypatch):
    path = atomic_write(tmp_path / "a", b"old")

    def interrupt(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("number", "message"),
    [(errno.EIO, "may not outlast a power failure"), (errno.EINVAL, None), (errno.EACCES, None)],
)
def test_a_folder_that_cannot_be_flushed(tmp_path, monkeypatch, number, message):
    """A fault of the disk is an error; a system that cannot flush folders is none."""

    def fsync(handle, real=os.fsync):
        return failing(number)() if stat.S_ISDIR(os.fstat(handle).st_mode) else real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    if message:
        with pytest.raises(DataError, match=message):
            atomic_write(tmp_path / "a", b"1")
    else:
        atomic_write(tmp_path / "a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo], ids=["folder", "pipe"])
def test_folders_and_pipes_are_not_replaced(tmp_path, make):
    make(tmp_path / "a")
    with pytest.raises(DataError, match="found a folder, pipe or device of that name"):
        atomic_write(tmp_path / "a", b"1")
    assert os.listdir(tmp_path) == ["a"]


def test_make_folder_also_creates_the_parents(tmp_path):
    assert make_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert make_folder(tmp_path / "a" / "b").is_dir()
    atomic_write(tmp_path / "file", b"")
    with pytest.raises(DataError, match="file: cannot be written"):
        make_folder(tmp_path / "file")


@pytest.mark.parametrize(
    "clean",
    [
        remove_stale_temp_files,
        make_folder,
        check_folder,
        lambda folder: atomic_write(folder / "a", b"1"),
    ],
    ids=["it", "start", "out", "write"],
)
def test_temporary_files_of_killed_processes_are_removed(tmp_path, clean):
    stale_files = [write_stale_file(tmp_path, pid=pid) for pid in (1, os.getpid(), 10**9)]
    clean(tmp_path)
    assert not any(path.exists() for path in stale_files)


def test_remove_stale_temp_files_returns_what_it_removed(tmp_path):
    path = write_stale_file(tmp_path)
    atomic_write(tmp_path / "other", b"1")
    path.write_bytes(b"again")
    (tmp_path / ".minidl-notes").write_bytes(b"mine")
    assert remove_stale_temp_files(tmp_path) == [path]
    assert remove_stale_temp_files(tmp_path) == remove_stale_temp_files(tmp_path / "nowhere") == []
    assert sorted(os.listdir(tmp_path)) == [".minidl-notes", "other"]


def test_temporary_files_of_living_processes_are_not_removed(tmp_path):
    """The number in the name belongs to no process, but the lock shows that one is writing."""
    path = write_stale_file(tmp_path, pid=10**9)
    with open(path, "rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert remove_stale_temp_files(tmp_path) == []
        assert path.exists()
    assert remove_stale_temp_files(tmp_path) == [path]


def test_temporary_files_of_another_computer_are_not_removed(tmp_path):
    path = write_stale_file(tmp_path, host="elsewhere")
    assert remove_stale_temp_files(tmp_path) == []
    assert path.exists()


def test_a_new_file_under_the_name_of_a_stale_one_is_not_removed(tmp_path, monkeypatch):
    """Another process renames its file and creates one of the old name before the removal."""
    path = write_stale_file(tmp_path)

    def flock(handle, operation, real=fcntl.flock):
        path.rename(tmp_path / "model.h5")
        path.write_bytes(b"another")
        real(handle, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    assert remove_stale_temp_files(tmp_path) == []
    assert (tmp_path / "model.h5").read_bytes() == b"half"
    assert path.read_bytes() == b"another"


def test_a_temporary_file_removed_before_it_was_locked_is_written_again(tmp_path, monkeypatch):
    temporary_files = []

    def flock(handle, operation, real=fcntl.flock):
        if not temporary_files:
            temporary_files.extend(path for path in tmp_path.iterdir())
            temporary_files[0].unlink()
        real(handle, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    assert atomic_write(tmp_path / "a", b"1").read_bytes() == b"1"
    assert temporary_files
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize(
    "fault", [BlockingIOError, OSError], ids=["another has it", "no locks here"]
)
def test_an_unavailable_lock_does_not_stop_a_write(tmp_path, monkeypatch, fault):
    faults = [fault]

    def flock(handle, operation, real=fcntl.flock):
        if faults:
            raise faults.pop()
        real(handle, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    atomic_write(tmp_path / "a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"


def test_without_locks_files_are_written_and_none_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic_files, "fcntl", None)
    path = write_stale_file(tmp_path)
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
    """A process is killed while it writes; experiments/torture/kill.py kills a thousand."""
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


def test_files_of_the_user_are_not_removed(tmp_path):
    """Their names may begin like those of temporary files, or end like them."""
    prefix = atomic_files._temp_prefix()
    names = ["", "notes.txt", "1-0.part.bak", "1-0", "a-0.part", "1-2-0.part", "01-0.part"]
    names += ["1-00.part", "-1-0.part", "1-0.part\n", "1-0xpart", "\u0661-0.part"]
    for name in names:
        (tmp_path / f"{prefix}{name}").write_bytes(b"mine")
    assert remove_stale_temp_files(tmp_path) == []
    assert sorted(os.listdir(tmp_path)) == sorted(f"{prefix}{name}" for name in names)
    atomic_write(tmp_path / "a", b"1")
    assert len(os.listdir(tmp_path)) == len(names) + 1


def test_only_files_are_removed(tmp_path):
    """A name may be that of a temporary file, but minidl makes neither pipes nor links."""
    prefix = atomic_files._temp_prefix()
    os.mkfifo(tmp_path / f"{prefix}1-0.part")
    (tmp_path / f"{prefix}2-0.part").mkdir()
    (tmp_path / f"{prefix}3-0.part").symlink_to("nowhere")
    assert remove_stale_temp_files(tmp_path) == []
    assert len(os.listdir(tmp_path)) == 3
    assert remove_stale_temp_files(tmp_path) == []


@pytest.mark.parametrize("fault", [BlockingIOError, FileExistsError])
def test_a_lock_or_a_name_that_never_comes_is_an_error(tmp_path, monkeypatch, fault):
    calls = []

    def fail(*arguments):
        calls.append(arguments)
        raise fault

    if fault is BlockingIOError:
        monkeypatch.setattr(fcntl, "flock", fail)
    else:
        monkeypatch.setattr(os, "open", fail)
    with pytest.raises(DataError, match=r"a: cannot be written, no temporary file .* 1,000"):
        atomic_write(tmp_path / "a", b"1")
    assert len(calls) == 1000
    assert os.listdir(tmp_path) == []


def test_a_temporary_file_that_cannot_be_locked_or_removed_is_the_only_one(tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(fcntl, "flock", failing(errno.EWOULDBLOCK))
        patched.setattr(os, "unlink", failing(errno.EPERM))
        with pytest.raises(DataError, match="a: cannot be written, Operation not permitted"):
            atomic_write(tmp_path / "a", b"1")
    assert len(os.listdir(tmp_path)) == 1


def test_no_name_of_a_temporary_file_is_used_twice(tmp_path, monkeypatch):
    """Who removes the file of a name may otherwise remove the next one of that name."""
    names = []

    def replace(temporary, target, real=os.replace):
        names.append(temporary.name)
        real(temporary, target)

    monkeypatch.setattr(os, "replace", replace)
    for _ in range(3):
        atomic_write(tmp_path / "a", b"1")
    assert len(set(names)) == 3


@pytest.mark.parametrize("mode", [0o444, 0o400, 0o555, 0o466])
def test_a_read_only_file_is_not_replaced(tmp_path, mode):
    """By its mode: root may write it."""
    path = atomic_write(tmp_path / "a", b"mine")
    path.chmod(mode)
    (tmp_path / "link").symlink_to("a")
    for name in (path, tmp_path / "link"):
        for write in (check_writable, lambda path: atomic_write(path, b"new")):
            with pytest.raises(DataError, match=rf"a read-only file \(mode {mode:o}\): choose"):
                write(name)
    assert path.read_bytes() == b"mine"


def test_what_the_system_says_is_read_only_is_not_replaced(tmp_path, monkeypatch):
    path = atomic_write(tmp_path / "a", b"mine")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(DataError, match="read-only"):
        atomic_write(path, b"new")


def test_a_file_of_another_user_is_not_replaced_where_only_owners_may(tmp_path, monkeypatch):
    """As in /tmp, where all users may write: the system refuses to rename only."""
    path = atomic_write(tmp_path / "a", b"theirs")
    tmp_path.chmod(0o1777)
    check_writable(path)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    check_writable(tmp_path / "new")
    for write in (check_writable, lambda path: atomic_write(path, b"new")):
        with pytest.raises(DataError, match="a file of another user in a folder where only"):
            write(path)
    tmp_path.chmod(0o777)
    check_writable(path)


@pytest.mark.parametrize("write", [check_writable, lambda path: atomic_write(path, b"new")])
def test_a_file_that_is_trained_from_is_not_replaced(tmp_path, write):
    path = atomic_write(tmp_path / "a", b"1234")
    rows = np.memmap(path, np.uint8, mode="r")
    note_source_files(rows)
    with pytest.raises(DataError, match=r"found the file that is being trained from: choose"):
        write(path)
    del rows
    write(path)


def test_a_path_is_checked_before_anything_is_written(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "er" / "a"
    check_writable(path)
    assert os.listdir(path.parent) == []
    atomic_write(path, b"old")
    write_stale_file(path.parent)
    check_writable(path)
    assert os.listdir(path.parent) == ["a"]
    assert path.read_bytes() == b"old"
    assert check_folder(tmp_path / "other") == tmp_path / "other"
    assert os.listdir(tmp_path / "other") == []
    for check, place in ((check_writable, path), (check_folder, tmp_path / "other")):
        with monkeypatch.context() as patched:
            patched.setattr(os, "open", failing(errno.EROFS))
            with pytest.raises(DataError, match=f"{place.name}: cannot be written, Read-only file"):
                check(place)


def test_a_temporary_file_that_another_left_under_the_next_name_is_left_alone(tmp_path):
    numbers = [atomic_files._new_temporary(tmp_path).name.split("-")[-1] for _ in range(2)]
    following = int(numbers[1].removesuffix(".part")) + 1
    path = write_stale_file(tmp_path, pid=os.getpid()).rename(
        tmp_path / f"{atomic_files._temp_prefix()}{os.getpid()}-{following}.part"
    )
    with open(path, "rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        check_folder(tmp_path)
        assert path.read_bytes() == b"half"


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="needs a folder without room")
def test_a_folder_in_which_no_file_can_be_made_is_refused():
    for check, place in ((check_writable, "/proc/self/a"), (check_folder, "/proc/self")):
        with pytest.raises(DataError, match=f"{place}: cannot be written, No such file"):
            check(place)
