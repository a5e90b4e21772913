"""Chunks that HDF5 itself would unpack without checking them."""

import re
import struct
import tracemalloc
import zlib

import h5py
import numpy as np
import pytest

from minidl.data import Field, Limits, read_hdf5
from minidl.errors import DataError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.h5"


SHAPE = (40, 5)


CHUNKED = {"a": Field(SHAPE, "u", itemsize=1)}


GOOD = np.arange(200, dtype=np.uint8).reshape(SHAPE)


def store(path, packed, *, mask=0, filters=("deflate",), chunk=SHAPE):
    """Write one chunk without applying the filters."""
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk(chunk)
    for name in filters:
        getattr(settings, f"set_{name}")(*([6] if name == "deflate" else []))
    space = h5py.h5s.create_simple(SHAPE, (h5py.h5s.UNLIMITED,) * 2)
    with h5py.File(path, "w") as file:
        h5py.h5d.create(file.id, b"a", h5py.h5t.STD_U8LE, space, dcpl=settings).write_direct_chunk(
            (0, 0), packed, filter_mask=mask
        )


def chunks_refused(path, problem, **options):
    with pytest.raises(DataError, match=rf"a\.h5, key 'a': .*{problem}"):
        read_hdf5(path, CHUNKED, **options)


def test_a_chunk_that_was_stored_without_its_filter_is_read(path):
    """HDF5 does so if the filter would make the chunk larger."""
    store(path, GOOD.tobytes(), mask=1)
    np.testing.assert_array_equal(read_hdf5(path, CHUNKED).arrays["a"], GOOD)


@pytest.mark.parametrize(
    "filters",
    [
        ("fletcher32", "shuffle", "deflate"),
        ("shuffle", "fletcher32", "deflate"),
        ("shuffle", "deflate", "fletcher32"),
    ],
)
def test_the_checksum_may_come_first_last_or_between(path, filters):
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk((16, 5))
    for name in filters:
        getattr(settings, f"set_{name}")(*([6] if name == "deflate" else []))
    with h5py.File(path, "w") as file:
        data = h5py.h5d.create(
            file.id, b"a", h5py.h5t.STD_U8LE, h5py.h5s.create_simple(SHAPE), dcpl=settings
        )
        data.write(h5py.h5s.ALL, h5py.h5s.ALL, GOOD)
    np.testing.assert_array_equal(read_hdf5(path, CHUNKED).arrays["a"], GOOD)


@pytest.mark.parametrize(
    "filters",
    [
        ("deflate", "deflate"),
        ("deflate", "shuffle"),
        ("fletcher32", "fletcher32"),
        ("shuffle", "shuffle"),
    ],
)
def test_filters_that_unpack_in_more_than_one_step_are_refused(path, filters):
    store(path, b"x" * 50, filters=filters)
    chunks_refused(path, "the only filters may be gzip, shuffle and fletcher32, each once")


@pytest.mark.parametrize(
    ("packed", "mask", "problem"),
    [
        (zlib.compress(b"1234567890"), 0, "a chunk of 10 bytes instead of 200"),
        (zlib.compress(bytes(199)), 0, "a chunk of 199 bytes"),
        (zlib.compress(bytes(201)), 0, "a chunk of more than 200 bytes"),
        (zlib.compress(bytes(10**6)), 0, "a chunk of more than 200 bytes"),
        (zlib.compress(bytes(200))[:-6], 0, "a chunk of .* bytes|truncated or damaged"),
        (b"1234567890", 1, "a chunk of 10 bytes"),
        (bytes(300), 1, "a chunk of more than 200 bytes"),
        (b"no gzip at all", 0, "truncated or damaged"),
    ],
)
def test_a_chunk_of_a_wrong_size_is_refused(path, packed, mask, problem):
    """HDF5 itself would return memory that was never written, or unpack without a limit."""
    store(path, packed, mask=mask)
    chunks_refused(path, problem)


def test_a_checksum_without_a_chunk_is_refused(path):
    store(path, b"123", filters=("fletcher32",))
    chunks_refused(path, "a chunk of 0 bytes instead of 200")


def test_a_decompression_bomb_takes_no_memory(path):
    store(path, zlib.compress(bytes(2**26), 9))
    tracemalloc.start()
    chunks_refused(path, "more than 200 bytes")
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 2**20


def test_a_chunk_far_larger_than_its_array_counts_with_its_full_size(path):
    store(path, zlib.compress(b"1"), chunk=(10**6, 5))
    refused_total = r"the arrays may have 1,000,000 bytes in a file of .*, found 5,000,000"
    with pytest.raises(DataError, match=refused_total):
        read_hdf5(path, CHUNKED, limit=Limits(max_bytes=10**6, max_ratio=1e9))


def test_chunks_that_overlap_are_refused(path):
    """Each of a hundred chunks claims the bytes of the whole file."""
    with h5py.File(path, "w", libver="earliest") as file:
        file.create_dataset(
            "a",
            data=np.random.default_rng(0).integers(0, 256, (40, 5)).astype("u1"),
            chunks=(1, 5),
            compression="gzip",
        )
        sizes = [file["a"].id.get_chunk_info(number).size for number in range(40)]
    content = bytearray(path.read_bytes())
    size = len(content)
    at = content.find(b"TREE\x01")
    place = content.find(sizes[0].to_bytes(4, "little") + bytes(4), at)
    content[place : place + 4] = size.to_bytes(4, "little")
    path.write_bytes(content)
    chunks_refused(path, "chunks of .* bytes in a file of")


def test_chunks_without_their_filters_are_refused(path):
    """HDF5 reads such a chunk into a buffer that is smaller; found among 10,000 mutated files."""
    store(path, zlib.compress(np.random.default_rng(0).bytes(300)))
    content = path.read_bytes()
    (message,) = re.finditer(rb"\x0b\x00..\x01\x00\x00\x00\x01\x01", content, re.DOTALL)
    path.write_bytes(content[: message.start()] + b"\xa6\x86" + content[message.start() + 2 :])
    chunks_refused(path, "a chunk of more than 200 bytes instead of 200")


def moved(path, *corners):
    """Write two chunks, of rows 0 to 19 and 20 to 39, and index them at other corners."""
    with h5py.File(path, "w") as file:
        file.create_dataset("a", data=GOOD, chunks=(20, 5), compression="gzip")
        sizes = [file["a"].id.get_chunk_info(number).size for number in (0, 1)]
    content = path.read_bytes()
    for size, row, corner in zip(sizes, (0, 20), corners, strict=True):
        entry = struct.pack("<IIQQQ", size, 0, row, 0, 0)
        assert content.count(entry) == 1
        content = content.replace(entry, struct.pack("<IIQQQ", size, 0, corner, 0, 0))
    path.write_bytes(content)


def test_a_correct_index_of_chunks_is_followed(path):
    moved(path, 0, 20)
    np.testing.assert_array_equal(read_hdf5(path, CHUNKED).arrays["a"], GOOD)


@pytest.mark.parametrize("corners", [(0, 40), (0, 0), (20, 20), (20, 0), (0, 10), (0, 2**40)])
def test_a_chunk_that_hdf5_would_not_find_is_refused(path, corners):
    """HDF5 would read zeros."""
    moved(path, *corners)
    chunks_refused(path, "another chunk or none at|truncated or damaged")
