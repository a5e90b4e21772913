import math
from contextlib import closing
from threading import Event

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from out_of_core_array import OutOfCoreArray, reader_threads

from minidl import (
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    DataError,
    DtypeError,
    NonFiniteError,
    ShapeError,
)
from minidl.batching.arguments import check_memory_limit
from minidl.batching.block_reader import BlockReader
from minidl.batching.out_of_core import ArraySource, TargetSource, is_out_of_core
from minidl.batching.read_plan import ReadPlan, load_if_fits, plan_reads

F4, F8 = np.dtype(np.float32), np.dtype(np.float64)
X = np.arange(12.0).reshape(6, 2)


@pytest.mark.parametrize(
    "values",
    [X, X.tolist(), (1, 2), np.float64(3), 3, None, object(), "text", {"x": X}],
    ids=lambda v: type(v).__name__,
)
def test_what_is_in_memory_is_taken_as_it_is(values):
    assert not is_out_of_core(values)


def test_what_numpy_can_take_as_memory_is_no_source():
    class Tensor(OutOfCoreArray):
        __array_interface__ = X.__array_interface__

    assert not is_out_of_core(Tensor(X))
    assert is_out_of_core(OutOfCoreArray(X))


def test_files_are_sources(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        assert is_out_of_core(file.create_dataset("x", data=X))
    np.save(tmp_path / "x.npy", X)
    assert is_out_of_core(np.load(tmp_path / "x.npy", mmap_mode="r"))
    assert not is_out_of_core(np.load(tmp_path / "x.npy"))


@pytest.mark.parametrize(
    ("dtype", "model", "kept"),
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
def test_rows_are_kept_in_the_type_of_fewer_bytes(dtype, model, kept):
    rows = ArraySource(OutOfCoreArray(np.array([[0, 1], [1, 1]], dtype)), "X", model).read(0, 2)
    assert rows.dtype == np.dtype(kept)
    assert rows.dtype.isnative
    np.testing.assert_array_equal(rows, [[0, 1], [1, 1]])


@pytest.mark.parametrize("limit", [0, -1, 1.5, "1 GB", True, None])
def test_a_memory_limit_is_a_number_of_bytes(limit):
    with pytest.raises(
        ArgumentError,
        match=r"memory_limit must be an integer >= 1, in bytes, such as 256 \* 2\*\*20, got",
    ):
        check_memory_limit(limit)


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
def test_what_holds_no_rows_of_numbers_is_refused(array, error, message):
    with pytest.raises(error, match=message):
        ArraySource(OutOfCoreArray(array), "X")


def test_a_closed_file_is_refused(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        data = file.create_dataset("x", data=X)
    with pytest.raises(
        DataError,
        match=r"X must have a shape, a dtype and slices, but reading them raised .*: is its file open\?",
    ):
        ArraySource(data, "X")


def test_a_file_closed_later_is_named_when_it_is_read(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        source = ArraySource(file.create_dataset("x", data=X), "X")
    with pytest.raises(
        DataError,
        match=r"X\[2:4\] must be readable, but it raised .*: is the file open and whole\?",
    ):
        source.read(2, 4)


@pytest.mark.parametrize("block", [X[:1], X[:2, :1], np.array([["a", "b"], ["c", "d"]]), [1, 2]])
def test_a_slice_of_another_shape_or_type_is_refused(block):
    class Wrong(OutOfCoreArray):
        def __getitem__(self, rows):
            return block

    with pytest.raises(
        DataError,
        match=r"X\[0:2\] must be real numbers of shape \(2, 2\), got .*: has it changed\?",
    ):
        ArraySource(Wrong(X), "X").read(0, 2)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, r"X must be finite, got nan at X\[4, 1\]"),
        (1e200, r"X\[4, 1\] is 1e\+200, too large"),
    ],
)
def test_a_number_that_is_not_finite_is_named_by_its_row_in_the_whole(value, message):
    wrong = X.copy()
    wrong[4, 1] = value
    source = ArraySource(OutOfCoreArray(wrong), "X", F4)
    source.read(0, 4)
    with pytest.raises(NonFiniteError, match=message):
        source.read(3, 6)


@pytest.mark.parametrize("chunks", [None, (2, 2), (1000, 1), ((1, 2), (3,)), "auto"])
def test_all_rows_can_be_loaded(chunks):
    array = np.arange(3000, dtype=np.int16).reshape(1000, 3)
    source = ArraySource(OutOfCoreArray(array, chunks=chunks), "X", F4)
    np.testing.assert_array_equal(source.load(), array)
    assert source.rows_per_chunk == {(2, 2): 2, (1000, 1): 1000}.get(chunks, 1)
    assert source.total_load_bytes >= array.nbytes


def test_what_fits_comes_into_memory():
    source = ArraySource(OutOfCoreArray(X), "X")
    given, loaded = load_if_fits((X, source), source.total_load_bytes)
    assert given is X
    np.testing.assert_array_equal(loaded, X)
    assert load_if_fits((X, source), source.total_load_bytes - 1) is None


def test_targets_are_let_in_by_the_loss():
    labels = np.arange(5000) % 3
    loss = CategoricalCrossEntropy()
    targets = TargetSource(
        OutOfCoreArray(labels), lambda rows: loss.prepare_targets(rows, 3, F4), 20_000
    )
    assert (targets.shape, targets.dtype) == ((5000, 3), F4)
    np.testing.assert_array_equal(targets.read(100, 104), np.eye(3)[labels[100:104]])
    np.testing.assert_array_equal(targets.load().argmax(axis=1), labels)


def test_all_targets_are_read_at_once_and_no_more_than_the_limit_allows():
    outside = OutOfCoreArray(np.zeros(5000))
    TargetSource(outside, lambda rows: rows.reshape(-1, 1), 100_000)
    assert sorted(outside.row_ranges)[0][0] == 0
    assert [start for start, _ in outside.row_ranges[1:]] == [
        stop for _, stop in outside.row_ranges[:-1]
    ]
    assert outside.row_ranges[-1][1] == 5000
    assert max(stop - start for start, stop in outside.row_ranges[1:]) * 8 <= 100_000 / 4


@pytest.mark.parametrize(
    ("loss", "row", "value", "error", "message"),
    [
        (
            BinaryCrossEntropy(),
            4321,
            2,
            ArgumentError,
            r"Y must lie in \[0, 1\] .*, got 2.* \(in rows \d+ to \d+ of Y, whose shape is \(5000,\)\)",
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
def test_a_wrong_target_is_found_before_anything_is_dealt(loss, row, value, error, message):
    labels = np.zeros(5000)
    labels[row] = value
    with pytest.raises(error, match=message):
        TargetSource(OutOfCoreArray(labels), lambda rows: loss.prepare_targets(rows, 1, F4), 50_000)


def test_the_row_of_a_wrong_label_can_be_told():
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


def test_a_set_that_is_one_block_is_spoken_of_as_a_whole():
    with pytest.raises(ArgumentError, match=r"got 7 in row 2$"):
        TargetSource(
            OutOfCoreArray([0, 1, 7]),
            lambda rows: CategoricalCrossEntropy().prepare_targets(rows, 3, F4),
            50_000,
        )


# Buffers.


def source(m, width=3, dtype="u1", chunk=None):
    chunks = chunk and (chunk, width)
    array = np.broadcast_to(np.zeros((), dtype), (m, width))  # no memory
    return ArraySource(OutOfCoreArray(array, chunks=chunks), "X", np.dtype("f4"))


def smallest(sources, batch, beside=0):
    """Return the limit that the error names."""
    with pytest.raises(
        ArgumentError,
        match=r"memory_limit must be at least [\d,]+ bytes, for two times \d+ rows.*got 1: raise it",
    ) as caught:
        plan_reads(sources, batch, 1, beside)
    return int(str(caught.value).split("at least ")[1].split(" bytes")[0].replace(",", ""))


@given(
    m=st.integers(1, 10**7),
    width=st.integers(1, 3000),
    dtype=st.sampled_from(["u1", "f4", "f8"]),
    chunk=st.sampled_from([None, 1, 7, 256, 5000, 10**6]),
    batch=st.integers(1, 500),
    limit=st.integers(1, 2**30),
    beside=st.integers(0, 10**6),
)
def test_a_plan_keeps_the_limit(m, width, dtype, chunk, batch, limit, beside):
    sources = [source(m, width, dtype, chunk=chunk), source(m, 1)]
    limit = max(limit, smallest(sources, batch, beside))
    block, blocks = plan_reads(sources, batch, limit, beside)
    rows = min(m, block * blocks)
    held = sum(each.bytes_per_row for each in sources)
    passing = sum(each.transient_bytes_per_row for each in sources)
    order = 16 * rows  # while a new one is drawn, the old one is still there
    assert 2 * rows * held + order + min(block, m) * passing + beside <= limit
    assert block >= 1
    assert blocks >= 1
    assert 2 * rows >= min(m, batch)


@given(m=st.integers(1, 10**6), batch=st.integers(1, 500))
def test_the_smallest_limit_that_is_named_is_enough(m, batch):
    sources = [source(m), source(m, 1)]
    least = smallest(sources, batch, 1000)
    plan_reads(sources, batch, least, 1000)
    with pytest.raises(
        ArgumentError, match="or take smaller batches" if batch > 1 else "raise it$"
    ):
        plan_reads(sources, batch, least - 1, 1000)


def test_a_buffer_has_many_blocks_and_a_block_at_most_a_mebibyte():
    sources = [source(10**6, 784), source(10**6, 1)]
    for limit, least in ((2**18, 8), (2**20, 8), (10 * 2**20, 32), (2**28, 100)):
        block, blocks = plan_reads(sources, 64, limit)
        assert blocks >= least
        assert block * 785 <= 2**20
        assert 2 * block * blocks * 785 > limit / 3  # and the memory is used


@pytest.mark.parametrize(
    ("chunk", "aligned"),
    [(1, True), (7, True), (100, True), (3000, True), (20_000, False), (10**6, False)],
)
def test_blocks_are_whole_chunks_where_these_fit(chunk, aligned):
    block, _ = plan_reads([source(10**6, 784, chunk=chunk)], 64, 2**24)
    assert (block % chunk == 0) == aligned


def test_buffers_are_of_about_one_size():
    sources = [source(10**5, 784)]
    block, blocks = plan_reads(sources, 64, 2**26)
    sizes = [len(run) for run in BlockReader(sources, ReadPlan(block, blocks)).block_groups()]
    assert len(sizes) > 1
    assert min(sizes) > 0.5 * max(sizes)


@given(
    m=st.integers(1, 60),
    block=st.integers(1, 70),
    blocks=st.integers(1, 10),
    shuffled=st.booleans(),
)
def test_every_row_is_read_once(m, block, blocks, shuffled):
    outside = OutOfCoreArray(np.arange(m).reshape(m, 1))
    buffers = BlockReader(
        [ArraySource(outside, "X"), ArraySource(outside.array + 100, "Y")], ReadPlan(block, blocks)
    )
    runs = buffers.block_groups(
        np.random.default_rng(m).permutation(math.ceil(m / block)) if shuffled else None
    )
    rows = []
    for run, (x, y) in zip(runs, buffers.read_ahead(runs), strict=True):
        assert len(x) == len(y) == buffers.n_rows_in(run) <= buffers.rows_per_buffer
        np.testing.assert_array_equal(x + 100, y)
        rows += x[:, 0].tolist()
    assert sorted(rows) == list(range(m))
    assert shuffled or rows == list(range(m))
    assert len(outside.threads) == 1
    assert not reader_threads()


def test_the_next_buffer_is_read_while_one_is_in_use():
    read = Event()
    outside = OutOfCoreArray(np.arange(12), fail=lambda start: read.set() if start == 6 else None)
    buffers = BlockReader([ArraySource(outside, "X")], ReadPlan(2, 2))
    with closing(buffers.read_ahead(buffers.block_groups())) as filled:
        (first,) = next(filled)
        assert read.wait(timeout=30)
        np.testing.assert_array_equal(first, [0, 1, 2, 3])
    assert not reader_threads()


def test_a_buffer_is_not_written_to_while_it_is_in_use():
    outside = OutOfCoreArray(np.arange(40))
    buffers = BlockReader([ArraySource(outside, "X")], ReadPlan(1, 4))
    for number, (x,) in enumerate(buffers.read_ahead(buffers.block_groups())):
        for _ in range(1000):
            assert x.tolist() == list(range(4 * number, 4 * number + 4))


def test_whoever_leaves_early_waits_for_one_block_only(monkeypatch):
    reading, go = Event(), Event()

    class Left(Event):
        def set(self):
            super().set()
            go.set()

    def wait(start):
        if start == 501:
            reading.set()
            assert go.wait(timeout=30)

    monkeypatch.setattr("minidl.batching.block_reader.Event", Left)
    outside = OutOfCoreArray(np.arange(1000), fail=wait)
    buffers = BlockReader([ArraySource(outside, "X")], ReadPlan(1, 500))
    with closing(buffers.read_ahead(buffers.block_groups())) as filled:
        next(filled)
        assert reading.wait(timeout=30)
    assert not reader_threads()
    assert len(outside.row_ranges) == 502
    assert go.is_set()


@pytest.mark.parametrize("row", [0, 5, 11])
@pytest.mark.parametrize(
    "error", [OSError("the disk is gone"), ZeroDivisionError(), DataError("told already")]
)
def test_a_failure_surfaces_where_the_rows_are_due(row, error):
    def fail(start):
        if start == row:
            raise error

    buffers = BlockReader(
        [ArraySource(OutOfCoreArray(np.arange(12), fail=fail), "X")], ReadPlan(1, 4)
    )
    seen = []
    message = (
        "^told already"
        if isinstance(error, DataError)
        else rf"X\[{row}:{row + 1}\] must be readable, but it raised {type(error).__name__}"
    )
    with pytest.raises(DataError, match=message):
        seen.extend(x.tolist() for (x,) in buffers.read_ahead(buffers.block_groups()))
    assert seen == [[0, 1, 2, 3], [4, 5, 6, 7]][: row // 4]
    assert not reader_threads()


def test_nothing_to_read_is_no_error():
    assert (
        list(
            BlockReader(
                [ArraySource(OutOfCoreArray(np.arange(3)), "X")], ReadPlan(1, 1)
            ).read_ahead([])
        )
        == []
    )


def test_buffers_are_made_once():
    buffers = BlockReader([ArraySource(OutOfCoreArray(np.arange(12)), "X")], ReadPlan(2, 2))
    homes = [
        {x.ctypes.data for (x,) in buffers.read_ahead(buffers.block_groups())} for _ in range(2)
    ]
    assert homes[0] == homes[1]
    assert len(homes[0]) == 2
