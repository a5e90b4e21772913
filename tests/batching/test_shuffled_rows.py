import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from out_of_core_array import (
    OutOfCoreArray,
    numbered_rows,
    out_of_core_batches,
    reader_threads,
    row_numbers,
)
from scipy import sparse

from minidl import ArgumentError, MiniBatches
from minidl.batching.batch import Batch
from minidl.batching.out_of_core import ArraySource
from minidl.batching.own_lanes import OwnLanes
from minidl.batching.read_plan import plan_reads
from minidl.batching.shuffled_rows import ShuffledRows
from minidl.utils.sparse_rows import SparseRows

F4 = np.dtype(np.float32)


@pytest.mark.parametrize("size", [None, 5, 100])
def test_the_whole_set_is_one_batch_without_a_copy(size):
    X, Y = numbered_rows(5)
    ((x, y, _),) = MiniBatches(X, Y, batch_size=size)
    assert x is X
    assert y is Y


@pytest.mark.parametrize(
    "order",
    [[0, 1, 1], [0, 1], [1, 2, 3], [[0, 1, 2]], None, [0.0, 1.0, 2.0], ["a", "b", "c"], 3],
    ids=str,
)
def test_an_order_that_is_not_a_permutation_is_refused(order):
    with pytest.raises(
        ArgumentError,
        match=r"shuffle\(1\) must return a permutation of range\(3\): every row once, got",
    ):
        row_numbers(MiniBatches(*numbered_rows(3), batch_size=2, shuffle=lambda epoch: order))


def test_the_whole_set_is_converted_once():
    batches = MiniBatches(np.ones((4, 2), np.uint8), np.ones((4, 1)), batch_size=None, dtype=F4)
    ((first, _, _),), ((second, _, _),) = list(batches), list(batches)
    assert first is second
    assert first.dtype == F4


def test_unshuffled_rows_are_not_copied():
    X, Y = numbered_rows(10)
    assert all(
        np.shares_memory(x, X) and np.shares_memory(y, Y)
        for x, y, _ in MiniBatches(X, Y, batch_size=3, shuffle=False)
    )


@given(
    m=st.integers(1, 400),
    size=st.integers(1, 30),
    width=st.integers(1, 5),
    chunks=st.sampled_from([None, 1, 3, 16, 64, 1000]),
    limit=st.integers(4000, 40_000),
    shuffle=st.booleans(),
    dtype=st.sampled_from([None, F4]),
)
def test_every_row_of_a_file_appears_once(m, size, width, chunks, limit, shuffle, dtype):
    X, _ = numbered_rows(m, width)
    batches = out_of_core_batches(
        m, width=width, chunks=chunks, limit=limit, batch_size=size, shuffle=shuffle, dtype=dtype
    )
    for _ in range(2):
        rows, sizes = [], []
        for x, y, _ in batches:
            np.testing.assert_array_equal(x, X[y[:, 0].astype(int)])
            assert x.dtype == (dtype or X.dtype)
            rows += y[:, 0].tolist()
            sizes.append(len(x))
        assert sorted(rows) == list(range(m))
        assert shuffle or rows == list(range(m))
        assert sizes[:-1] == [min(size, m)] * (len(batches) - 1)
        assert 1 <= sizes[-1] <= size
    assert not reader_threads()


def test_a_file_that_fits_is_read_once_and_shuffled_as_an_array():
    X, Y = numbered_rows(60)
    files = OutOfCoreArray(X), OutOfCoreArray(Y)
    from_files, from_memory = MiniBatches(*files, batch_size=8), MiniBatches(X, Y, batch_size=8)
    assert from_files.plan is None
    assert [row_numbers(from_files) for _ in range(3)] == [
        row_numbers(from_memory) for _ in range(3)
    ]
    assert [file.row_ranges for file in files] == [[(0, 60)]] * 2


def test_a_file_is_read_in_blocks_by_one_thread():
    batches = out_of_core_batches(400, limit=6000)
    x = batches._rows._data.sources[0].values
    read = len(x.row_ranges)
    row_numbers(batches)
    assert batches.plan.rows_per_block * batches.plan.blocks_per_buffer < 100
    assert all(stop - start <= batches.plan.rows_per_block for start, stop in x.row_ranges[read:])
    assert x.threads == {"minidl-reader_0"}


