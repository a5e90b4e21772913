"""Which files are being trained from, under whatever name and through whatever view."""

import os
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from minidl.utils.source_files import is_source_file, note_source_files


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, np.ones((6, 2)))
    return path


def is_read(path):
    return is_source_file(os.stat(path))


@pytest.mark.parametrize(
    "view",
    [
        lambda rows: rows,
        lambda rows: rows[::2],
        lambda rows: np.asarray(rows)[1:],
        lambda rows: rows.view(np.ndarray).T,
        lambda rows: SimpleNamespace(rows=rows),
        lambda rows: SimpleNamespace(parts={"first": [rows[:3]]}),
    ],
)
def test_the_file_of_a_memmap_is_read_as_long_as_a_view_of_it_exists(path, view):
    rows = view(np.load(path, mmap_mode="r"))
    assert not is_read(path)
    note_source_files(rows)
    assert is_read(path)
    del rows
    assert not is_read(path)


def test_the_file_is_read_as_long_as_the_memmap_of_a_view_exists(path):
    rows = np.load(path, mmap_mode="r")
    note_source_files(rows[::2])
    assert is_read(path)
    del rows
    assert not is_read(path)


def test_a_copy_reads_no_file(path):
    note_source_files(np.load(path), np.load(path, mmap_mode="r") + 1, [1], None, "rows")
    assert not is_read(path)


def test_the_file_of_a_dataset_is_read_as_long_as_it_is_open(tmp_path):
    path, other = tmp_path / "rows.h5", tmp_path / "other.h5"
    for name in (path, other):
        with h5py.File(name, "w") as file:
            file["x"] = np.ones(3)
    with h5py.File(path) as file, h5py.File(other):
        note_source_files(file["x"])
        assert is_read(path)
        assert not is_read(other)
        (tmp_path / "link.h5").symlink_to(path)
        os.link(path, tmp_path / "hard.h5")
        assert is_read(tmp_path / "link.h5")
        assert is_read(tmp_path / "hard.h5")
    assert not is_read(path)
    with h5py.File(other) as file:
        note_source_files(SimpleNamespace(dataset=file["x"]))
        assert is_read(other)
    note_source_files(file)
    assert not is_read(other)


def test_the_files_of_a_virtual_dataset_are_read(tmp_path):
    part = tmp_path / "part.h5"
    with h5py.File(part, "w") as file:
        file["x"] = np.ones(3)
    layout = h5py.VirtualLayout((3,), float)
    layout[:] = h5py.VirtualSource("part.h5", "x", (3,))
    with h5py.File(tmp_path / "whole.h5", "w") as file:
        file.create_virtual_dataset("x", layout)
    with h5py.File(tmp_path / "whole.h5") as file:
        note_source_files(file["x"])
        assert is_read(part)
        assert is_read(tmp_path / "whole.h5")
    assert not is_read(part)


def test_a_closed_dataset_and_a_file_in_memory_are_ignored(tmp_path):
    with h5py.File(tmp_path / "rows.h5", "w", driver="core", backing_store=False) as file:
        dataset = file.create_dataset("x", data=np.ones(3))
        note_source_files(dataset)
    note_source_files(dataset)
