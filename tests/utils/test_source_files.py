"""Which files are being trained from, under whatever name and through whatever view."""

import mmap
import os
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from minidl.utils import source_files
from minidl.utils.source_files import is_source_file, note_source_files


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, np.ones((6, 2)))
    return path


def is_read(path):
    return is_source_file(os.stat(path))


class Rows:
    """An array-like that has its rows in a slot."""

    __slots__ = ("values",)

    def __init__(self, values):
        self.values = values


VIEWS = [
    lambda rows: rows,
    lambda rows: rows[::2],
    lambda rows: np.asarray(rows)[1:],
    lambda rows: rows.view(np.ndarray).T,
    lambda rows: np.lib.stride_tricks.as_strided(rows, (2, 2)),
    lambda rows: SimpleNamespace(rows=rows),
    lambda rows: SimpleNamespace(rows=np.asarray(rows)),
    lambda rows: SimpleNamespace(parts={"first": [rows[:3]]}),
    lambda rows: SimpleNamespace(inner=Rows(rows)),
    lambda rows: SimpleNamespace(read=lambda k: rows[k]),
    lambda rows: SimpleNamespace(read=partial(np.take, rows)),
    list,
]


@pytest.mark.parametrize("mappings", ["/proc/self/maps", "/nowhere"])
@pytest.mark.parametrize("view", VIEWS)
def test_the_file_of_a_memmap_is_read_as_long_as_a_view_of_it_exists(
    path, view, mappings, monkeypatch
):
    monkeypatch.setattr(source_files, "_MAPPINGS", Path(mappings))
    rows = view(np.load(path, mmap_mode="r"))
    assert not is_read(path)
    note_source_files(rows)
    assert is_read(path)
    del rows
    assert not is_read(path)


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="only Linux has it")
@pytest.mark.parametrize(
    "view",
    [
        np.frombuffer,
        np.asarray,
        lambda memory: np.ndarray((2, 2), buffer=memory),
        lambda memory: SimpleNamespace(rows=np.frombuffer(memory)[5:]),
    ],
)
def test_an_array_in_the_memory_of_a_file_reads_it(tmp_path, view):
    path = tmp_path / "two\nlines (deleted) \x85"
    np.arange(64.0).tofile(path)
    with open(path, "rb") as file:
        rows = view(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    path = path.rename(tmp_path / "renamed\n")
    note_source_files(rows)
    assert is_read(path)
    path.rename(tmp_path / "again")
    assert is_read(tmp_path / "again")
    del rows
    assert not is_read(tmp_path / "again")


def test_data_that_are_trained_on_again_and_again_are_noted_once(path, tmp_path):
    """As by `partial_fit`: what is noted is looked through each time."""
    memmap = np.load(path, mmap_mode="r")
    with open(path, "rb") as file, h5py.File(tmp_path / "rows.h5", "w") as hdf5_file:
        memory = np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        hdf5_file["x"] = np.ones(3)
        counts = set()
        for k in range(1, 5):
            note_source_files(memmap[k:], memory[k:], hdf5_file["x"], SimpleNamespace(x=memmap))
            counts.add(len(source_files._source_files))
    assert len(counts) == 1


def test_the_search_in_large_objects_ends():
    numbers = [0.5] * 10**6
    note_source_files(numbers, endless := SimpleNamespace(numbers=numbers))
    endless.endless = endless
    note_source_files(endless)


@pytest.mark.parametrize(("others", "found"), [(9_999, True), (10_000, False)])
def test_ten_thousand_objects_are_searched(path, others, found):
    rows = np.load(path, mmap_mode="r")
    note_source_files(*[None] * others, rows)
    assert is_read(path) == found


def test_a_system_that_does_not_list_mapped_files_is_no_error(path, monkeypatch):
    monkeypatch.setattr(source_files, "_MAPPINGS", Path("/nowhere"))
    with open(path, "rb") as file:
        note_source_files(np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
    assert not is_read(path)


def test_what_a_function_knows_of_its_module_is_not_read(path):
    module = {"other": np.load(path, mmap_mode="r")}
    exec("def read(k): return other[k]", module)
    note_source_files(SimpleNamespace(read=module["read"]))
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


def test_the_file_of_a_dataset_is_read_also_when_nobody_has_the_file(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file["group/x"] = np.ones(3)
    monkeypatch.chdir(tmp_path)
    rows = h5py.File("rows.h5")["group/x"]
    monkeypatch.chdir("/")
    note_source_files(rows)
    assert is_read(tmp_path / "rows.h5")
    del rows
    assert not is_read(tmp_path / "rows.h5")
    reader = SimpleNamespace(group=h5py.File(tmp_path / "rows.h5")["group"])
    note_source_files(reader)
    assert is_read(tmp_path / "rows.h5")
    del reader
    assert not is_read(tmp_path / "rows.h5")


def test_the_file_to_which_a_link_in_another_leads_is_read(tmp_path):
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file["x"] = np.ones(3)
    with h5py.File(tmp_path / "links.h5", "w") as file:
        file["rows"] = h5py.ExternalLink("rows.h5", "x")
    rows = h5py.File(tmp_path / "links.h5")["rows"]
    note_source_files(rows)
    assert is_read(tmp_path / "rows.h5")


def test_the_files_in_which_a_dataset_has_its_bytes_are_read(tmp_path):
    raw = tmp_path / "rows.raw"
    np.ones(3).tofile(raw)
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        rows = file.create_dataset("x", (3,), float, external=[(str(raw), 0, 24)])
        note_source_files(rows)
        assert is_read(raw)
    assert not is_read(raw)


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
