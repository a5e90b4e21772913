import h5py
import numpy as np
import pytest
from out_of_core_array import OutOfCoreArray

from minidl import (
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    DataError,
    DtypeError,
    NonFiniteError,
    ShapeError,
)
from minidl.batching.out_of_core import ArraySource, TargetSource, is_out_of_core

F4, F8 = np.dtype(np.float32), np.dtype(np.float64)


X = np.arange(12.0).reshape(6, 2)


@pytest.mark.parametrize(
    "values",
    [X, X.tolist(), (1, 2), np.float64(3), 3, None, object(), "text", {"x": X}],
    ids=lambda v: type(v).__name__,
)
def test_values_in_memory_are_not_out_of_core(values):
    assert not is_out_of_core(values)


def test_objects_with_an_array_interface_are_in_memory():
    class Tensor(OutOfCoreArray):
        __array_interface__ = X.__array_interface__

    assert not is_out_of_core(Tensor(X))
    assert is_out_of_core(OutOfCoreArray(X))


def test_files_are_out_of_core(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        assert is_out_of_core(file.create_dataset("x", data=X))
    np.save(tmp_path / "x.npy", X)
    assert is_out_of_core(np.load(tmp_path / "x.npy", mmap_mode="r"))
    assert not is_out_of_core(np.load(tmp_path / "x.npy"))


@pytest.mark.parametrize(
    ("dtype", "model", "expected"),
    [
        ("u1", F4, "u1"),
        ("?", F4, "?"),
        ("<f2", F4, "<f2"),
        (">i2", F4, "<i2"),
        ("f4", F4, "f4"),
        ("f8", F4, "f4"),
        ("i8", F4, "f4"),
        ("f4", F8, "f4"),
        (">f8", F8, "f8"),
        ("i8", F8, "f8"),
        (">f4", None, "<f4"),
    ],
)
def test_rows_are_kept_in_the_smaller_dtype(dtype, model, expected):
    rows = ArraySource(OutOfCoreArray(np.array([[0, 1], [1, 1]], dtype)), "X", model).read(0, 2)
    assert rows.dtype == np.dtype(expected)
    assert rows.dtype.isnative
    np.testing.assert_array_equal(rows, [[0, 1], [1, 1]])


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        (
            np.zeros((0, 3)),
            ShapeError,
            r"X must hold at least one example and one number, got shape \(0, 3\)",
        ),
        (np.zeros((3, 0)), ShapeError, "at least one example and one number"),
        (np.array(3.0), ShapeError, "X must hold one row per example, got the single number"),
        (np.array([["a"]]), DtypeError, r"X must hold real numbers, got dtype <U1"),
        (np.zeros((3, 2), complex), DtypeError, "X must hold real numbers, got dtype complex128"),
        (np.zeros(3, [("a", "f4")]), DtypeError, "X must hold real numbers"),
    ],
)
def test_arrays_without_rows_of_numbers_are_refused(array, error, message):
    with pytest.raises(error, match=message):
        ArraySource(OutOfCoreArray(array), "X")


def test_a_closed_file_is_refused(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        data = file.create_dataset("x", data=X)
    with pytest.raises(
        DataError,
        match=r"X must have a shape, a dtype and slices, but reading them raised .*: is its file "
        r"open\?",
    ):
        ArraySource(data, "X")


def test_a_file_closed_later_is_reported_when_it_is_read(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        source = ArraySource(file.create_dataset("x", data=X), "X")
    with pytest.raises(
        DataError,
        match=r"X\[2:4\] must be readable, but it raised .*: is the file open and whole\?",
    ):
        source.read(2, 4)


@pytest.mark.parametrize("block", [X[:1], X[:2, :1], np.array([["a", "b"], ["c", "d"]]), [1, 2]])
def test_a_slice_of_another_shape_or_type_is_refused(block):
    class Changed(OutOfCoreArray):
        def __getitem__(self, rows):
            return block

    with pytest.raises(
        DataError,
        match=r"X\[0:2\] must be real numbers of shape \(2, 2\), got .*: has it changed\?",
    ):
        ArraySource(Changed(X), "X").read(0, 2)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, r"X must be finite, got nan at X\[4, 1\]"),
        (1e200, r"X\[4, 1\] is 1e\+200, too large"),
    ],
)
def test_a_value_that_is_not_finite_is_reported_with_its_row(value, message):
    invalid = X.copy()
    invalid[4, 1] = value
    source = ArraySource(OutOfCoreArray(invalid), "X", F4)
    source.read(0, 4)
    with pytest.raises(NonFiniteError, match=message):
        source.read(3, 6)


