import math
from contextlib import closing
from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from outside import Outside, readers

from minidl import ArgumentError, DataError
from minidl.buffers import Buffers, Plan, plan
from minidl.sources import Source


def source(m, width=3, dtype="u1", chunk=None):
    chunks = chunk and (chunk, width)
    array = np.broadcast_to(np.zeros((), dtype), (m, width))  # no memory
    return Source(Outside(array, chunks=chunks), "X", np.dtype("f4"))


def smallest(sources, batch, beside=0):
    """Return the limit that the error names."""
    with pytest.raises(
        ArgumentError, match=r"memory_limit must be at least [\d,]+ bytes, for two times \d+ rows.*got 1: raise it"
    ) as caught:
        plan(sources, batch, 1, beside)
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
    block, blocks = plan(sources, batch, limit, beside)
    rows = min(m, block * blocks)
    held = sum(each.row_bytes for each in sources)
    passing = sum(each.passing_bytes for each in sources)
    order = 16 * rows  # while a new one is drawn, the old one is still there
    assert 2 * rows * held + order + min(block, m) * passing + beside <= limit
    assert block >= 1
    assert blocks >= 1
    assert 2 * rows >= min(m, batch)


@given(m=st.integers(1, 10**6), batch=st.integers(1, 500))
def test_the_smallest_limit_that_is_named_is_enough(m, batch):
    sources = [source(m), source(m, 1)]
    least = smallest(sources, batch, 1000)
    plan(sources, batch, least, 1000)
    with pytest.raises(ArgumentError, match="or take smaller batches" if batch > 1 else "raise it$"):
        plan(sources, batch, least - 1, 1000)


def test_a_buffer_has_many_blocks_and_a_block_at_most_a_mebibyte():
    sources = [source(10**6, 784), source(10**6, 1)]
    for limit, least in ((2**18, 8), (2**20, 8), (10 * 2**20, 32), (2**28, 100)):
        block, blocks = plan(sources, 64, limit)
        assert blocks >= least
        assert block * 785 <= 2**20
        assert 2 * block * blocks * 785 > limit / 3  # and the memory is used


@pytest.mark.parametrize(("chunk", "aligned"), [(1, True), (7, True), (100, True), (3000, True), (20_000, False), (10**6, False)])
def test_blocks_are_whole_chunks_where_these_fit(chunk, aligned):
    block, _ = plan([source(10**6, 784, chunk=chunk)], 64, 2**24)
    assert (block % chunk == 0) == aligned


def test_buffers_are_of_about_one_size():
    sources = [source(10**5, 784)]
    block, blocks = plan(sources, 64, 2**26)
    sizes = [len(run) for run in Buffers(sources, Plan(block, blocks)).runs()]
    assert len(sizes) > 1
    assert min(sizes) > 0.5 * max(sizes)


@given(m=st.integers(1, 60), block=st.integers(1, 70), blocks=st.integers(1, 10), shuffled=st.booleans())
def test_every_row_is_read_once(m, block, blocks, shuffled):
    outside = Outside(np.arange(m).reshape(m, 1))
    buffers = Buffers([Source(outside, "X"), Source(outside.array + 100, "Y")], Plan(block, blocks))
    runs = buffers.runs(np.random.default_rng(m).permutation(math.ceil(m / block)) if shuffled else None)
    rows = []
    for run, (x, y) in zip(runs, buffers.fill(runs), strict=True):
        assert len(x) == len(y) == buffers.length(run) <= buffers.size
        np.testing.assert_array_equal(x + 100, y)
        rows += x[:, 0].tolist()
    assert sorted(rows) == list(range(m))
    assert shuffled or rows == list(range(m))
    assert len(outside.threads) == 1
    assert not readers()


def test_the_next_buffer_is_read_while_one_is_in_use():
    read = Event()
    outside = Outside(np.arange(12), fail=lambda start: read.set() if start == 6 else None)
    buffers = Buffers([Source(outside, "X")], Plan(2, 2))
    with closing(buffers.fill(buffers.runs())) as filled:
        (first,) = next(filled)
        assert read.wait(timeout=30)
        np.testing.assert_array_equal(first, [0, 1, 2, 3])
    assert not readers()


def test_a_buffer_is_not_written_to_while_it_is_in_use():
    outside = Outside(np.arange(40))
    buffers = Buffers([Source(outside, "X")], Plan(1, 4))
    for number, (x,) in enumerate(buffers.fill(buffers.runs())):
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

    monkeypatch.setattr("minidl.buffers.Event", Left)
    outside = Outside(np.arange(1000), fail=wait)
    buffers = Buffers([Source(outside, "X")], Plan(1, 500))
    with closing(buffers.fill(buffers.runs())) as filled:
        next(filled)
        assert reading.wait(timeout=30)
    assert not readers()
    assert len(outside.spans) == 502
    assert go.is_set()


@pytest.mark.parametrize("row", [0, 5, 11])
@pytest.mark.parametrize("error", [OSError("the disk is gone"), ZeroDivisionError(), DataError("told already")])
def test_a_failure_surfaces_where_the_rows_are_due(row, error):
    def fail(start):
        if start == row:
            raise error

    buffers = Buffers([Source(Outside(np.arange(12), fail=fail), "X")], Plan(1, 4))
    seen = []
    message = (
        "^told already" if isinstance(error, DataError) else rf"X\[{row}:{row + 1}\] must be readable, but it raised {type(error).__name__}"
    )
    with pytest.raises(DataError, match=message):
        seen.extend(x.tolist() for (x,) in buffers.fill(buffers.runs()))
    assert seen == [[0, 1, 2, 3], [4, 5, 6, 7]][: row // 4]
    assert not readers()


def test_nothing_to_read_is_no_error():
    assert list(Buffers([Source(Outside(np.arange(3)), "X")], Plan(1, 1)).fill([])) == []


def test_buffers_are_made_once():
    buffers = Buffers([Source(Outside(np.arange(12)), "X")], Plan(2, 2))
    homes = [{x.ctypes.data for (x,) in buffers.fill(buffers.runs())} for _ in range(2)]
    assert homes[0] == homes[1]
    assert len(homes[0]) == 2
