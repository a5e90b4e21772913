import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from out_of_core_array import OutOfCoreArray, reader_threads
from scipy import sparse

from minidl import ArgumentError, NonFiniteError
from minidl.batching.batch import Batch
from minidl.batching.inference_batches import InferenceBatches
from minidl.batching.out_of_core import ArraySource, TargetSource
from minidl.utils.sparse_rows import SparseRows

F4 = np.dtype(np.float32)


F4, F8 = np.dtype(np.float32), np.dtype(np.float64)


def all_rows(x, t=None, **settings):
    """Return copies of the rows and targets of all batches, which must follow one another."""
    settings = {"dtype": F4, **settings}
    parts, targets, stop = [], [], 0
    for rows, (batch, batch_targets, _) in InferenceBatches(Batch(x, t), **settings):
        assert rows == slice(stop, stop + len(batch))
        assert batch.dtype == settings["dtype"]
        assert batch.flags.c_contiguous
        stop = rows.stop
        parts.append(batch.copy())
        targets.append(None if batch_targets is None else batch_targets.copy())
    assert stop == len(x)
    return np.concatenate(parts), None if t is None else np.concatenate(targets)


@pytest.mark.parametrize("m", [1, 128, 1023, 1024, 1025, 2500])
@pytest.mark.parametrize("dtype", ["?", "u1", ">i2", "f4", "f8"])
def test_batches_are_all_rows_in_order(m, dtype):
    X, T = (np.arange(3 * m) % 100).reshape(m, 3).astype(dtype), np.arange(m).reshape(m, 1)
    for x in (X, np.asfortranarray(X), ArraySource(OutOfCoreArray(X), "X", F4)):
        for t in (T, TargetSource(OutOfCoreArray(T), lambda rows: rows, 10**6)):
            received, targets = all_rows(x, t, memory_limit=30_000)
            np.testing.assert_array_equal(received, X)
            np.testing.assert_array_equal(targets, T)
        np.testing.assert_array_equal(all_rows(x)[0], X)


def test_rows_are_passed_as_they_are_unless_a_check_is_asked_for():
    X = np.array([[1, np.nan]], F4)
    np.testing.assert_array_equal(all_rows(X)[0], X)
    with pytest.raises(NonFiniteError):
        all_rows(X, check_finite=True)


@given(
    m=st.integers(1, 3000),
    chunk=st.sampled_from([None, 1, 100, 1024, 5000]),
    limit=st.integers(1000, 100_000),
)
def test_every_row_of_a_file_is_read_once(m, chunk, limit):
    X = np.arange(m, dtype=np.int32).reshape(m, 1)
    array = OutOfCoreArray(X, chunks=chunk and (chunk, 1))
    np.testing.assert_array_equal(
        all_rows(ArraySource(array, "X", F8), dtype=F8, memory_limit=limit)[0], X
    )
    assert sum(stop - start for start, stop in array.row_ranges) == m
    assert not reader_threads()


@pytest.mark.parametrize("dtype", ["u1", "f4"])
@pytest.mark.parametrize("limit", [4_400_000, 6_000_000])
def test_batches_of_a_file_are_those_of_an_array_and_keep_the_memory_limit(dtype, limit):
    X = np.broadcast_to(np.zeros((), dtype), (20_000, 256))
    parts = InferenceBatches(
        Batch(ArraySource(OutOfCoreArray(X), "X", F4), None), dtype=F4, memory_limit=limit
    )
    assert [len(batch) for _, (batch, _, _) in parts] == [1024] * 19 + [544]
    source, block, rows = (
        parts._data.sources[0],
        parts._data.plan.rows_per_block,
        parts._data.rows_per_buffer,
    )
    converted = 1024 * 256 * 4 if dtype == "u1" else 0
    assert rows < 20_000
    assert (
        2 * rows * source.bytes_per_row + block * source.transient_bytes_per_row + converted
        <= limit
    )


def test_an_array_that_fits_is_not_copied():
    X = np.ones((3000, 4), np.float32)
    assert all(
        np.shares_memory(batch, X)
        for _, (batch, _, _) in InferenceBatches(Batch(X, None), dtype=F4, check_finite=True)
    )


@pytest.mark.parametrize(
    ("width", "rows"), [(2, 1024), (784, 1024), (12288, 512), (100_000, 64), (10**6, 32)]
)
def test_a_batch_fits_into_the_cache_if_possible(width, rows):
    sizes = [
        len(batch)
        for _, (batch, _, _) in InferenceBatches(
            Batch(np.broadcast_to(np.float32(0), (1100, width)), None), dtype=F4
        )
    ]
    assert set(sizes[:-1]) == {rows}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("dtype", "value", "message"),
    [
        (F4, np.nan, r"X must be finite, got nan at X\[1500, 1\]"),
        (F8, -np.inf, r"X must be finite, got -inf at X\[1500, 1\]"),
        (F8, 1e200, r"X\[1500, 1\] is 1e\+200, too large for float32"),
    ],
)
def test_values_that_are_not_finite_are_reported_with_their_row(dtype, value, message, order):
    X = np.zeros((2000, 3), dtype, order)
    X[1500, 1] = value
    for x, check in ((X, True), (ArraySource(OutOfCoreArray(X), "X", F4), False)):
        with pytest.raises(NonFiniteError, match=message):
            all_rows(x, check_finite=check, memory_limit=10_000)
    with pytest.raises(NonFiniteError, match=message):
        all_rows(
            X,
            TargetSource(OutOfCoreArray(np.zeros((2000, 1))), lambda rows: rows, 10**6),
            check_finite=True,
        )


def test_large_finite_values_pass_the_check():
    X = np.full((1000, 3), 1e30, np.float32)  # the squares overflow
    np.testing.assert_array_equal(all_rows(X, check_finite=True)[0], X)


def test_a_memory_limit_that_is_too_small_is_refused():
    with pytest.raises(ArgumentError, match=r"memory_limit must be at least [\d,]+ bytes"):
        all_rows(ArraySource(OutOfCoreArray(np.zeros((10, 1000))), "X", F4), memory_limit=2000)


def test_an_iteration_left_early_ends_the_reader():
    source = ArraySource(OutOfCoreArray(np.zeros((1000, 10))), "X", F4)
    for _ in InferenceBatches(Batch(source, None), dtype=F4, memory_limit=10_000):
        break
    assert not reader_threads()


def test_sparse_rows_pass_in_as_many_rows_as_they_take_little_memory():
    x = SparseRows.of(sparse.eye_array(3000, 20_000, format="csr"), "X")
    batches = InferenceBatches(Batch(x, None), dtype=x.dtype, check_finite=True)
    sizes = [len(batch.x) for _, batch in batches]
    assert sizes == [1024, 1024, 952]
    (rows, batch), *_ = batches
    assert rows == slice(0, 1024)
    np.testing.assert_array_equal(batch.x.csr.indices, np.arange(1024))
