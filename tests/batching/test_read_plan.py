import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from out_of_core_array import OutOfCoreArray

from minidl import ArgumentError
from minidl.batching.block_reader import BlockReader
from minidl.batching.out_of_core import ArraySource
from minidl.batching.read_plan import ReadPlan, load_if_fits, plan_reads

X = np.arange(12.0).reshape(6, 2)


def test_arrays_that_fit_are_loaded():
    source = ArraySource(OutOfCoreArray(X), "X")
    in_memory, loaded = load_if_fits((X, source), source.total_load_bytes)
    assert in_memory is X
    np.testing.assert_array_equal(loaded, X)
    assert load_if_fits((X, source), source.total_load_bytes - 1) is None


def array_source(m, width=3, dtype="u1", chunk=None):
    chunks = chunk and (chunk, width)
    array = np.broadcast_to(np.zeros((), dtype), (m, width))  # no memory
    return ArraySource(OutOfCoreArray(array, chunks=chunks), "X", np.dtype("f4"))


def smallest_memory_limit(sources, batch, reserved=0):
    """Return the memory limit that the error message names."""
    with pytest.raises(
        ArgumentError,
        match=r"memory_limit must be at least [\d,]+ bytes, for two times \d+ rows.*got 1: raise "
        r"it",
    ) as caught:
        plan_reads(sources, batch, 1, reserved)
    return int(str(caught.value).split("at least ")[1].split(" bytes")[0].replace(",", ""))


@given(
    m=st.integers(1, 10**7),
    width=st.integers(1, 3000),
    dtype=st.sampled_from(["u1", "f4", "f8"]),
    chunk=st.sampled_from([None, 1, 7, 256, 5000, 10**6]),
    batch=st.integers(1, 500),
    limit=st.integers(1, 2**30),
    reserved=st.integers(0, 10**6),
)
def test_a_plan_keeps_the_memory_limit(m, width, dtype, chunk, batch, limit, reserved):
    sources = [array_source(m, width, dtype, chunk=chunk), array_source(m, 1)]
    limit = max(limit, smallest_memory_limit(sources, batch, reserved))
    block, blocks = plan_reads(sources, batch, limit, reserved)
    rows = min(m, block * blocks)
    resident = sum(source.bytes_per_row for source in sources)
    transient = sum(source.transient_bytes_per_row for source in sources)
    order = 16 * rows  # while a new one is drawn, the old one is still there
    assert 2 * rows * resident + order + min(block, m) * transient + reserved <= limit
    assert block >= 1
    assert blocks >= 1
    assert 2 * rows >= min(m, batch)


@given(m=st.integers(1, 10**6), batch=st.integers(1, 500))
def test_the_smallest_memory_limit_in_the_message_is_enough(m, batch):
    sources = [array_source(m), array_source(m, 1)]
    minimum = smallest_memory_limit(sources, batch, 1000)
    plan_reads(sources, batch, minimum, 1000)
    with pytest.raises(
        ArgumentError, match="or take smaller batches" if batch > 1 else "raise it$"
    ):
        plan_reads(sources, batch, minimum - 1, 1000)


def test_a_buffer_has_many_blocks_and_a_block_at_most_a_mebibyte():
    sources = [array_source(10**6, 784), array_source(10**6, 1)]
    for limit, minimum in ((2**18, 8), (2**20, 8), (10 * 2**20, 32), (2**28, 100)):
        block, blocks = plan_reads(sources, 64, limit)
        assert blocks >= minimum
        assert block * 785 <= 2**20
        assert 2 * block * blocks * 785 > limit / 3  # and the memory is used


@pytest.mark.parametrize(
    ("chunk", "aligned"),
    [(1, True), (7, True), (100, True), (3000, True), (20_000, False), (10**6, False)],
)
def test_blocks_are_whole_chunks_if_these_fit(chunk, aligned):
    block, _ = plan_reads([array_source(10**6, 784, chunk=chunk)], 64, 2**24)
    assert (block % chunk == 0) == aligned


def test_buffers_have_similar_sizes():
    sources = [array_source(10**5, 784)]
    block, blocks = plan_reads(sources, 64, 2**26)
    sizes = [len(group) for group in BlockReader(sources, ReadPlan(block, blocks)).block_groups()]
    assert len(sizes) > 1
    assert min(sizes) > 0.5 * max(sizes)
