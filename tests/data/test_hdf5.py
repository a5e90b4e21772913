import hashlib
import os
import warnings

import h5py
import numpy as np
import pytest

from minidl.data import Field, read_hdf5
from minidl.errors import DataError, MissingDataError

SCHEMA = {"x": Field(("m", 4, 3), "u", itemsize=1), "y": Field(("m",), "iu", below="k"), "names": Field(("k",), "Siu")}
X, Y, NAMES = np.arange(60, dtype=np.uint8).reshape(5, 4, 3), np.array([0, 1, 1, 0, 1]), np.array([b"no", b"yes"])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "pictures.h5"


def save(path, change=None, **arrays):
    """Write a good file, with some arrays replaced (None: left out), and let `change(file)` spoil it."""
    with h5py.File(path, "w") as file:
        for key, array in ({"x": X, "y": Y, "names": NAMES} | arrays).items():
            if array is not None:
                file[key] = array
        if change:
            change(file)


def refused(path, key, *parts, limit=2**20):
    with pytest.raises(DataError) as caught:
        read_hdf5(path, SCHEMA, limit=limit)
    text = str(caught.value)
    assert str(path) in text
    assert key is None or f"key {key!r}" in text
    for part in parts:
        assert part in text
    assert text.rsplit(": ", 1)[1].strip(), "the message must end with a cure"


def test_a_good_file_is_read(path):
    save(path, change=lambda file: file.create_group("ignored"))
    arrays, sha256 = read_hdf5(path, SCHEMA)
    assert list(arrays) == ["x", "y", "names"]
    np.testing.assert_array_equal(arrays["x"], X)
    np.testing.assert_array_equal(arrays["y"], Y)
    assert arrays["names"].tolist() == [b"no", b"yes"]
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "options", [{"compression": "gzip"}, {"compression": "lzf"}, {"shuffle": True, "fletcher32": True}, {"chunks": (1, 4, 3)}], ids=str
)
def test_built_in_filters_are_read(path, options):
    save(path, x=None, change=lambda file: file.create_dataset("x", data=X, **options))
    np.testing.assert_array_equal(read_hdf5(path, SCHEMA).arrays["x"], X)


def test_the_file_is_not_opened_for_writing(path):
    save(path)
    path.chmod(0o444)
    before = path.read_bytes()
    read_hdf5(path, SCHEMA)
    assert path.read_bytes() == before


def test_a_missing_file(path):
    with pytest.raises(MissingDataError, match="found none"):
        read_hdf5(path, SCHEMA)


def test_a_file_that_is_not_hdf5(path):
    path.write_bytes(b"<html>")
    refused(path, None, "a web page")


@pytest.mark.parametrize("keep", [8, 9, 20, 100, 500, 1000, 0.5, -1])
def test_a_truncated_file(path, keep):
    save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep) if isinstance(keep, float) else keep])
    refused(path, None, "truncated or damaged", "fetch it again")


def test_a_file_over_the_limit(path):
    save(path)
    refused(path, None, "a data file may have 100 bytes", limit=100)


def test_arrays_that_unpack_to_more_than_the_limit(path):
    save(
        path, x=None, y=np.zeros(10**5, int), change=lambda f: f.create_dataset("x", data=np.zeros((10**5, 4, 3), "u1"), compression="gzip")
    )
    size = path.stat().st_size
    assert size < 1_500_000
    refused(path, None, "the arrays may have 1,500,000 bytes, found 2,000,006", limit=1_500_000)


def test_a_missing_key_lists_those_that_are_there(path):
    save(path, y=None)
    refused(path, "y", "the key is in the file", "only names, x")


def test_an_empty_file_of_hdf5(path):
    save(path, x=None, y=None, names=None)
    refused(path, "x", "found only nothing")


def link(target):
    def change(file):
        file["y"] = target

    return change


@pytest.mark.parametrize("target", [h5py.SoftLink("/x"), h5py.SoftLink("/nowhere"), h5py.ExternalLink("other.h5", "/y")])
def test_links_are_not_followed(path, target):
    save(path, y=None, change=link(target))
    refused(path, "y", "the data lie in this file", type(target).__name__)


