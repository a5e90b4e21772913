import math
from contextlib import closing
from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from out_of_core_array import OutOfCoreArray, reader_threads

from minidl import DataError
from minidl.batching.block_reader import BlockReader
from minidl.batching.out_of_core import ArraySource
from minidl.batching.read_plan import ReadPlan


@given(
    m=st.integers(1, 60),
    block=st.integers(1, 70),
    blocks=st.integers(1, 10),
    shuffled=st.booleans(),
)
def test_every_row_is_read_once(m, block, blocks, shuffled):
    values = OutOfCoreArray(np.arange(m).reshape(m, 1))
    reader = BlockReader(
        [ArraySource(values, "X"), ArraySource(values.array + 100, "Y")], ReadPlan(block, blocks)
    )
    groups = reader.block_groups(
        np.random.default_rng(m).permutation(math.ceil(m / block)) if shuffled else None
    )
    rows = []
    for group, (x, y) in zip(groups, reader.read_ahead(groups), strict=True):
        assert len(x) == len(y) == reader.n_rows_in(group) <= reader.rows_per_buffer
        np.testing.assert_array_equal(x + 100, y)
        rows += x[:, 0].tolist()
    assert sorted(rows) == list(range(m))
    assert shuffled or rows == list(range(m))
    assert len(values.threads) == 1
    assert not reader_threads()


@pytest.mark.parametrize(("n_processes", "rows"), [(1, 12), (2, 8), (3, 4)])
def test_a_process_that_reads_a_part_of_each_buffer_has_a_smaller_one(n_processes, rows):
    source = ArraySource(OutOfCoreArray(np.zeros((60, 1))), "X")
    assert BlockReader([source], ReadPlan(4, 3), n_processes).rows_per_buffer == rows


def test_the_next_buffer_is_read_while_one_is_in_use():
    read = Event()
    values = OutOfCoreArray(np.arange(12), fail=lambda start: read.set() if start == 6 else None)
    reader = BlockReader([ArraySource(values, "X")], ReadPlan(2, 2))
    with closing(reader.read_ahead(reader.block_groups())) as filled:
        (first,) = next(filled)
        assert read.wait(timeout=30)
        np.testing.assert_array_equal(first, [0, 1, 2, 3])
    assert not reader_threads()


def test_a_buffer_is_not_written_to_while_it_is_in_use():
    values = OutOfCoreArray(np.arange(40))
    reader = BlockReader([ArraySource(values, "X")], ReadPlan(1, 4))
    for number, (x,) in enumerate(reader.read_ahead(reader.block_groups())):
        for _ in range(1000):
            assert x.tolist() == list(range(4 * number, 4 * number + 4))


def test_leaving_early_waits_for_one_block_only(monkeypatch):
    reading, go = Event(), Event()

    class Cancelled(Event):
        def set(self):
            super().set()
            go.set()

    def wait(start):
        if start == 501:
            reading.set()
            assert go.wait(timeout=30)

    monkeypatch.setattr("minidl.batching.block_reader.Event", Cancelled)
    values = OutOfCoreArray(np.arange(1000), fail=wait)
    reader = BlockReader([ArraySource(values, "X")], ReadPlan(1, 500))
    with closing(reader.read_ahead(reader.block_groups())) as filled:
        next(filled)
        assert reading.wait(timeout=30)
    assert not reader_threads()
    assert len(values.row_ranges) == 502
    assert go.is_set()


@pytest.mark.parametrize("row", [0, 5, 11])
@pytest.mark.parametrize(
    "error", [OSError("the disk is gone"), ZeroDivisionError(), DataError("read before")]
)
def test_a_failure_is_raised_when_its_rows_are_needed(row, error):
    def fail(start):
        if start == row:
            raise error

    reader = BlockReader(
        [ArraySource(OutOfCoreArray(np.arange(12), fail=fail), "X")], ReadPlan(1, 4)
    )
    seen = []
    message = (
        "^read before"
        if isinstance(error, DataError)
        else rf"X\[{row}:{row + 1}\] must be readable, but it raised {type(error).__name__}"
    )
    with pytest.raises(DataError, match=message):
        seen.extend(x.tolist() for (x,) in reader.read_ahead(reader.block_groups()))
    assert seen == [[0, 1, 2, 3], [4, 5, 6, 7]][: row // 4]
    assert not reader_threads()


def test_reading_no_blocks_is_not_an_error():
    assert (
        list(
            BlockReader(
                [ArraySource(OutOfCoreArray(np.arange(3)), "X")], ReadPlan(1, 1)
            ).read_ahead([])
        )
        == []
    )


def test_buffers_are_allocated_once():
    reader = BlockReader([ArraySource(OutOfCoreArray(np.arange(12)), "X")], ReadPlan(2, 2))
    homes = [{x.ctypes.data for (x,) in reader.read_ahead(reader.block_groups())} for _ in range(2)]
    assert homes[0] == homes[1]
    assert len(homes[0]) == 2