@pytest.mark.parametrize("chunks", [None, (2, 2), (1000, 1), ((1, 2), (3,)), "auto"])
def test_all_rows_can_be_loaded(chunks):
    array = np.arange(3000, dtype=np.int16).reshape(1000, 3)
    source = ArraySource(OutOfCoreArray(array, chunks=chunks), "X", F4)
    np.testing.assert_array_equal(source.load(), array)
    offsets, blocks = zip(*source.blocks(999), strict=True)
    np.testing.assert_array_equal(np.concatenate(blocks), array)
    assert offsets == tuple(range(0, 1000, len(blocks[0])))
    assert len(blocks[0]) == {(1000, 1): 1000}.get(chunks, 166)  # 6 bytes each
    assert source.rows_per_chunk == {(2, 2): 2, (1000, 1): 1000}.get(chunks, 1)
    assert source.total_load_bytes >= array.nbytes


def test_targets_are_converted_by_the_loss():
    labels = np.arange(5000) % 3
    loss = CategoricalCrossEntropy()
    targets = TargetSource(
        OutOfCoreArray(labels), lambda rows: loss.prepare_targets(rows, 3, F4), 20_000
    )
    assert (targets.shape, targets.dtype) == ((5000, 3), F4)
    np.testing.assert_array_equal(targets.read(100, 104), np.eye(3)[labels[100:104]])
    np.testing.assert_array_equal(targets.load().argmax(axis=1), labels)


def test_all_targets_are_read_on_construction_within_the_memory_limit():
    values = OutOfCoreArray(np.zeros(5000))
    TargetSource(values, lambda rows: rows.reshape(-1, 1), 100_000)
    assert sorted(values.row_ranges)[0][0] == 0
    assert [start for start, _ in values.row_ranges[1:]] == [
        stop for _, stop in values.row_ranges[:-1]
    ]
    assert values.row_ranges[-1][1] == 5000
    assert max(stop - start for start, stop in values.row_ranges[1:]) * 8 <= 100_000 / 4


@pytest.mark.parametrize(
    ("loss", "row", "value", "error", "message"),
    [
        (
            BinaryCrossEntropy(),
            4321,
            2,
            ArgumentError,
            r"Y must lie in \[0, 1\] .*, got 2.* \(in rows \d+ to \d+ of Y, whose shape is "
            r"\(5000,\)\)",
        ),
        (
            BinaryCrossEntropy(),
            4321,
            np.nan,
            NonFiniteError,
            r"Y must be finite, got nan at Y\[\d+\].*\(in rows \d+ to \d+ of Y",
        ),
        (BinaryCrossEntropy(), 3, 2, ArgumentError, r"\(in rows 0 to 1023 of Y"),
    ],
)
def test_an_invalid_target_is_reported_on_construction(loss, row, value, error, message):
    labels = np.zeros(5000)
    labels[row] = value
    with pytest.raises(error, match=message):
        TargetSource(OutOfCoreArray(labels), lambda rows: loss.prepare_targets(rows, 1, F4), 50_000)


def test_the_row_of_an_invalid_label_follows_from_the_message():
    labels = np.zeros(5000, int)
    labels[4321] = 7
    with pytest.raises(ArgumentError, match="from 0 to 2, got 7 in row") as caught:
        TargetSource(
            OutOfCoreArray(labels),
            lambda rows: CategoricalCrossEntropy().prepare_targets(rows, 3, F4),
            50_000,
        )
    words = str(caught.value).split()
    assert int(words[words.index("row") + 1]) + int(words[words.index("rows") + 1]) == 4321


def test_a_set_of_one_block_is_reported_without_its_rows():
    with pytest.raises(ArgumentError, match=r"got 7 in row 2$"):
        TargetSource(
            OutOfCoreArray([0, 1, 7]),
            lambda rows: CategoricalCrossEntropy().prepare_targets(rows, 3, F4),
            50_000,
        )


@pytest.mark.parametrize(
    ("dtype", "kept", "stored", "transient"),
    [
        ("f4", 40, 40, 40),  # as it is
        ("u1", 10, 10, 10),  # smaller than the model's dtype: converted batch by batch
        ("f8", 40, 80, 80 + 40),  # what is read and what is made of it exist together
        (">f4", 40, 40, 40 + 40),
    ],
)
def test_the_bytes_of_a_row_of_ten_numbers(dtype, kept, stored, transient):
    source = ArraySource(OutOfCoreArray(np.zeros((3, 5, 2), dtype)), "X", F4)
    assert source.bytes_per_row == kept
    assert source.source_bytes_per_row == stored
    assert source.transient_bytes_per_row == transient
    assert source.total_load_bytes == 3 * (kept + transient)


def test_the_bytes_of_class_numbers_that_become_vectors():
    loss = CategoricalCrossEntropy()
    labels = OutOfCoreArray(np.arange(6, dtype=np.int16) % 3)
    source = TargetSource(labels, lambda rows: loss.prepare_targets(rows, 3, F4), 2**20)
    assert (source.bytes_per_row, source.source_bytes_per_row) == (12, 2)
    assert source.transient_bytes_per_row == 2 + 4 * 12 + 32
