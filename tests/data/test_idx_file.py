import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl import DataError, MissingDataError
from minidl.data import read_idx

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def packed(array, code=None, shape=None):
    """Return the bytes of an IDX file, written by the description of the format."""
    shape = array.shape if shape is None else shape
    code = CODES[array.dtype.str[1:]] if code is None else code
    header = bytes([0, 0, code, len(shape)]) + b"".join(struct.pack(">I", n) for n in shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@given(
    shape=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    dtype=st.sampled_from([*CODES]),
    is_compressed=st.booleans(),
    seed=st.integers(0, 99),
)
def test_what_is_written_is_read(shape, dtype, is_compressed, seed, tmp_path_factory):
    array = np.random.default_rng(seed).uniform(0, 100, shape).astype(dtype)
    content = packed(array)
    path = tmp_path_factory.getbasetemp() / "array-idx"
    path.write_bytes(gzip.compress(content) if is_compressed else content)
    result = read_idx(path)
    np.testing.assert_array_equal(result, array, strict=True)
    assert result.flags.writeable
    assert result.dtype.isnative


def test_bytes_by_hand(tmp_path):
    path = tmp_path / "pictures"
    path.write_bytes(bytes([0, 0, 11, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 255, 254]))
    assert read_idx(path).tolist() == [[258, -2]]


LABELS = packed(np.arange(3, dtype="u1"))
PACKED_LABELS = gzip.compress(LABELS, mtime=0)  # the same bytes in each process


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"must begin with two zero bytes and a type code of 8, 9, .*, found \[\]: is it"),
        (b"\0\0\x08", r"must begin with two zero bytes .* found \[0, 0, 8\]"),
        (b"\x89PNG\r\n", r"must begin with two zero bytes .* found \[137, 80, 78, 71\]"),
        (bytes([0, 0, 10, 1, 0, 0, 0, 0]), r"a type code of 8, .* found \[0, 0, 10, 1\]"),
        (bytes([0, 0, 8, 0]), "must have 1 to 8 axes, found 0"),
        (bytes([0, 0, 8, 9]) + bytes(36), "must have 1 to 8 axes, found 9"),
        (bytes([0, 0, 8, 3, 0, 0, 0, 1]), "with 3 axes has 16 bytes, found 8"),
        (
            bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 0]),
            r"no axis may be empty, found shape \(1, 0\)",
        ),
        (LABELS[:-1], r"of shape \(3,\) in uint8 must have 3 bytes after its header, found 2"),
        (LABELS + b"\0", "must have 3 bytes after its header, found 4"),
        (packed(np.zeros(1, "u1"), shape=[2**32 - 1] * 8), "must have .* bytes after its header"),
        (packed(np.array([np.nan], "f4")), "the numbers must be finite"),
        (PACKED_LABELS[:-5], "must be a whole gzip file, found"),
        (PACKED_LABELS[:-8] + bytes(8), "must be a whole gzip file, found CRC check"),
        (b"\x1f\x8b" + bytes(20), "must be a whole gzip file, found"),
        (PACKED_LABELS + b"more", "must be a whole gzip file, found"),
        (gzip.compress(b"no array", mtime=0), r"must begin with two zero bytes .* found \[110"),
    ],
)
def test_a_wrong_file_is_an_error(content, message, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_idx(path)


@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_large_file_is_refused_unless_the_limit_is_raised(tmp_path, is_compressed):
    content = packed(np.zeros(1000, "u1"))
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(content) if is_compressed else content)
    with pytest.raises(DataError, match=r"at most 1,000 bytes, found .*: pass a larger limit"):
        read_idx(path, limit=1000)
    assert read_idx(path, limit=len(content)).shape == (1000,)


def test_a_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(bytes(100 * 2**20)))  # 100 kB
    tracemalloc.start()
    with pytest.raises(DataError, match="may unpack to at most 1,000,000 bytes"):
        read_idx(path, limit=1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * 2**20


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingDataError, match=r"nowhere: an IDX file is expected here"):
        read_idx(tmp_path / "nowhere")
    with pytest.raises(DataError, match="must be a regular file, found a folder"):
        read_idx(tmp_path)
