"""Validation of HDF5 files and datasets before their values are read."""

import gzip
import os
import zipfile
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from minidl.data import Field, Limits, read_hdf5
from minidl.data.hdf5_reader import HDF5File
from minidl.data.hdf5_schema import RuleViolation
from minidl.data.hdf5_validation import HDF5_SIGNATURE, open_dataset
from minidl.errors import DataError, MissingDataError

FIELD = Field(("m",), "iu")
Y = np.array([0, 1, 1, 0, 1])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.h5"


def put(path, make):
    """Write a file in which `make(file)` creates the key "y"."""
    with h5py.File(path, "w", libver=("earliest", "latest")) as file:
        make(file)


def refused(path, *phrases, field=FIELD, limit=Limits.max_bytes):
    with pytest.raises(DataError) as caught:
        read_hdf5(path, {"y": field}, limit=limit)
    for phrase in (f"{path}, key 'y': ", *phrases):
        assert phrase in str(caught.value)


def test_external_storage(path, tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"\1" * 40)
    put(path, lambda file: file.create_dataset("y", (5,), "i8", external=[(str(secret), 0, 40)]))
    refused(path, "the data must lie in this file, found external storage")


def test_a_virtual_dataset(path):
    layout = h5py.VirtualLayout((5,), "i8")
    layout[:] = h5py.VirtualSource("other.h5", "y", (5,))
    put(path, lambda file: file.create_virtual_dataset("y", layout))
    refused(path, "the data must lie in this file, found a virtual dataset")


def test_a_link_of_another_kind_is_not_followed(path):
    """The kinds from 65 on belong to programs that have registered them."""
    put(path, lambda file: file.update(y=h5py.ExternalLink("other.h5", "/y")))
    content = path.read_bytes()
    message = b"\x01\x08%c\x01y"  # version, flags, kind, length of the name, name
    assert content.count(message % 64) == 1
    path.write_bytes(content.replace(message % 64, message % 65))
    refused(path, "the data must lie in this file, found a link of type 65")


def put_low_level(kind):
    space = h5py.h5s.create_simple((5,))
    return lambda file: h5py.h5d.create(file.id, b"y", kind, space)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda file: file.create_dataset("y", data=["no", "yes"]), "dtype object"),
        (
            lambda file: file.create_dataset("y", (5,), h5py.vlen_dtype(np.int64)),
            "the HDF5 TypeVlenID",
        ),
        (lambda file: file.create_dataset("y", (5,), h5py.ref_dtype), "the HDF5 TypeReferenceID"),
        (
            lambda file: file.create_dataset("y", data=np.array([(1,)] * 5, [("a", "i4")])),
            "the HDF5 TypeCompoundID",
        ),
        (lambda file: file.create_dataset("y", data=np.zeros(5, "V8")), "the HDF5 TypeOpaqueID"),
        (lambda file: file.create_dataset("y", data=Y.astype(bool)), "the HDF5 TypeEnumID"),
        (
            lambda file: file.create_dataset("y", (5,), np.dtype(("i8", (2,)))),
            "the HDF5 TypeArrayID",
        ),
        (put_low_level(h5py.h5t.STD_B8LE), "the HDF5 TypeBitfieldID"),
        (put_low_level(h5py.h5t.UNIX_D32LE), "the HDF5 TypeTimeID"),
        (lambda file: file.create_dataset("y", data=Y.astype(complex)), "the HDF5 Type"),
        (lambda file: file.create_dataset("y", data=Y.astype(float)), "dtype float64"),
        (lambda file: file.create_dataset("y", data=np.array([b"a"])), "dtype |S1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_type(path, make, problem):
    put(path, make)
    refused(path, "the dtype kind must be one of i, u with at most 64 byte(s)", f"found {problem}")


def test_a_text_has_at_most_64_bytes(path):
    names = Field(("m",), "S")
    put(path, lambda file: file.create_dataset("y", data=np.array([b"n" * 64])))
    assert read_hdf5(path, {"y": names}).arrays["y"].tolist() == [b"n" * 64]
    put(path, lambda file: file.create_dataset("y", data=np.array([b"n" * 65])))
    refused(path, "with at most 64 byte(s), found dtype |S65", field=names)


def test_an_array_has_at_most_the_elements_of_its_field(path):
    put(path, lambda file: file.create_dataset("y", data=Y))
    assert len(read_hdf5(path, {"y": Field(("m",), "iu", max_elements=5)}).arrays["y"]) == 5
    rule = "the shape must be (m,) with at most 4 elements, found (5,)"
    refused(path, rule, field=Field(("m",), "iu", max_elements=4))


@pytest.mark.parametrize(
    ("array", "field"),
    [
        (Y.astype(np.uint16), Field(("m",), "u", itemsize=1)),
        (Y.astype(np.int8), Field(("m",), "u", itemsize=1)),
        (np.array([b"a" * 65]), Field(("m",), "S")),
        (np.zeros(5, np.float16), Field(("m",), "f", itemsize=4)),
    ],
    ids=["wide", "signed", "long", "half"],
)
def test_a_wrong_width(path, array, field):
    put(path, lambda file: file.create_dataset("y", data=array))
    refused(path, f"found dtype {array.dtype}", field=field)


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (Y.reshape(1, 5), "(1, 5)"),
        (np.int64(3), "()"),
        (Y[:0], "(0,)"),
        (h5py.Empty("i8"), "no shape"),
        (np.zeros((2,) * 5, int), "(2, 2, 2, 2, 2)"),
    ],
)
def test_a_wrong_shape(path, array, problem):
    put(path, lambda file: file.create_dataset("y", data=array))
    refused(path, f"the shape must be (m,), found {problem}")


