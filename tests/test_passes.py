import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from outside import Outside, readers

from minidl import ArgumentError, NonFiniteError
from minidl.passes import Passes
from minidl.sources import Source, Targets

F4, F8 = np.dtype(np.float32), np.dtype(np.float64)


def collected(x, t=None, **settings):
    """Return all rows of all passes, which must follow one another; they are written over, so they are copied."""
    settings = {"dtype": F4, **settings}
    parts, targets, stop = [], [], 0
    for rows, part, some in Passes(x, t, **settings):
        assert rows == slice(stop, stop + len(part))
        assert part.dtype == settings["dtype"]
        assert part.flags.c_contiguous
        stop = rows.stop
        parts.append(part.copy())
        targets.append(None if some is None else some.copy())
    assert stop == len(x)
    return np.concatenate(parts), None if t is None else np.concatenate(targets)


@pytest.mark.parametrize("m", [1, 128, 1023, 1024, 1025, 2500])
@pytest.mark.parametrize("dtype", ["?", "u1", ">i2", "f4", "f8"])
def test_passes_are_all_rows_in_order(m, dtype):
    X, T = (np.arange(3 * m) % 100).reshape(m, 3).astype(dtype), np.arange(m).reshape(m, 1)
    for x in (X, np.asfortranarray(X), Source(Outside(X), "X", F4)):
        for t in (T, Targets(Outside(T), lambda rows: rows, 10**6)):
            found, targets = collected(x, t, memory_limit=30_000)
            np.testing.assert_array_equal(found, X)
            np.testing.assert_array_equal(targets, T)
        np.testing.assert_array_equal(collected(x)[0], X)


@given(m=st.integers(1, 3000), chunk=st.sampled_from([None, 1, 100, 1024, 5000]), limit=st.integers(1000, 100_000))
def test_passes_over_a_source_take_every_row_once(m, chunk, limit):
    X = np.arange(m, dtype=np.int32).reshape(m, 1)
    outside = Outside(X, chunks=chunk and (chunk, 1))
    np.testing.assert_array_equal(collected(Source(outside, "X", F8), dtype=F8, memory_limit=limit)[0], X)
    assert sum(stop - start for start, stop in outside.spans) == m
    assert not readers()


@pytest.mark.parametrize("dtype", ["u1", "f4"])
@pytest.mark.parametrize("limit", [4_400_000, 6_000_000])
def test_passes_over_a_file_are_those_over_an_array_and_keep_the_limit(dtype, limit):
    X = np.broadcast_to(np.zeros((), dtype), (20_000, 256))
    parts = Passes(Source(Outside(X), "X", F4), dtype=F4, memory_limit=limit)
    assert [len(part) for _, part, _ in parts] == [1024] * 19 + [544]
    source, block, rows = parts._held.sources[0], parts._held.plan.block, parts._held.size
    converted = 1024 * 256 * 4 if dtype == "u1" else 0
    assert rows < 20_000
    assert 2 * rows * source.row_bytes + block * source.passing_bytes + converted <= limit


def test_an_array_that_fits_is_not_copied():
    X = np.ones((3000, 4), np.float32)
    assert all(np.shares_memory(part, X) for _, part, _ in Passes(X, dtype=F4, check=True))


@pytest.mark.parametrize(("width", "rows"), [(2, 1024), (784, 1024), (12288, 512), (100_000, 64), (10**6, 32)])
def test_a_pass_fits_into_the_cache_where_it_can(width, rows):
    sizes = [len(part) for _, part, _ in Passes(np.broadcast_to(np.float32(0), (1100, width)), dtype=F4)]
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
def test_numbers_are_checked_on_the_way(dtype, value, message, order):
    X = np.zeros((2000, 3), dtype, order)
    X[1500, 1] = value
    for x, check in ((X, True), (Source(Outside(X), "X", F4), False)):
        with pytest.raises(NonFiniteError, match=message):
            collected(x, check=check, memory_limit=10_000)
    with pytest.raises(NonFiniteError, match=message):
        collected(X, Targets(Outside(np.zeros((2000, 1))), lambda rows: rows, 10**6), check=True)


def test_large_finite_numbers_pass_the_check():
    X = np.full((1000, 3), 1e30, np.float32)  # the squares overflow
    np.testing.assert_array_equal(collected(X, check=True)[0], X)


def test_a_limit_that_is_too_small_is_refused():
    with pytest.raises(ArgumentError, match=r"memory_limit must be at least [\d,]+ bytes"):
        collected(Source(Outside(np.zeros((10, 1000))), "X", F4), memory_limit=2000)


def test_leaving_early_ends_the_reading():
    source = Source(Outside(np.zeros((1000, 10))), "X", F4)
    for _ in Passes(source, dtype=F4, memory_limit=10_000):
        break
    assert not readers()
