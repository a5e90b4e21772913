"""The reader of HDF5 files; hostile and damaged files are those of experiments/torture."""

import hashlib
import os
import warnings

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.torture.hostile_files import AWAY, HIDDEN, write_good
from minidl.data import Field, Limits, read_hdf5
from minidl.data.course_images import image_schema
from minidl.data.hdf5_reader import HDF5File
from minidl.data.hdf5_writer import hdf5_bytes
from minidl.errors import DataError, MissingDataError

SCHEMA = {
    "x": Field(("m", 4, 3), "u", itemsize=1),
    "y": Field(("m",), "iu", index_into="k"),
    "names": Field(("k",), "Siu"),
}
X = np.arange(60, dtype=np.uint8).reshape(5, 4, 3)
Y = np.array([0, 1, 1, 0, 1])
NAMES = np.array([b"no", b"yes"])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "images.h5"


def save(path, change=None, **arrays):
    """Write a file, with some arrays replaced (None: left out), and let `change(file)` alter it."""
    with h5py.File(path, "w") as file:
        for key, array in ({"x": X, "y": Y, "names": NAMES} | arrays).items():
            if array is not None:
                file[key] = array
        if change:
            change(file)


def refused(path, key, *phrases, limit=2**20, schema=SCHEMA):
    with pytest.raises(DataError) as caught:
        read_hdf5(path, schema, limit=limit)
    text = str(caught.value)
    assert str(path) in text
    assert key is None or f"key {key!r}" in text
    for phrase in phrases:
        assert phrase in text
    assert text.rsplit(": ", 1)[1].strip(), "the message must end with a cure"


def test_a_valid_file_is_read(path):
    save(path, change=lambda file: file.create_group("ignored"))
    arrays, sha256 = read_hdf5(path, SCHEMA)
    assert list(arrays) == ["x", "y", "names"]
    np.testing.assert_array_equal(arrays["x"], X)
    np.testing.assert_array_equal(arrays["y"], Y)
    assert arrays["names"].tolist() == [b"no", b"yes"]
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "array",
    [np.float32(2.5), np.arange(6.0).reshape(1, 2, 3), np.zeros((0, 4))],
    ids=["number", "cube", "empty"],
)
def test_an_array_of_any_rank_is_read(path, array):
    path.write_bytes(hdf5_bytes({"a": np.asarray(array)}))
    array_read = read_hdf5(path, {"a": Field(np.shape(array), "f")}).arrays["a"]
    assert (array_read.shape, array_read.dtype) == (np.shape(array), np.asarray(array).dtype)
    np.testing.assert_array_equal(array_read, array)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "gzip"},
        {"compression": "gzip", "shuffle": True, "fletcher32": True},
        {"shuffle": True, "fletcher32": True},
        {"chunks": (1, 4, 3)},
        {"chunks": (2, 3, 2), "compression": "gzip", "maxshape": (None, 4, 3)},
    ],
    ids=str,
)
def test_built_in_filters_are_read(path, options):
    save(path, x=None, change=lambda file: file.create_dataset("x", data=X, **options))
    np.testing.assert_array_equal(read_hdf5(path, SCHEMA).arrays["x"], X)


def test_arguments_have_names_and_the_limit_must_be_named(path):
    save(path)
    assert read_hdf5(path=path, schema=SCHEMA).arrays.keys() == SCHEMA.keys()
    with pytest.raises(TypeError, match="positional"):
        read_hdf5(path, SCHEMA, 10**6)


def test_the_file_is_not_opened_for_writing(path):
    save(path)
    path.chmod(0o444)
    before = path.read_bytes()
    read_hdf5(path, SCHEMA)
    assert path.read_bytes() == before


def test_two_reads_are_of_the_same_bytes_even_if_the_file_is_gone(path):
    save(path)
    file = HDF5File(path)
    np.testing.assert_array_equal(file.read({"y": SCHEMA["y"], "names": SCHEMA["names"]})["y"], Y)
    path.unlink()
    np.testing.assert_array_equal(file.read({"x": SCHEMA["x"]})["x"], X)