def test_too_many_elements(path):
    put(path, lambda file: file.create_dataset("y", data=Y))
    refused(
        path,
        "the shape must be (m,) with at most 4 elements, found (5,)",
        field=Field(("m",), "i", max_elements=4),
    )


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"scaleoffset": 0}, "6"),
        ({"compression": "lzf"}, "32000"),
        ({"compression": "gzip", "scaleoffset": 0}, "6, 1"),
    ],
)
def test_a_filter_that_is_not_allowed(path, options, problem):
    put(path, lambda file: file.create_dataset("y", data=Y, **options))
    refused(
        path,
        "the only filters may be gzip, shuffle and fletcher32, each once",
        f"found filter number(s) {problem}: save it again",
    )


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "0 of 40 bytes"),
        ({"chunks": (5,)}, "0 of 1 chunks"),
        ({"chunks": (1,)}, "0 of 5 chunks"),
    ],
)
def test_data_that_were_never_written(path, options, problem):
    put(path, lambda file: file.create_dataset("y", (5,), "i8", **options))
    refused(path, "all data must have been written", problem)


def test_data_that_were_written_in_part(path):
    put(
        path,
        lambda file: file.create_dataset("y", (5,), "i8", chunks=(2,)).__setitem__(slice(0, 3), 1),
    )
    refused(path, "all data must have been written, found 2 of 3 chunks")


def test_too_many_chunks(path):
    put(path, lambda file: file.create_dataset("y", data=Y, chunks=(1,)))
    refused(path, "it may be stored in 4 chunks, found 5", limit=Limits(max_chunks=4))


@pytest.mark.parametrize("excess", [0, 1])
def test_as_many_chunks_as_by_default_are_allowed(path, excess):
    shape = (65_536 + excess,)
    put(path, lambda file: file.create_dataset("y", shape, "i1", chunks=(1,)))
    phrases = ["65,536 chunks, found 65,537", "all data must have been written, found 0 of 65,536"]
    refused(path, phrases[not excess])


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("owner", ["y", "/"])
def test_giant_attributes(path, libver, owner):
    with h5py.File(path, "w", libver=libver) as file:
        file["y"] = Y
        for number in range(20):
            file[owner].attrs[f"a{number}"] = np.zeros(5_000, np.uint8)
    with pytest.raises(
        DataError,
        match=rf"key '{owner}': .*description may have 65,536 bytes, found 1.* with 20 attribute",
    ):
        read_hdf5(path, {"y": FIELD})
    assert len(read_hdf5(path, {"y": FIELD}, limit=Limits(max_header_bytes=2**20)).arrays["y"]) == 5


def test_small_attributes_are_accepted(path):
    put(
        path,
        lambda file: file.create_dataset("y", data=Y).attrs.update(note="taken in May", scale=0.5),
    )
    np.testing.assert_array_equal(read_hdf5(path, {"y": FIELD}).arrays["y"], Y)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite(path, bad):
    array = np.ones((3, 2))
    array[1, 1] = bad
    put(path, lambda file: file.create_dataset("y", data=array))
    refused(
        path,
        f"the values must be finite, found {bad} at (1, 1): repair or drop such rows",
        field=Field(("m", 2), "f"),
    )
    np.testing.assert_array_equal(
        read_hdf5(path, {"y": Field(("m", 2), "f", finite=False)}).arrays["y"], array
    )


