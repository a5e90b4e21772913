"""Checksummed files of a description and arrays: exact round trips, damage is detected."""

import hashlib
import json
import os

import h5py
import numpy as np
import pytest

from minidl import ArgumentError, DataError, MissingDataError
from minidl.data.hdf5_writer import hdf5_bytes, write_hdf5
from minidl.serialization import container
from minidl.serialization.container import StoredArrays, read_verified

CONTENT = {
    "name": "moons",
    "rates": [0.1, -0.0, 1e-300, 1e300],
    "steps": 2**53 + 1,
    "nested": {"a": None, "b": [True, "ü\n\ud800"]},
}


A = np.zeros(1)
ARRAYS = {
    "0.weight": np.array([[1.5, np.nan], [-0.0, np.inf]], np.float32),
    "moment": np.arange(3.0),
    "order": np.array([3, -1, 2]),
    "state": np.arange(256, dtype=np.uint8),
    "step": np.array(7),
    "none": np.zeros((0, 4)),
}


def stored(arrays):
    """Return arrays with a role for each in turn."""
    roles = [{}, {}, {}]
    for i, (name, array) in enumerate(arrays.items()):
        roles[i % 3][name] = array
    return StoredArrays(*roles)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.h5"


def write(path, content=CONTENT, arrays=ARRAYS):
    return write_hdf5({path: container.pack_with_checksums(content, stored(arrays))}, replace=True)[
        0
    ]


def rewritten(path, text=None, **arrays):
    """Write with another description or other arrays, and the digest of the new description."""
    parts = {**container.pack_with_checksums(CONTENT, stored(ARRAYS)), **arrays}
    if text is not None:
        parts["description"] = np.frombuffer(text, np.uint8)
        parts["sha256"] = np.frombuffer(hashlib.sha256(text).digest(), np.uint8)
    path.write_bytes(hdf5_bytes(parts))


def test_content_and_arrays_round_trip_to_the_last_bit(path):
    version, content, read = read_verified(write(path))
    assert version == 2
    assert content == CONTENT
    assert [list(names) for names in read] == [sorted(names) for names in stored(ARRAYS)]
    arrays = {name: array for role in read for name, array in role.items()}
    assert str(content["rates"]) == str(CONTENT["rates"])
    assert {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in arrays.items()} == {
        name: (a.dtype.str, a.shape, a.tobytes()) for name, a in ARRAYS.items()
    }


def test_an_empty_file_round_trips(path):
    assert read_verified(write(path, {}, {})) == (2, {}, StoredArrays())


def test_the_byte_order_of_a_file_is_always_the_same(path):
    other = {name: array.astype(array.dtype.newbyteorder(">")) for name, array in ARRAYS.items()}
    write(path, arrays=other)
    assert read_verified(path).arrays.buffers["moment"].dtype.str == "<f8"
    assert path.read_bytes() == write(path.with_name("b.h5")).read_bytes()


@pytest.mark.parametrize("key", [*ARRAYS, "description", "sha256"])
def test_every_changed_bit_is_detected(path, key):
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
        with pytest.raises(
            DataError,
            match=rf"a\.h5, key '{blamed}': must have the SHA-256 that was written with it",
        ):
            read_verified(path)


def test_an_array_of_another_type_with_the_same_bytes_is_refused(path):
    rewritten(path, order=ARRAYS["order"].view(">i8"))
    with pytest.raises(DataError, match="key 'order': must have the SHA-256"):
        read_verified(path)
    rewritten(path, order=ARRAYS["order"].view(np.float64))
    with pytest.raises(DataError, match=r"key 'order': .*dtype"):
        read_verified(path)


def test_arrays_that_changed_places_are_refused(path):
    arrays = {"a": np.zeros(3), "b": np.ones(3)}
    parts = container.pack_with_checksums({}, stored(arrays))
    path.write_bytes(hdf5_bytes({**parts, "a": parts["b"], "b": parts["a"]}))
    with pytest.raises(DataError, match="key 'a': must have the SHA-256"):
        read_verified(path)


def test_a_missing_array_is_named(path):
    parts = container.pack_with_checksums({}, stored(ARRAYS))
    del parts["moment"]
    path.write_bytes(hdf5_bytes(parts))
    with pytest.raises(DataError, match=r"key 'moment': .*the key must be in the file"):
        read_verified(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "must have the format 'minidl model', found 'other'"),
        ({"version": 3}, "from 1 to 2, found 3: it was made by a newer minidl, install that"),
        ({"version": 10**19}, "made by a newer minidl"),
        *(
            ({"version": version}, "a version of the format from 1 to 2, found .*: restore a copy")
            for version in (0, -1, True, 2.0, "2", None, [2], {})
        ),
    ],
)
def test_another_format_or_version_is_refused(path, change, message):
    content = {"format": "minidl model", "version": 2, "arrays": {}, **change}
    rewritten(path, json.dumps(content).encode())
    with pytest.raises(DataError, match=message):
        read_verified(path)


