"""A description is equal for the same data, however it is given, and differs for any other."""

import hashlib
import os

import h5py
import numpy as np
import pytest
from scipy import sparse

from minidl.batching import data_digest
from minidl.batching.batch import Batch
from minidl.batching.data_digest import describe_array, describe_data
from minidl.batching.lazy_targets import LazyTargets
from minidl.batching.out_of_core import ArraySource, TargetSource, WeightSource
from minidl.utils.sparse_rows import SparseRows

FLOAT32 = np.dtype(np.float32)
ROWS = np.random.default_rng(0).standard_normal((500, 3)).astype(np.float32)


def test_a_digest_is_the_sha256_of_all_rows_in_the_dtype_of_the_model():
    expected = {"shape": [500, 3], "sha256": hashlib.sha256(ROWS.astype("<f4")).hexdigest()}
    for values in (ROWS, ROWS.astype(np.float64), ROWS.astype(">f4"), np.asfortranarray(ROWS)):
        assert describe_array(values, FLOAT32) == expected
    assert describe_array(ArraySource(ROWS, "X"), FLOAT32) == expected
    assert describe_array(ROWS, np.dtype(np.float64)) != expected


@pytest.mark.parametrize("rows_at_once", [1, 7, 500, 10**6])
def test_it_does_not_depend_on_how_many_rows_are_converted_at_once(monkeypatch, rows_at_once):
    expected = describe_array(ROWS, FLOAT32)
    monkeypatch.setattr(data_digest, "READ_BYTES", rows_at_once * 12)
    assert describe_array(ROWS, FLOAT32) == expected


@pytest.mark.parametrize("row", [0, 1, 250, 498, 499])
def test_one_other_bit_of_any_row_is_another_digest(row):
    other = ROWS.copy()
    other[row, 2] = np.nextafter(other[row, 2], np.float32(np.inf))
    assert describe_array(other, FLOAT32) != describe_array(ROWS, FLOAT32)


def test_two_rows_swapped_and_rows_cut_elsewhere_are_other_data():
    order = np.arange(500)
    order[[3, 4]] = 4, 3
    assert describe_array(ROWS[order], FLOAT32) != describe_array(ROWS, FLOAT32)
    assert describe_array(ROWS.reshape(750, 2), FLOAT32) != describe_array(ROWS, FLOAT32)


def test_class_numbers_that_are_converted_later_are_the_same_targets():
    numbers = np.arange(500) % 3
    targets = np.eye(3, dtype=np.float32)[numbers]
    lazy = LazyTargets(numbers, lambda rows: np.eye(3, dtype=np.float32)[rows])
    source = TargetSource(numbers, lambda rows: np.eye(3, dtype=np.float32)[rows], 2**20)
    expected = describe_array(targets, FLOAT32)
    assert describe_array(lazy, FLOAT32) == describe_array(source, FLOAT32) == expected


def test_a_batch_is_described_with_its_weights():
    weights = np.linspace(0, 2, 500)
    data = Batch(ROWS, ROWS[:, :1], weights)
    described = describe_data(data, np.dtype(np.float64))
    assert described["X"] == describe_array(ROWS, np.dtype(np.float64))
    assert described["Y"] == describe_array(ROWS[:, :1], FLOAT32)
    assert described["weights"] == describe_array(weights, np.dtype(np.float64))
    assert describe_data(data._replace(sample_weight=None), FLOAT32)["weights"] is None
    sources = Batch(ArraySource(ROWS, "X"), targets := ArraySource(ROWS[:, :1], "Y"))
    sources = sources._replace(sample_weight=WeightSource(weights, targets))
    assert describe_data(sources, np.dtype(np.float64)) == described


class Rows:
    """Rows that are not in memory; remembers which were read."""

    def __init__(self, values):
        self.values, self.shape, self.dtype, self.read = values, values.shape, values.dtype, []

    def __getitem__(self, rows):
        self.read += range(*rows.indices(len(self.values)))
        return self.values[rows]


def test_rows_of_a_file_are_sampled_from_the_first_to_the_last():
    rows = Rows(ROWS)
    described = describe_array(ArraySource(rows, "X"), FLOAT32)
    assert rows.read == [int(i * 499 / 63) for i in range(64)]  # the first one and the last one
    assert described == {
        "shape": [500, 3],
        "sampled_sha256": hashlib.sha256(ROWS[rows.read]).hexdigest(),
        "file": {"bytes": None, "modified": None},
    }
    few = Rows(ROWS[:5])
    describe_array(ArraySource(few, "X"), FLOAT32)
    assert few.read == [0, 1, 2, 3, 4]


def test_size_and_time_stamp_are_those_of_the_file(tmp_path):
    raw, path = tmp_path / "rows.raw", tmp_path / "rows.h5"
    ROWS.tofile(raw)
    with h5py.File(path, "w") as file:
        file["x"] = ROWS
    memmap = np.memmap(raw, np.float32, "r", shape=(500, 3))
    described = describe_array(ArraySource(memmap, "X"), FLOAT32)
    assert described["file"] == {"bytes": 6000, "modified": os.stat(raw).st_mtime_ns}
    with h5py.File(path) as file:
        of_hdf5 = describe_array(ArraySource(file["x"], "X"), FLOAT32)
    status = os.stat(path)
    assert of_hdf5["file"] == {"bytes": status.st_size, "modified": status.st_mtime_ns}
    assert of_hdf5["sampled_sha256"] == described["sampled_sha256"]


def test_a_file_that_may_still_be_written_has_no_final_time_stamp(tmp_path):
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file["x"] = ROWS
        described = describe_array(ArraySource(file["x"], "X"), FLOAT32)
    assert described["file"] == {"bytes": None, "modified": None}
    with h5py.File("in memory", "w", driver="core", backing_store=False) as file:
        file["x"] = ROWS
        described = describe_array(ArraySource(file["x"], "X"), FLOAT32)
    assert described["file"] == {"bytes": None, "modified": None}


def sparse_description(values, dtype=FLOAT32):
    return describe_array(SparseRows.of(values, "X"), dtype)


def test_sparse_rows_are_the_same_data_in_any_format():
    array = np.where(ROWS > 1, ROWS, 0)
    expected = sparse_description(sparse.csr_array(array))
    assert expected.keys() == {"shape", "sha256", "sparse"}
    assert expected["shape"] == [500, 3]
    long_indices = sparse.csr_array(array)
    long_indices.indices = long_indices.indices.astype(np.int64)
    places = np.nonzero(ROWS > 0)  # some of them with stored zeros
    for values in (
        sparse.csc_matrix(array),
        sparse.coo_array(array.astype(np.float64)),
        long_indices,
        sparse.coo_array((array[places], places), shape=array.shape),
    ):
        assert sparse_description(values) == expected


@pytest.mark.parametrize(
    "other",
    [
        [[0, 3, 0], [0, 0, 0]],
        [[0, 0, 2], [0, 0, 0]],
        [[0, 0, 0], [0, 2, 0]],
        [[0, 2, 0, 0], [0, 0, 0, 0]],
        [[0, 2, 0], [0, 0, 0], [0, 0, 0]],
    ],
    ids=["value", "column", "row", "columns", "rows"],
)
def test_other_sparse_rows_are_other_data(other):
    before = sparse_description(sparse.csr_array([[0, 2, 0], [0, 0, 0]]))
    assert sparse_description(sparse.csr_array(other)) != before