def test_two_reads_count_together(path):
    save(path)
    file = HDF5File(path, limit=Limits(max_bytes=path.stat().st_size))
    for _ in range(path.stat().st_size // X.nbytes):
        file.read({"x": SCHEMA["x"]})
    with pytest.raises(DataError, match="the arrays may have"):
        file.read({"x": SCHEMA["x"]})


def test_a_missing_file(path):
    with pytest.raises(MissingDataError, match="file not found"):
        read_hdf5(path, SCHEMA)


def test_a_file_that_is_not_hdf5(path):
    path.write_bytes(b"<html>")
    refused(path, None, "a web page")


@pytest.mark.parametrize("keep", [8, 9, 20, 100, 500, 1000, 0.5, -1])
def test_a_truncated_file(path, keep):
    save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep) if isinstance(keep, float) else keep])
    refused(path, None, "truncated or damaged", "download it again")


def test_a_file_over_the_limit(path):
    save(path)
    refused(path, None, "a data file may have at most 100 bytes", limit=100)


def test_arrays_that_together_are_over_the_limit(path):
    def pack(file):
        file.create_dataset("x", data=np.zeros((10**5, 4, 3), np.uint8), compression="gzip")
        file.create_dataset("y", data=np.zeros(10**5, int), compression="gzip")

    save(path, x=None, y=None, change=pack)
    refused(
        path,
        None,
        "the arrays may have 1,500,000 bytes",
        "found 2,",
        limit=Limits(max_bytes=1_500_000, max_ratio=1_000),
    )
    assert (
        len(read_hdf5(path, SCHEMA, limit=Limits(max_bytes=2_100_000, max_ratio=1_000)).arrays["x"])
        == 10**5
    )


def test_arrays_that_unpack_to_many_times_the_file(path):
    save(
        path,
        x=None,
        y=np.zeros(10**6, np.int8),
        change=lambda f: f.create_dataset(
            "x", data=np.zeros((10**6, 4, 3), "u1"), compression="gzip"
        ),
    )
    refused(path, None, "found 13,", limit=Limits(max_ratio=5))
    assert len(read_hdf5(path, SCHEMA, limit=Limits(max_ratio=20)).arrays["x"]) == 10**6


def test_arrays_of_a_hundred_times_the_file_and_a_mebibyte_are_read(path):
    schema, size = {"a": Field(("m",), "u")}, 20_000
    zeros = np.zeros(2**20 + 100 * size, np.uint8)
    with h5py.File(path, "w") as file:
        file.create_dataset("a", data=zeros, chunks=zeros.shape, compression="gzip")
    content = path.read_bytes()
    path.write_bytes(content.ljust(size, b"\0"))
    assert read_hdf5(path, schema).arrays["a"].shape == zeros.shape
    path.write_bytes(content.ljust(size - 1, b"\0"))
    refused(path, None, "found 3,048,576: ", limit=Limits(), schema=schema)


def test_the_error_for_a_missing_key_lists_existing_keys(path):
    save(path, y=None)
    refused(path, "y", "the key must be in the file", "only 'names', 'x': is it the right file")
    with h5py.File(path, "r+") as file:
        for name in ("\x1b[2J", "long" * 1000, *map(str, range(1000))):
            file.create_group(name)
    with pytest.raises(DataError) as caught:
        read_hdf5(path, SCHEMA)
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()
    assert "..." in str(caught.value)


def test_an_empty_file_of_hdf5(path):
    save(path, x=None, y=None, names=None)
    refused(path, "x", "found only nothing")


@pytest.mark.parametrize("key", ["", ".", "..", "/x", "group/x", "./x", "x\0", "\ud800"])
def test_a_key_that_is_a_path_is_not_followed(path, key):
    """Keys may come from a file, and a path could follow a link."""
    save(path, change=lambda file: file.update(group=h5py.ExternalLink("/nowhere.h5", "/")))
    with pytest.raises(DataError, match="the key must be a plain name"):
        read_hdf5(path, {key: SCHEMA["x"]})