@pytest.mark.parametrize("chunks", [5, 20])
def test_no_chunk_is_read_twice(chunks):
    batches = out_of_core_batches(400, limit=8000, chunks=chunks)
    row_numbers(batches)
    touched = [
        chunk
        for start, stop in batches._rows._data.sources[0].values.row_ranges
        for chunk in range(start // chunks, (stop - 1) // chunks + 1)
    ]
    assert sorted(touched) == list(range(400 // chunks))


def test_a_shuffled_file_mixes_blocks_from_everywhere(monkeypatch):
    """In a file sorted by class, batches have a mean near that of all; epochs differ."""
    monkeypatch.setattr(
        "minidl.batching.read_plan.MIN_BLOCK_BYTES", 1
    )  # as with a limit of some MB
    batches = out_of_core_batches(4000, limit=40_000, batch_size=100)
    assert batches.plan.blocks_per_buffer >= 32
    means = [[np.mean(rows) for rows in row_numbers(batches)] for _ in range(3)]
    assert (
        np.abs(np.array(means) - 2000).max() < 1000
    )  # batches of 100 neighbours would be up to 1950 away
    assert len({str(epoch) for epoch in means}) == 3


def test_rows_of_a_block_are_not_neighbours_in_the_order():
    steps = np.abs(np.diff(np.concatenate(row_numbers(out_of_core_batches(4000, limit=40_000)))))
    assert np.median(steps) > 500


def test_either_x_or_y_may_be_in_memory():
    X, Y = numbered_rows(300)
    expected = row_numbers(out_of_core_batches(300, seed=5))
    for x, y in (
        (X, ArraySource(OutOfCoreArray(Y), "Y")),
        (ArraySource(OutOfCoreArray(X), "X"), Y),
    ):
        batches = MiniBatches(x, y, batch_size=8, memory_limit=1500, seed=5)
        assert batches.plan is not None
        assert (
            sorted(np.concatenate(row_numbers(batches)))
            == sorted(np.concatenate(expected))
            == list(range(300))
        )


def test_results_do_not_depend_on_how_far_the_reader_is_ahead():
    hurried = [row_numbers(out_of_core_batches(300, seed=5)) for _ in range(3)]
    batches = out_of_core_batches(300, seed=5)
    seen = []
    for _, y, _ in batches:
        for thread in reader_threads():
            thread.join(timeout=0.001)  # the reader gets ahead as far as it may
        seen.append(y[:, 0].astype(int).tolist())
    assert [seen] * 3 == hurried


def test_a_file_in_one_batch_must_fit_into_memory():
    with pytest.raises(
        ArgumentError,
        match=r"batch_size must be a number, got None, where X and Y do not fit into "
        r"memory_limit=3,000 bytes",
    ):
        out_of_core_batches(300, batch_size=None)
    assert [len(x) for x, _, _ in out_of_core_batches(300, batch_size=None, limit=30_000)] == [300]


@pytest.mark.parametrize("shuffle", [lambda epoch: np.arange(300), "with_replacement"])
def test_a_custom_order_needs_rows_in_memory(shuffle):
    with pytest.raises(
        ArgumentError,
        match=r"shuffle must be True or False, got .*, where X and Y do not fit into "
        r"memory_limit=3,000 bytes",
    ):
        out_of_core_batches(300, shuffle=shuffle)
    assert row_numbers(
        out_of_core_batches(300, shuffle=lambda epoch: np.arange(300)[::-1], limit=30_000)
    )[0] == list(range(299, 291, -1))


def test_two_batches_must_fit_into_the_memory_limit():
    with pytest.raises(
        ArgumentError,
        match=r"memory_limit must be at least [\d,]+ bytes, for two times 100 rows.*, or take "
        r"smaller batches",
    ):
        out_of_core_batches(3000, batch_size=100, limit=5000)


def test_batches_of_a_file_allocate_no_arrays():
    batches = out_of_core_batches(
        6000, width=200, limit=2**21, batch_size=64, dtype=F4
    )  # rows of 800 bytes, a buffer of about a MB
    assert batches.plan is not None
    row_numbers(batches)
    tracemalloc.start()
    try:
        last = None
        for _ in batches:
            now = tracemalloc.get_traced_memory()[0]
            assert (
                last is None or now - last < 200_000
            )  # a block that is being read, the order of a buffer
            last = now
    finally:
        tracemalloc.stop()


F4, F8 = np.dtype(np.float32), np.dtype(np.float64)


@pytest.mark.parametrize(
    ("dtype", "reserved"),
    [
        # A row has 2 + 1 float64, 24 bytes, and 100,000 // 16 // (8 * 24) batches are gathered: 32.
        (np.dtype(np.float64), 32 * 8 * 24),
        # With the 2 float32 that it becomes, 32 bytes: 24 batches.
        (F4, 24 * 8 * 32),
    ],
)
def test_what_is_gathered_is_reserved_where_blocks_are_planned(dtype, reserved):
    sources = [ArraySource(OutOfCoreArray(values), "X") for values in numbered_rows(50_000)]
    rows = ShuffledRows(Batch(*sources), 8, True, np.random.default_rng(0), dtype, 100_000)
    assert rows.plan == plan_reads(sources, 8, 100_000, reserved)
    assert rows.plan != plan_reads(sources, 8, 100_000, 0)


@pytest.mark.parametrize(("missing", "is_read_once"), [(0, True), (1, False)])
def test_what_is_loaded_leaves_room_for_one_large_batch(missing, is_read_once):
    """A batch of 1,000 rows is larger than the share of the memory in which rows are gathered."""
    sources = [ArraySource(OutOfCoreArray(values), "X") for values in numbered_rows(2_000)]
    limit = sum(source.total_load_bytes for source in sources) + 1_000 * 24 - missing
    dtype = np.dtype(np.float64)
    rows = ShuffledRows(Batch(*sources), 1_000, True, np.random.default_rng(0), dtype, limit)
    assert (rows.plan is None) == is_read_once


@pytest.mark.parametrize("kind", ["array", "sparse", "float64", "in order"])
@pytest.mark.parametrize("n_seen", range(4))
def test_a_process_without_rows_in_the_last_batch_has_as_many_batches(kind, n_seen):
    """Also if a training resumes when all batches of an epoch have been dealt."""
    X, Y = numbered_rows(9)  # batches of four, four and one
    batches = MiniBatches.from_batch(
        Batch(SparseRows.of(sparse.csr_array(X), "X") if kind == "sparse" else X, Y),
        batch_size=4,
        shuffle=kind != "in order",
        rng=np.random.default_rng(0),
        dtype=np.dtype(np.float32 if kind == "float64" else np.float64),
        memory_limit=2**20,
        lanes=OwnLanes(2, 1, 2, ""),
    )
    state = {**batches.state(), "batch": n_seen}
    batches.restore(state)
    sizes = [(len(batch.x), batch.n_examples) for batch in batches]
    assert sizes == [(2, 4), (2, 4), (0, 1)][n_seen:]
