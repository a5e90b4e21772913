"""Sealed files: what is read is what was written, to the last bit."""

import hashlib
import json

import h5py
import numpy as np
import pytest

from minidl import sealed
from minidl.data.hdf5 import hdf5_bytes, write_hdf5
from minidl.errors import ArgumentError, DataError, MissingDataError

CONTENT = {"name": "moons", "rates": [0.1, -0.0, 1e-300, 1e300], "steps": 2**53 + 1, "nested": {"a": None, "b": [True, "ü\n\ud800"]}}
ARRAYS = {
    "0.weight": np.array([[1.5, np.nan], [-0.0, np.inf]], np.float32),
    "moment": np.arange(3.0),
    "order": np.array([3, -1, 2]),
    "state": np.arange(256, dtype=np.uint8),
    "step": np.array(7),
    "none": np.zeros((0, 4)),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.h5"


def write(path, content=CONTENT, arrays=ARRAYS, form="minidl test", version=3):
    return write_hdf5({path: sealed.seal(form, version, content, arrays)}, replace=True)[0]


def read(path):
    return sealed.read(path, "minidl test", 3)


def forged(path, text=None, **arrays):
    """Write with another description or other arrays, and a digest of the description that fits."""
    parts = {**sealed.seal("minidl test", 3, CONTENT, ARRAYS), **arrays}
    if text is not None:
        parts["description"] = np.frombuffer(text, np.uint8)
        parts["sha256"] = np.frombuffer(hashlib.sha256(text).digest(), np.uint8)
    path.write_bytes(hdf5_bytes(parts))


def test_all_comes_back_to_the_last_bit(path):
    content, arrays = read(write(path))
    assert content == CONTENT
    assert str(content["rates"]) == str(CONTENT["rates"])
    assert {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in arrays.items()} == {
        name: (a.dtype.str, a.shape, a.tobytes()) for name, a in ARRAYS.items()
    }


def test_nothing_at_all_comes_back(path):
    assert read(write(path, {}, {})) == ({}, {})


def test_the_byte_order_of_a_file_is_always_the_same(path):
    other = {name: array.astype(array.dtype.newbyteorder(">")) for name, array in ARRAYS.items()}
    write(path, arrays=other)
    assert read(path)[1]["moment"].dtype.str == "<f8"
    assert path.read_bytes() == write(path.with_name("b.h5")).read_bytes()


@pytest.mark.parametrize("key", [*ARRAYS, "description", "sha256"])
def test_every_bit_counts(path, key):
    """One bit of each array, in turn at its beginning and its end."""
    for place in (0, -1):
        write(path)
        with h5py.File(path, "r+") as file:
            raw = bytearray(file[key][()].tobytes())
            if not raw:
                return
            raw[place] ^= 1
            file[key][...] = np.frombuffer(raw, file[key].dtype).reshape(file[key].shape)
        blamed = "description" if key == "sha256" else key
        with pytest.raises(DataError, match=rf"a\.h5, key '{blamed}': must have the SHA-256 that was written with it, found another"):
            read(path)


def test_an_array_of_another_type_with_the_same_bytes_is_refused(path):
    forged(path, order=ARRAYS["order"].view(">i8"))
    with pytest.raises(DataError, match="key 'order': must have the SHA-256"):
        read(path)
    forged(path, order=ARRAYS["order"].view(np.float64))
    with pytest.raises(DataError, match=r"key 'order': .*dtype"):
        read(path)


def test_arrays_that_changed_places_are_refused(path):
    arrays = {"a": np.zeros(3), "b": np.ones(3)}
    parts = sealed.seal("minidl test", 3, {}, arrays)
    path.write_bytes(hdf5_bytes({**parts, "a": parts["b"], "b": parts["a"]}))
    with pytest.raises(DataError, match="key 'a': must have the SHA-256"):
        read(path)


def test_a_missing_array_is_named(path):
    parts = sealed.seal("minidl test", 3, {}, ARRAYS)
    del parts["moment"]
    path.write_bytes(hdf5_bytes(parts))
    with pytest.raises(DataError, match=r"key 'moment': .*the key is in the file"):
        read(path)


@pytest.mark.parametrize(
    ("form", "version", "told"),
    [("other", 3, "must describe a minidl test, found 'other'"), ("minidl test", 4, "must be of version 3, found 4")],
)
def test_another_kind_or_version_is_refused(path, form, version, told):
    write(path, form=form, version=version)
    with pytest.raises(DataError, match=told):
        read(path)


def test_another_file_is_refused(path):
    path.write_bytes(hdf5_bytes({"x": np.zeros(3)}))
    with pytest.raises(DataError, match=r"key 'description': .*found only 'x': is it the right file"):
        read(path)
    with pytest.raises(MissingDataError):
        read(path.with_name("nowhere.h5"))


def table(**row):
    return {"arrays": {"a": {"dtype": "<f8", "shape": [3], "sha256": "0" * 64, **row}}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "the shape is"),
        (b"{", "must be JSON"),
        (b"\xff{}", "must be JSON"),
        (b"[]", "must be JSON, found no object, but a list"),
        (b"[" * 100_000, "must be JSON, found maximum recursion"),
        (b'{"a": ' * 100_000, "must be JSON, found maximum recursion"),
        (b'{"format": 1, "format": "minidl test"}', "a key twice in one object"),
        (b'{"format": {"a": 1, "a": 1}}', "a key twice in one object"),
        (b'{"format": NaN}', "NaN, which is no number"),
        (b'{"format": -Infinity}', "-Infinity, which is no number"),
        (b'{"format": 1e999}', "1e999, which is no number"),
        (b'{"format": ' + b"9" * 21 + b"}", "a number of 21 digits"),
        (b'{"format": ' + b"9" * 10**6 + b"}", "a number of 1000000 digits"),
        (b'{"a": "' + b"x" * sealed.MOST_TEXT + b'"}', "with at most 4,194,304 elements"),
        (b'{"format": "\x1b[2J"}', "must be JSON"),
        (b"{}", "must describe a minidl test, found None"),
        (b'{"format": ["minidl test"]}', "found \\['minidl test'\\]"),
        ({}, "must list its arrays"),
        ({"arrays": []}, "must list its arrays"),
        ({"arrays": {"a": []}}, "must list its arrays"),
        ({"arrays": {f"{n}": table()["arrays"]["a"] for n in range(10_001)}}, "must list its arrays"),
        *(
            ({"arrays": {name: table()["arrays"]["a"]}}, "must list its arrays")
            for name in ("", ".", "..", "a/b", "/", "a\0", "\ud800", "sha256", "x" * 256)
        ),
        *((table(dtype=kind), "must list its arrays") for kind in ("O", "<f16", "float64", ">f8", "S1", None, ["<f8"], [["a", "<f8"]])),
        *((table(shape=shape), "must list its arrays") for shape in (None, 3, "3", [3.0], [True], [-1], [[3]], [1] * 33)),
        (table(sha256=None), "must list its arrays"),
        (table(shape=[10**18, 10**18]), "key 'a': .*the key is in the file"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_forged_description_is_refused(path, text, told):
    known = {"format": "minidl test", "version": 3}
    forged(path, text if isinstance(text, bytes) else json.dumps({**known, **text}).encode())
    with pytest.raises(DataError, match=told) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()


def test_no_name_of_an_array_leads_through_a_link(path, tmp_path):
    """Even a name of the form that a link needs finds none: it is refused before it is looked up."""
    import os

    os.mkfifo(tmp_path / "pipe")  # whoever opens it waits for ever
    text = json.dumps({"format": "minidl test", "version": 3, "arrays": {"away/x": table()["arrays"]["a"]}}).encode()
    forged(path, text)
    with h5py.File(path, "r+") as file:
        file["away"] = h5py.ExternalLink(str(tmp_path / "pipe"), "/")
    with pytest.raises(DataError, match="must list its arrays"):
        read(path)


@pytest.mark.parametrize(
    ("content", "arrays", "told"),
    [
        ({"a": float("nan")}, {}, "must be plain values that JSON can hold"),
        ({"a": object()}, {}, "must be plain values"),
        ({"a": 10**25}, {}, "a number of 26 digits"),
        ({"a": "x" * sealed.MOST_TEXT}, {}, "got 4,19"),
        ({}, {"a/b": np.zeros(1)}, "plain names"),
        ({}, {"description": np.zeros(1)}, "plain names"),
        ({}, {"a": np.zeros(1, complex)}, r"a \(<c16\)"),
        ({}, {"a": np.array(["x"])}, r"a \(<U1\)"),
        ({}, {"a": np.array([object()])}, r"a \(\|O\)"),
    ],
)
def test_what_could_not_be_read_back_is_refused_before_it_is_written(content, arrays, told):
    with pytest.raises(ArgumentError, match=told):
        sealed.seal("minidl test", 3, content, arrays)