def test_version_1_lists_arrays_without_roles(path):
    entry = {"dtype": "<f8", "shape": [3], "sha256": container.sha256_of(ARRAYS["moment"])}
    content = {"format": "minidl model", "version": 1, "name": "moons"}
    rewritten(path, json.dumps({**content, "arrays": {"moment": entry}}).encode())
    version, rest, arrays = read_verified(path)
    assert (version, rest) == (1, {"name": "moons"})
    assert list(arrays.parameters) == ["moment"]
    assert not arrays.buffers
    assert not arrays.training
    for other in ({**content, "version": 2}, content):
        row = {**entry, "role": "parameter"} if other is content else entry
        rewritten(path, json.dumps({**other, "arrays": {"moment": row}}).encode())
        with pytest.raises(DataError, match="must list its arrays"):
            read_verified(path)


def test_another_file_is_refused(path):
    path.write_bytes(hdf5_bytes({"x": np.zeros(3)}))
    with pytest.raises(
        DataError, match=r"key 'description': .*found only .x.: is it the right file"
    ):
        read_verified(path)
    with pytest.raises(MissingDataError):
        read_verified(path.with_name("nowhere.h5"))


def table(**row):
    entry = {"dtype": "<f8", "role": "buffer", "shape": [3], "sha256": "0" * 64}
    return {"arrays": {"a": {**entry, **row}}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "the shape must be"),
        (b"{", "must be JSON"),
        (b"\xff{}", "must be JSON"),
        (b"[]", "must be JSON, found a list instead of an object"),
        (b"[" * 100_000, "must be JSON, found maximum recursion"),
        (b'{"a": ' * 100_000, "must be JSON, found maximum recursion"),
        (b'{"format": 1, "format": "minidl model"}', "a duplicate key in one object"),
        (b'{"format": {"a": 1, "a": 1}}', "a duplicate key in one object"),
        (b'{"format": NaN}', "NaN, which is not finite"),
        (b'{"format": -Infinity}', "-Infinity, which is not finite"),
        (b'{"format": 1e999}', "1e999, which is not finite"),
        (b'{"format": ' + b"9" * 21 + b"}", "an integer of 21 digits"),
        (b'{"format": ' + b"9" * 10**6 + b"}", "an integer of 1000000 digits"),
        (
            b'{"a": "' + b"x" * container.MAX_DESCRIPTION_BYTES + b'"}',
            "with at most 4,194,304 elements",
        ),
        (b'{"format": "\x1b[2J"}', "must be JSON"),
        (b"{}", "must have the format 'minidl model', found None"),
        (b'{"format": ["minidl model"]}', "found \\['minidl model'\\]"),
        ({}, "must list its arrays"),
        ({"arrays": []}, "must list its arrays"),
        ({"arrays": {"a": []}}, "must list its arrays"),
        (
            {"arrays": {f"{n}": table()["arrays"]["a"] for n in range(10_001)}},
            "must list its arrays",
        ),
        *(
            ({"arrays": {name: table()["arrays"]["a"]}}, "must list its arrays")
            for name in ("", ".", "..", "a/b", "/", "a\0", "\ud800", "sha256", "x" * 256)
        ),
        *(
            (table(dtype=kind), "must list its arrays")
            for kind in ("O", "<f16", "float64", ">f8", "S1", None, ["<f8"], [["a", "<f8"]])
        ),
        *(
            (table(shape=shape), "must list its arrays")
            for shape in (None, 3, "3", [3.0], [True], [[3]])
        ),
        *(
            (
                {"arrays": {"moment": {**table()["arrays"]["a"], "shape": shape}}},
                "key 'moment': .*the shape must be",
            )
            for shape in ([-1], [-3])
        ),
        (table(shape=[1] * 33), "must list its arrays"),
        (table(sha256=None), "must list its arrays"),
        *(
            (table(role=role), "must list its arrays")
            for role in ("", "buffers", None, 1, ["buffer"], {})
        ),
        (table(shape=[10**18, 10**18]), "key 'a': .*the key must be in the file"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_forged_description_is_refused(path, text, message):
    format_entries = {"format": "minidl model", "version": 2}
    rewritten(
        path, text if isinstance(text, bytes) else json.dumps({**format_entries, **text}).encode()
    )
    with pytest.raises(DataError, match=message) as caught:
        read_verified(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()


def test_an_array_name_never_leads_through_a_link(path, tmp_path):
    """A name that would follow a link is refused before it is looked up."""
    os.mkfifo(tmp_path / "pipe")  # opening it would block for ever
    text = json.dumps(
        {"format": "minidl model", "version": 2, "arrays": {"away/x": table()["arrays"]["a"]}}
    ).encode()
    rewritten(path, text)
    with h5py.File(path, "r+") as file:
        file["away"] = h5py.ExternalLink(str(tmp_path / "pipe"), "/")
    with pytest.raises(DataError, match="must list its arrays"):
        read_verified(path)


@pytest.mark.parametrize(
    ("content", "arrays", "message"),
    [
        ({"a": float("nan")}, {}, "must consist of values that JSON can store"),
        ({"a": object()}, {}, "values that JSON can store"),
        ({"a": 10**25}, {}, "an integer of 26 digits"),
        ({"a": "x" * container.MAX_DESCRIPTION_BYTES}, {}, "got 4,19"),
        ({}, {"a": A, "a/b": A}, r"2 arrays, such as 'a/b' \(<f8\): make it smaller, or rename"),
        ({}, {"a": A, "description": A}, r"such as 'description' \(<f8\):"),
        ({}, {"a": A, "b" * 256: A}, r"at most 255 letters, .* such as 'b{40}' \(<f8\):"),
        ({}, {"a": np.zeros((1,) * 33)}, "at most 32 dimensions"),
        ({}, {"a": np.zeros(1, complex)}, r"'a' \(<c16\)"),
        ({}, {"a": np.array(["x"])}, r"'a' \(<U1\)"),
        ({}, {"a": np.array([object()])}, r"'a' \(\|O\)"),
    ],
)
def test_content_that_could_not_be_read_is_not_written(content, arrays, message):
    with pytest.raises(ArgumentError, match=message):
        container.pack_with_checksums(content, stored(arrays))


BARE = len(container.pack_with_checksums({"x": ""}, StoredArrays())["description"])


@pytest.mark.parametrize(
    ("limits", "content", "arrays"),
    [
        ({"MAX_DESCRIPTION_BYTES": 500}, lambda excess: {"x": "a" * (500 - BARE + excess)}, None),
        ({"MAX_ARRAYS": 3}, None, lambda excess: {f"{i}.weight": A for i in range(3 + excess)}),
        ({}, None, lambda excess: {"0." + "\U0001d518" * (253 + excess): A}),
        ({}, None, lambda excess: {"a": np.zeros((1,) * (32 + excess))}),
        ({}, lambda excess: {"x": 10 ** (20 + excess) - 1}, None),
    ],
    ids=["description", "arrays", "name", "dimensions", "digits"],
)
def test_whatever_is_at_a_limit_can_be_written_and_read(path, monkeypatch, limits, content, arrays):
    for name, value in limits.items():
        monkeypatch.setattr(container, name, value)

    def parts(excess):
        return content(excess) if content else {}, arrays(excess) if arrays else {}

    write(path, *parts(0))
    read = read_verified(path)
    assert read.content == parts(0)[0]
    assert {name for part in read.arrays for name in part} == set(parts(0)[1])
    with pytest.raises(ArgumentError, match="a saved model m"):
        write(path, *parts(1))


def test_a_file_is_read_in_the_order_of_the_page(path):
    """With something wrong at every step; what is mended first is the first step."""
    good = container.pack_with_checksums({}, stored({"a": np.ones(3), "b": np.ones(3)}))
    wrong = {
        "a": np.zeros(3),
        "b": np.ones(3, int),
        "description": np.frombuffer(b"{", np.uint8),
        "sha256": np.zeros(32, np.uint8),
    }
    broken_text = np.frombuffer(hashlib.sha256(b"{").digest(), np.uint8)
    for mended, limit, message in (
        ({}, 10, "may have at most 10 bytes"),
        ({}, 10**6, "key 'description': must have the SHA-256"),
        ({"sha256": broken_text}, 10**6, "key 'description': must be JSON"),
        ({key: good[key] for key in ("sha256", "description")}, 10**6, "key 'b': .*dtype"),
        ({key: good[key] for key in good if key != "a"}, 10**6, "key 'a': must have the SHA-256"),
    ):
        path.write_bytes(hdf5_bytes({**wrong, **mended}))
        with pytest.raises(DataError, match=message):
            read_verified(path, limit)


def test_a_file_of_exactly_the_limit_is_read(path):
    write(path)
    size = path.stat().st_size
    read_verified(path, size)
    with pytest.raises(DataError, match=rf"at most {size - 1:,} bytes, .*a larger limit if you"):
        read_verified(path, size - 1)
    with pytest.raises(DataError, match="pass a larger resume_limit if you trust the file"):
        read_verified(path, size - 1, limit_name="resume_limit")
