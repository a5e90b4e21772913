"""What a data set must be before it is read."""

import h5py
import numpy as np
import pytest

from minidl.data import Field, Limits, read_hdf5
from minidl.errors import DataError

FIELD = Field(("m",), "iu")
Y = np.array([0, 1, 1, 0, 1])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.h5"


def put(path, make):
    """Write a file in which `make(file)` puts something under "y"."""
    with h5py.File(path, "w", libver=("earliest", "latest")) as file:
        make(file)


def refused(path, *parts, field=FIELD, limit=Limits.size):
    with pytest.raises(DataError) as caught:
        read_hdf5(path, {"y": field}, limit=limit)
    for part in (f"{path}, key 'y': must be such that ", *parts):
        assert part in str(caught.value)


def test_external_storage(path, tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"\1" * 40)
    put(path, lambda file: file.create_dataset("y", (5,), "i8", external=[(str(secret), 0, 40)]))
    refused(path, "the data lie in this file, found external storage")


def test_a_virtual_data_set(path):
    layout = h5py.VirtualLayout((5,), "i8")
    layout[:] = h5py.VirtualSource("other.h5", "y", (5,))
    put(path, lambda file: file.create_virtual_dataset("y", layout))
    refused(path, "the data lie in this file, found a virtual data set")


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda file: file.create_dataset("y", data=["no", "yes"]), "the HDF5 type text of variable length"),
        (lambda file: file.create_dataset("y", (5,), h5py.vlen_dtype(np.int64)), "the HDF5 type vlen"),
        (lambda file: file.create_dataset("y", (5,), h5py.ref_dtype), "the HDF5 type reference"),
        (lambda file: file.create_dataset("y", data=np.array([(1,)] * 5, [("a", "i4")])), "the HDF5 type compound"),
        (lambda file: file.create_dataset("y", data=np.zeros(5, "V8")), "the HDF5 type opaque"),
        (lambda file: file.create_dataset("y", data=Y.astype(bool)), "the HDF5 type enum"),
        (lambda file: file.create_dataset("y", (5,), np.dtype(("i8", (2,)))), "the HDF5 type array"),
        (lambda file: file.create_dataset("y", data=Y.astype(float)), "dtype float64"),
        (lambda file: file.create_dataset("y", data=np.array([b"a"])), "dtype |S1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_type(path, make, found):
    put(path, make)
    refused(path, "the dtype kind is one of i, u with at most 64 byte(s)", f"found {found}")


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
    ("array", "found"),
    [
        (Y.reshape(1, 5), "(1, 5)"),
        (np.int64(3), "()"),
        (Y[:0], "(0,)"),
        (h5py.Empty("i8"), "no shape"),
        (np.zeros((2,) * 5, int), "(2, 2, 2, 2, 2)"),
    ],
)
def test_a_wrong_shape(path, array, found):
    put(path, lambda file: file.create_dataset("y", data=array))
    refused(path, f"the shape is (m,), found {found}")


def test_too_many_elements(path):
    put(path, lambda file: file.create_dataset("y", data=Y))
    refused(path, "the shape is (m,) with at most 4 elements, found (5,)", field=Field(("m",), "i", most=4))


@pytest.mark.parametrize(
    ("options", "found"),
    [({"scaleoffset": 0}, "6"), ({"compression": "lzf"}, "32000"), ({"compression": "gzip", "scaleoffset": 0}, "6, 1")],
)
def test_a_filter_that_is_not_allowed(path, options, found):
    put(path, lambda file: file.create_dataset("y", data=Y, **options))
    refused(path, "the only filters are gzip, shuffle, fletcher32, each once", f"found filter number(s) {found}: save it again")


@pytest.mark.parametrize(
    ("options", "found"), [({}, "0 of 40 bytes"), ({"chunks": (5,)}, "0 of 1 chunks"), ({"chunks": (1,)}, "0 of 5 chunks")]
)
def test_data_that_were_never_written(path, options, found):
    put(path, lambda file: file.create_dataset("y", (5,), "i8", **options))
    refused(path, "the data have been written", found)


def test_data_that_were_written_in_part(path):
    put(path, lambda file: file.create_dataset("y", (5,), "i8", chunks=(2,)).__setitem__(slice(0, 3), 1))
    refused(path, "the data have been written, found 2 of 3 chunks")


def test_too_many_chunks(path):
    put(path, lambda file: file.create_dataset("y", data=Y, chunks=(1,)))
    refused(path, "it is stored in at most 4 chunks, found 5", limit=Limits(chunks=4))


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("owner", ["y", "/"])
def test_giant_attributes(path, libver, owner):
    with h5py.File(path, "w", libver=libver) as file:
        file["y"] = Y
        for number in range(20):
            file[owner].attrs[f"a{number}"] = np.zeros(5_000, np.uint8)
    with pytest.raises(DataError, match=rf"key '{owner}': .*its description has at most 65,536 bytes, found 1.* with 20 attribute"):
        read_hdf5(path, {"y": FIELD})
    assert len(read_hdf5(path, {"y": FIELD}, limit=Limits(header=2**20)).arrays["y"]) == 5


def test_small_attributes_are_let_be(path):
    put(path, lambda file: file.create_dataset("y", data=Y).attrs.update(note="taken in May", scale=0.5))
    np.testing.assert_array_equal(read_hdf5(path, {"y": FIELD}).arrays["y"], Y)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite(path, bad):
    array = np.ones((3, 2))
    array[1, 1] = bad
    put(path, lambda file: file.create_dataset("y", data=array))
    refused(path, f"the values are finite, found {bad} at (1, 1): repair or drop such rows", field=Field(("m", 2), "f"))
    np.testing.assert_array_equal(read_hdf5(path, {"y": Field(("m", 2), "f", finite=False)}).arrays["y"], array)


def test_a_whole_number_beyond_int64_is_no_class(path):
    put(path, lambda file: file.update(y=np.array([2**64 - 1, 0], np.uint64), k=np.zeros(3, int)))
    with pytest.raises(DataError, match=r"the values lie in 0\.\.2, found 0\.\.18446744073709551615"):
        read_hdf5(path, {"y": Field(("m",), "u", below="k"), "k": Field(("k",), "i")})