def test_a_group_instead_of_a_data_set(path):
    save(path, y=None, change=lambda file: file.create_group("y"))
    refused(path, "y", "the key is a data set", "a Group")


def test_a_named_type_instead_of_a_data_set(path):
    save(path, y=None, change=link(np.dtype("int64")))
    refused(path, "y", "the key is a data set", "a Datatype")


def test_external_storage(path, tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"\1" * 40)
    save(path, y=None, change=lambda f: f.create_dataset("y", (5,), "i8", external=[(str(secret), 0, 40)]))
    refused(path, "y", "external storage")


def test_a_virtual_data_set(path):
    layout = h5py.VirtualLayout((5,), "i8")
    layout[:] = h5py.VirtualSource("other.h5", "y", (5,))
    save(path, y=None, change=lambda file: file.create_virtual_dataset("y", layout))
    refused(path, "y", "a virtual data set")


@pytest.mark.parametrize(
    ("key", "array", "found"),
    [
        ("names", ["no", "yes"], "dtype object"),
        ("y", np.array([(1,)] * 5, [("a", "i4")]), "dtype [('a', '<i4')]"),
        ("y", Y.astype(float), "dtype float64"),
        ("y", Y.astype(bool), "dtype bool"),
        ("x", X.astype(np.uint16), "dtype uint16"),
        ("x", X.astype(np.int8), "dtype int8"),
        ("names", np.array([b"a" * 65, b"b"]), "dtype |S65"),
    ],
    ids=["vlen", "compound", "float", "bool", "wide", "signed", "long"],
)
def test_a_wrong_type(path, key, array, found):
    save(path, **{key: array})
    refused(path, key, "the dtype kind is one of", found)


def test_a_variable_length_array(path):
    save(path, y=None, change=lambda file: file.create_dataset("y", (5,), h5py.vlen_dtype(np.int64)))
    refused(path, "y", "dtype object")


@pytest.mark.parametrize(
    ("key", "array", "found"),
    [
        ("x", X.reshape(5, 12), "found (5, 12)"),
        ("x", X.reshape(5, 3, 4), "found (5, 3, 4)"),
        ("x", X[:0], "found (0, 4, 3)"),
        ("y", Y.reshape(1, 5), "found (1, 5)"),
        ("y", np.int64(3), "found ()"),
        ("y", h5py.Empty("i8"), "found no shape"),
    ],
)
def test_a_wrong_shape(path, key, array, found):
    save(path, **{key: array})
    refused(path, key, "the shape is (m, 4, 3)" if key == "x" else "the shape is (m,)", found)


def test_a_filter_that_is_not_allowed(path):
    save(path, y=None, change=lambda f: f.create_dataset("y", data=Y, scaleoffset=0))
    refused(path, "y", "the only filters are gzip, shuffle, fletcher32, lzf", "filter number(s) 6")


@pytest.mark.parametrize("options", [{}, {"chunks": (5,)}], ids=["contiguous", "chunked"])
def test_data_that_were_never_written(path, options):
    save(path, y=None, change=lambda f: f.create_dataset("y", (5,), "i8", **options))
    refused(path, "y", "the data have been written", "0 of 40 bytes")


def test_x_and_y_of_different_length(path):
    save(path, y=Y[:4])
    refused(path, "y", "it is as long as x (5)", "found length 4")


@pytest.mark.parametrize(("labels", "span"), [([0, 1, 2, 0, 0], "0..2"), ([0, -1, 1, 0, 0], "-1..1")])
def test_labels_out_of_range(path, labels, span):
    save(path, y=np.array(labels))
    refused(path, "y", "the values lie in 0..1", f"found {span}")


def test_damaged_compressed_data(path):
    save(path, x=None, change=lambda f: f.create_dataset("x", data=X, compression="gzip", fletcher32=True))
    with h5py.File(path) as file:
        chunk = file["x"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + 5] ^= 0xFF
    path.write_bytes(content)
    refused(path, None, "truncated or damaged")


def test_h5py_is_loaded_only_when_a_file_is_read():
    import subprocess
    import sys

    code = "import sys, minidl.data; minidl.data.load_cats; sys.exit('h5py' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


def test_reading_warns_of_nothing(path):
    save(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_hdf5(path, SCHEMA)
