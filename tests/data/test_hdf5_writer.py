import os

import numpy as np
import pytest

from minidl.data import Field, read_hdf5
from minidl.data.hdf5_writer import write_hdf5
from minidl.errors import DataError

ARRAYS = {"a": np.arange(6).reshape(2, 3), "b": np.array([b"x"])}


def test_a_written_file_is_read_back(tmp_path):
    path = tmp_path / "new" / "one.h5"
    assert write_hdf5({path: ARRAYS}) == [path]
    arrays = read_hdf5(path, {"a": Field((2, 3), "i"), "b": Field((1,), "S")}).arrays
    np.testing.assert_array_equal(arrays["a"], ARRAYS["a"])
    assert arrays["b"].tolist() == [b"x"]
    assert os.listdir(path.parent) == ["one.h5"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_nothing_is_written_if_one_file_exists(tmp_path):
    (tmp_path / "two.h5").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"two\.h5: .*must not replace"):
        write_hdf5({tmp_path / "one.h5": ARRAYS, tmp_path / "two.h5": ARRAYS})
    assert os.listdir(tmp_path) == ["two.h5"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch, step):
    def fail(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(DataError, match="No space left"):
        write_hdf5({tmp_path / "one.h5": ARRAYS})
    assert os.listdir(tmp_path) == []


def test_the_content_is_flushed_before_the_file_is_renamed(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *args, name=name, real=real: (calls.append(name), real(*args))
        )
    write_hdf5({tmp_path / "one.h5": ARRAYS})
    assert calls == ["fsync", "replace", "fsync"]  # of the file; of the folder


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="cannot be written"):
        write_hdf5({tmp_path / "file" / "one.h5": ARRAYS})