def link(target):
    def change(file):
        file["y"] = target

    return change


@pytest.mark.parametrize(
    "target", [h5py.SoftLink("/x"), h5py.SoftLink("/nowhere"), h5py.ExternalLink("other.h5", "/y")]
)
def test_links_are_not_followed(path, target):
    save(path, y=None, change=link(target))
    refused(path, "y", "the data must lie in this file", type(target).__name__)


def test_a_group_instead_of_a_dataset(path):
    save(path, y=None, change=lambda file: file.create_group("y"))
    refused(path, "y", "the key must be a dataset", "a Group")


def test_a_named_type_instead_of_a_dataset(path):
    save(path, y=None, change=link(np.dtype("int64")))
    refused(path, "y", "the key must be a dataset", "a Datatype")


def test_x_and_y_of_different_length(path):
    save(path, y=Y[:4])
    refused(path, "y", "it must be as long as x (5)", "found length 4")


def test_nothing_is_read_of_what_is_refused(tmp_path, monkeypatch):
    """But to compare labels with classes; what refers elsewhere refers to a good file."""
    path, canary, read = tmp_path / "hostile.h5", tmp_path / "canary.h5", []
    write_good(canary)
    monkeypatch.setattr(h5py.Dataset, "__getitem__", lambda dataset, _: read.append(dataset.name))
    for name, make in {**AWAY, **HIDDEN}.items():
        if not name.startswith(("label", "negative")):
            make(path, canary)
            with pytest.raises(DataError):
                read_hdf5(path, image_schema("train"))
            assert read == [], name
            path.unlink()


@pytest.mark.parametrize(
    ("labels", "span"), [([0, 1, 2, 0, 0], "0..2"), ([0, -1, 1, 0, 0], "-1..1")]
)
def test_labels_out_of_range(path, labels, span):
    save(path, y=np.array(labels))
    refused(path, "y", "the values must lie in 0..1", f"found {span}")


def test_damaged_compressed_data(path):
    save(
        path,
        x=None,
        change=lambda f: f.create_dataset("x", data=X, compression="gzip", fletcher32=True),
    )
    with h5py.File(path) as file:
        chunk = file["x"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + chunk.size - 1] ^= 0xFF  # the checksum
    path.write_bytes(content)
    refused(path, "x", "truncated or damaged")


def test_too_little_memory_is_an_error(path, monkeypatch):
    save(path)
    monkeypatch.setattr(
        h5py.Dataset, "__getitem__", lambda *_: (_ for _ in ()).throw(MemoryError())
    )
    refused(path, "x", "must fit into memory")


@settings(max_examples=200)
@given(st.data())
def test_any_change_of_the_bytes_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "changed.h5"
    content = bytearray(hdf5_bytes({"x": X, "y": Y, "names": NAMES}))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content) - 1))
        new = data.draw(st.binary(min_size=1, max_size=9))
        content[start : start + len(new)] = new
    path.write_bytes(content[: data.draw(st.just(len(content)) | st.integers(0, len(content)))])
    try:
        arrays = read_hdf5(path, SCHEMA).arrays
    except DataError as error:
        message = str(error)
        arrays = {"x": X, "y": Y, "names": NAMES}
    else:
        message = str(path)
    assert str(path) in message
    assert arrays["x"].shape == (len(arrays["y"]), 4, 3)
    assert arrays["y"].min() >= 0
    assert arrays["y"].max() < len(arrays["names"])


def test_h5py_is_loaded_only_when_a_file_is_read():
    import subprocess
    import sys

    code = "import sys, minidl.data; minidl.data.load_cats; sys.exit('h5py' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert (
        subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
    )


def test_reading_issues_no_warning(path):
    save(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_hdf5(path, SCHEMA)