def test_an_integer_beyond_int64_is_not_a_class(path):
    put(path, lambda file: file.update(y=np.array([2**64 - 1, 0], np.uint64), k=np.zeros(3, int)))
    with pytest.raises(
        DataError, match=r"the values must lie in 0\.\.2, found 0\.\.18446744073709551615"
    ):
        read_hdf5(path, {"y": Field(("m",), "u", index_into="k"), "k": Field(("k",), "i")})


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 2572022\n"


def test_all_bytes_are_read(tmp_path):
    path = tmp_path / "a.h5"
    content = HDF5_SIGNATURE + bytes(range(256)) * 20
    path.write_bytes(content)
    for name, limit in ((path, len(content)), (str(path), 10**6)):
        assert HDF5File(name, limit=limit).content == content


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (POINTER, "72 bytes of a Git-LFS pointer: run `git lfs pull`"),
        (b"\n  <!DOCTYPE html><html>", r"a web page \(HTML\)"),
        (b"<HTML lang=en>", r"a web page \(HTML\)"),
        (b"\xef\xbb\xbf<!doctype html>", r"a web page \(HTML\)"),
        (gzip.compress(HDF5_SIGNATURE, mtime=0), "gzip.*gunzip"),
        (b"", "an empty file"),
        (HDF5_SIGNATURE[:-1], "must begin with the HDF5 signature"),
        (b"CDF\x01 something else", r"found b'CDF"),
    ],
    ids=["lfs", "html", "html-tag", "html-bom", "gzip", "empty", "cut", "other"],
)
def test_a_file_of_another_format_is_named(tmp_path, content, problem):
    path = tmp_path / "train.h5"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"train.h5: .*{problem}") as caught:
        HDF5File(path, limit=10**6)
    assert not isinstance(caught.value, MissingDataError)


def test_a_zip_archive_is_named(tmp_path):
    path = tmp_path / "train.h5"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train.h5", HDF5_SIGNATURE)
    with pytest.raises(DataError, match=r"a zip archive.*unpack it"):
        HDF5File(path, limit=10**6)


@pytest.mark.parametrize("name", ["none.h5", "no/folder.h5"])
def test_a_missing_file_is_a_file_not_found_error(tmp_path, name):
    with pytest.raises(MissingDataError, match=f"{name}: .*file not found") as caught:
        HDF5File(tmp_path / name, limit=100)
    assert isinstance(caught.value, FileNotFoundError)


def test_a_broken_link_counts_as_a_missing_file(tmp_path):
    (tmp_path / "a.h5").symlink_to(tmp_path / "b.h5")
    with pytest.raises(MissingDataError):
        HDF5File(tmp_path / "a.h5", limit=100)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="a folder"):
        HDF5File(tmp_path, limit=100)


def test_a_pipe_is_refused_without_blocking(tmp_path):
    os.mkfifo(tmp_path / "pipe.h5")
    with pytest.raises(DataError, match="a pipe or device"):
        HDF5File(tmp_path / "pipe.h5", limit=100)


def test_a_file_over_the_limit_is_refused(tmp_path):
    path = tmp_path / "a.h5"
    path.write_bytes(HDF5_SIGNATURE + b"0" * 92)
    HDF5File(path, limit=100)
    with pytest.raises(DataError, match="may have at most 99 bytes, found 100"):
        HDF5File(path, limit=99)


@pytest.mark.parametrize("path", ["a\0b.h5", "x" * 5000])
def test_an_impossible_path_is_a_data_error(path):
    with pytest.raises(DataError, match="must be readable"):
        HDF5File(path, limit=100)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ("", "nothing:"),
        ("abcde", "'a', 'b', 'c', 'd', 'e':"),
        ("abcdef", "'a', 'b', 'c', 'd', 'e', ...:"),
        (["x" * 41], f"'{'x' * 40}':"),
    ],
)
def test_five_names_of_a_file_are_shown_where_the_right_one_is_not(path, names, shown):
    put(path, lambda file: [file.create_dataset(name, data=Y) for name in names])
    refused(path, f"the key must be in the file, found only {shown} is it the right file?")


def test_of_a_million_names_six_are_read():
    class Links:
        def exists(self, name):
            return False

        def iterate(self, visit):
            self.n_visited = next(i for i in range(1, 10**6) if visit(b"%d" % i))

    links = Links()
    with pytest.raises(RuleViolation, match=r"found only '1', '2', '3', '4', '5', \.\.\.:"):
        open_dataset(SimpleNamespace(id=SimpleNamespace(links=links)), "y")
    assert links.n_visited == 6
