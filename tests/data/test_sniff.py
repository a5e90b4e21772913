import gzip
import os
import zipfile

import pytest

from minidl.data.sniff import HDF5_SIGNATURE, read_bytes
from minidl.errors import DataError, MissingDataError

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 2572022\n"


def test_all_bytes_come_back(tmp_path):
    path = tmp_path / "a.h5"
    content = HDF5_SIGNATURE + bytes(range(256)) * 20
    path.write_bytes(content)
    assert read_bytes(path, len(content)) == content
    assert read_bytes(str(path), 10**6) == content


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (POINTER, "a Git-LFS pointer instead of the data, 72 bytes: run `git lfs pull`"),
        (b"\n  <!DOCTYPE html><html>", r"a web page \(HTML\)"),
        (b"<HTML lang=en>", r"a web page \(HTML\)"),
        (b"\xef\xbb\xbf<!doctype html>", r"a web page \(HTML\)"),
        (gzip.compress(HDF5_SIGNATURE), "gzip.*gunzip"),
        (b"", "an empty file"),
        (HDF5_SIGNATURE[:-1], "must begin with the HDF5 signature"),
        (b"CDF\x01 something else", r"found b'CDF"),
    ],
    ids=["lfs", "html", "html-tag", "html-bom", "gzip", "empty", "cut", "other"],
)
def test_what_is_not_hdf5_is_named(tmp_path, content, found):
    path = tmp_path / "train.h5"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"train.h5: .*{found}") as caught:
        read_bytes(path, 10**6)
    assert not isinstance(caught.value, MissingDataError)


def test_a_zip_archive_is_named(tmp_path):
    path = tmp_path / "train.h5"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train.h5", HDF5_SIGNATURE)
    with pytest.raises(DataError, match=r"a zip archive.*unpack it"):
        read_bytes(path, 10**6)


@pytest.mark.parametrize("name", ["none.h5", "no/folder.h5"])
def test_a_missing_file_is_a_file_not_found_error(tmp_path, name):
    with pytest.raises(MissingDataError, match=f"{name}: .*found none") as caught:
        read_bytes(tmp_path / name, 100)
    assert isinstance(caught.value, FileNotFoundError)


def test_a_link_that_leads_nowhere_is_missing(tmp_path):
    (tmp_path / "a.h5").symlink_to(tmp_path / "b.h5")
    with pytest.raises(MissingDataError):
        read_bytes(tmp_path / "a.h5", 100)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="a folder"):
        read_bytes(tmp_path, 100)


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.h5")
    with pytest.raises(DataError, match="a pipe or device"):
        read_bytes(tmp_path / "pipe.h5", 100)


def test_a_file_over_the_limit_is_refused(tmp_path):
    path = tmp_path / "a.h5"
    path.write_bytes(HDF5_SIGNATURE + b"0" * 92)
    assert len(read_bytes(path, 100)) == 100
    with pytest.raises(DataError, match="may have 99 bytes, found 100"):
        read_bytes(path, 99)


@pytest.mark.parametrize("path", ["a\0b.h5", "x" * 5000])
def test_an_impossible_path_is_a_data_error(path):
    with pytest.raises(DataError, match="must be readable"):
        read_bytes(path, 100)
