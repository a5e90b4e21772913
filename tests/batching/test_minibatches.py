import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from out_of_core_array import OutOfCoreArray, numbered_rows, reader_threads, row_numbers

from minidl import ArgumentError, DtypeError, MiniBatches, NonFiniteError, ShapeError
from minidl.batching.batch import Batch
from minidl.batching.inference_batches import InferenceBatches
from minidl.batching.out_of_core import ArraySource, TargetSource

F4 = np.dtype(np.float32)
STREAMS = {
    "Generator": lambda: np.random.default_rng(7),
    "RandomState": lambda: np.random.RandomState(7),
}


def outside(m, *, limit=3000, width=2, chunks=None, **settings):
    """Return batches of rows that are not in memory, and do not fit unless there are few."""
    X, Y = numbered_rows(m, width)
    return MiniBatches(
        OutOfCoreArray(X, chunks=chunks and (chunks, width)),
        OutOfCoreArray(Y),
        **{"batch_size": 8, "memory_limit": limit, **settings},
    )


@given(
    m=st.integers(1, 40), size=st.integers(1, 45), shuffle=st.booleans(), seed=st.integers(0, 99)
)
def test_every_row_comes_once_and_pairs_stay_together(m, size, shuffle, seed):
    X, Y = numbered_rows(m)
    batches = MiniBatches(X, Y, batch_size=size, shuffle=shuffle, seed=seed)
    for _ in range(3):
        rows = []
        for x, y, _ in batches:
            np.testing.assert_array_equal(x, X[y[:, 0].astype(int)])
            rows += y[:, 0].tolist()
        assert sorted(rows) == list(range(m))


@given(m=st.integers(1, 40), size=st.integers(1, 45))
def test_only_the_last_batch_is_smaller(m, size):
    batches = MiniBatches(*numbered_rows(m), batch_size=size)
    sizes = [len(x) for x, _, _ in batches]
    assert len(sizes) == len(batches)
    assert sizes[:-1] == [size] * (len(sizes) - 1)
    assert sizes[-1] == m - sum(sizes[:-1]) <= size


@pytest.mark.parametrize(
    "seed", [lambda: 7, lambda: np.random.default_rng(7), lambda: np.random.RandomState(7)]
)
def test_the_seed_decides(seed):
    first, again = (MiniBatches(*numbered_rows(20), batch_size=6, seed=seed()) for _ in range(2))
    assert [row_numbers(first) for _ in range(3)] == [row_numbers(again) for _ in range(3)]


def test_each_epoch_and_each_seed_has_an_order_of_its_own():
    batches = MiniBatches(*numbered_rows(20), batch_size=6)
    orders = [str(row_numbers(batches)) for _ in range(5)] + [
        str(row_numbers(MiniBatches(*numbered_rows(20), batch_size=6, seed=9)))
    ]
    assert len(set(orders)) == 6
    assert batches.epoch == 5


def test_the_make_up_of_batches_changes():
    batches = MiniBatches(*numbered_rows(20), batch_size=10)
    assert sorted(row_numbers(batches)[0]) != sorted(row_numbers(batches)[0])


def test_unshuffled_rows_keep_their_order():
    assert row_numbers(MiniBatches(*numbered_rows(5), batch_size=2, shuffle=False)) == [
        [0, 1],
        [2, 3],
        [4],
    ]


@pytest.mark.parametrize("size", [None, 5, 100])
def test_the_whole_set_is_one_batch_as_it_is(size):
    X, Y = numbered_rows(5)
    ((x, y, _),) = MiniBatches(X, Y, batch_size=size)
    assert x is X
    assert y is Y


@pytest.mark.parametrize("size", [None, 2])
def test_a_function_gives_the_order_of_each_epoch(size):
    batches = MiniBatches(
        *numbered_rows(4), batch_size=size, shuffle=lambda epoch: np.roll(np.arange(4), epoch)
    )
    assert [[row for rows in row_numbers(batches) for row in rows] for _ in range(2)] == [
        [3, 0, 1, 2],
        [2, 3, 0, 1],
    ]


@pytest.mark.parametrize(
    "order",
    [[0, 1, 1], [0, 1], [1, 2, 3], [[0, 1, 2]], None, [0.0, 1.0, 2.0], ["a", "b", "c"], 3],
    ids=str,
)
def test_an_order_that_is_no_permutation_is_refused(order):
    with pytest.raises(
        ArgumentError,
        match=r"shuffle\(1\) must return a permutation of range\(3\): every row once, got",
    ):
        row_numbers(MiniBatches(*numbered_rows(3), batch_size=2, shuffle=lambda epoch: order))


@pytest.mark.parametrize("shuffle", [None, 1, "yes", [0, 1, 2]])
def test_shuffle_must_be_a_truth_value_or_a_function(shuffle):
    with pytest.raises(
        ArgumentError,
        match=r"shuffle must be True, False or a function from the epoch's number.*got",
    ):
        MiniBatches(*numbered_rows(3), shuffle=shuffle)


@pytest.mark.parametrize("size", [0, -1, 2.0, "2", True])
def test_batch_size_must_be_a_whole_number_from_1(size):
    with pytest.raises(
        ArgumentError,
        match=f"batch_size must be an integer >= 1, or None for the whole set, got {size!r}",
    ):
        MiniBatches(*numbered_rows(3), batch_size=size)


def test_x_and_y_must_have_the_same_number_of_rows():
    with pytest.raises(ShapeError, match="X and Y must have the same number of rows, got 3 and 4"):
        MiniBatches(numbered_rows(3)[0], numbered_rows(4)[1])


def test_lists_are_taken_and_what_is_no_array_is_refused():
    batches = MiniBatches([[1.0], [2.0]], [[0], [1]], batch_size=1, shuffle=False)
    assert [(x.tolist(), y.tolist()) for x, y, _ in batches] == [([[1.0]], [[0]]), ([[2.0]], [[1]])]
    for wrong, error in ((5, ShapeError), ("abc", DtypeError), (None, DtypeError)):
        with pytest.raises(error, match=r"^Y must hold"):
            MiniBatches([[1.0], [2.0]], wrong)


def test_there_must_be_a_row():
    with pytest.raises(ShapeError, match="X must hold at least one example and one number"):
        MiniBatches(*numbered_rows(0))


def test_dtypes_and_ranks_stay():
    X = np.arange(24, dtype=np.float32).reshape(6, 2, 2)
    for x, y, _ in MiniBatches(X, np.arange(6), batch_size=4, shuffle=False):
        assert (x.dtype, x.shape[1:]) == (np.float32, (2, 2))
        assert (y.dtype, y.ndim) == (np.arange(6).dtype, 1)


# An epoch depends on the stream's state at its start alone.


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: MiniBatches(*numbered_rows(50), batch_size=8, seed=rng),
        lambda rng: outside(300, seed=rng),
    ],
)
def test_the_order_of_an_epoch_does_not_depend_on_those_before(make):
    rng, again = np.random.default_rng(3), np.random.default_rng(0)
    batches = make(rng)
    for _ in range(3):
        again.bit_generator.state = rng.bit_generator.state
        assert row_numbers(batches) == row_numbers(make(again))


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: MiniBatches(*numbered_rows(50), batch_size=8, seed=rng),
        lambda rng: outside(300, seed=rng),
    ],
)
def test_an_epoch_left_early_moves_the_stream_as_far(make):
    first, second = np.random.default_rng(3), np.random.default_rng(3)
    row_numbers(make(first))
    for _ in make(second):
        break
    assert first.bit_generator.state == second.bit_generator.state


# Numbers of fewer bytes stay as they are until their batch is converted.


@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "f2"])
@pytest.mark.parametrize("size", [3, 10, None])
@pytest.mark.parametrize("shuffle", [True, False])
def test_batches_are_converted_one_by_one(dtype, size, shuffle):
    X, Y = numbered_rows(10)
    X = (X % 2 if dtype == "?" else X).astype(dtype)
    batches = MiniBatches(X, Y, batch_size=size, shuffle=shuffle, dtype=F4)
    for _ in range(2):
        for x, y, _ in batches:
            assert x.dtype == F4
            np.testing.assert_array_equal(x, X[y[:, 0].astype(int)])


def test_pictures_are_not_converted_as_a_whole():
    X, Y = np.zeros((4000, 100), np.uint8), np.zeros((4000, 1), np.float32)
    tracemalloc.start()
    try:
        for x, _, _ in MiniBatches(X, Y, batch_size=10, dtype=F4):
            assert x.nbytes == 4000
        assert (
            tracemalloc.get_traced_memory()[1] < X.nbytes
        )  # a quarter of what the whole would take
    finally:
        tracemalloc.stop()


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


# Larger than memory.


@given(
    m=st.integers(1, 400),
    size=st.integers(1, 30),
    width=st.integers(1, 5),
    chunks=st.sampled_from([None, 1, 3, 16, 64, 1000]),
    limit=st.integers(4000, 40_000),
    shuffle=st.booleans(),
    dtype=st.sampled_from([None, F4]),
)
def test_every_row_of_a_file_comes_once_too(m, size, width, chunks, limit, shuffle, dtype):
    X, _ = numbered_rows(m, width)
    batches = outside(
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


def test_what_fits_is_read_once_and_dealt_as_from_memory():
    X, Y = numbered_rows(60)
    files = OutOfCoreArray(X), OutOfCoreArray(Y)
    from_files, from_memory = MiniBatches(*files, batch_size=8), MiniBatches(X, Y, batch_size=8)
    assert from_files.plan is None
    assert [row_numbers(from_files) for _ in range(3)] == [
        row_numbers(from_memory) for _ in range(3)
    ]
    assert [file.row_ranges for file in files] == [[(0, 60)]] * 2


def test_a_file_is_read_in_blocks_by_one_thread():
    batches = outside(400, limit=6000)
    x = batches._rows._data.sources[0].values
    read = len(x.row_ranges)
    row_numbers(batches)
    assert batches.plan.rows_per_block * batches.plan.blocks_per_buffer < 100
    assert all(stop - start <= batches.plan.rows_per_block for start, stop in x.row_ranges[read:])
    assert x.threads == {"minidl-reader_0"}


@pytest.mark.parametrize("chunks", [5, 20])
def test_no_chunk_is_read_twice(chunks):
    batches = outside(400, limit=8000, chunks=chunks)
    row_numbers(batches)
    touched = [
        chunk
        for start, stop in batches._rows._data.sources[0].values.row_ranges
        for chunk in range(start // chunks, (stop - 1) // chunks + 1)
    ]
    assert sorted(touched) == list(range(400 // chunks))


def test_a_shuffled_file_mixes_blocks_from_everywhere(monkeypatch):
    """A file sorted by class: no buffer is far from the mean of all, and no two epochs are alike."""
    monkeypatch.setattr(
        "minidl.batching.read_plan.MIN_BLOCK_BYTES", 1
    )  # as with a limit of some MB
    batches = outside(4000, limit=40_000, batch_size=100)
    assert batches.plan.blocks_per_buffer >= 32
    means = [[np.mean(rows) for rows in row_numbers(batches)] for _ in range(3)]
    assert (
        np.abs(np.array(means) - 2000).max() < 1000
    )  # batches of 100 neighbours would be up to 1950 away
    assert len({str(epoch) for epoch in means}) == 3


def test_rows_of_a_block_are_not_dealt_side_by_side():
    steps = np.abs(np.diff(np.concatenate(row_numbers(outside(4000, limit=40_000)))))
    assert np.median(steps) > 500


def test_one_of_both_may_be_in_memory():
    X, Y = numbered_rows(300)
    whole = row_numbers(outside(300, seed=5))
    for x, y in (
        (X, ArraySource(OutOfCoreArray(Y), "Y")),
        (ArraySource(OutOfCoreArray(X), "X"), Y),
    ):
        batches = MiniBatches(x, y, batch_size=8, memory_limit=1500, seed=5)
        assert batches.plan is not None
        assert (
            sorted(np.concatenate(row_numbers(batches)))
            == sorted(np.concatenate(whole))
            == list(range(300))
        )


def test_who_is_faster_does_not_matter():
    hurried = [row_numbers(outside(300, seed=5)) for _ in range(3)]
    batches = outside(300, seed=5)
    seen = []
    for _, y, _ in batches:
        for thread in reader_threads():
            thread.join(timeout=0.001)  # the reader gets ahead as far as it may
        seen.append(y[:, 0].astype(int).tolist())
    assert [seen] * 3 == hurried


def test_a_whole_file_in_one_batch_must_fit():
    with pytest.raises(
        ArgumentError,
        match=r"batch_size must be a number, got None, where X and Y do not fit into memory_limit=3,000 bytes",
    ):
        outside(300, batch_size=None)
    assert [len(x) for x, _, _ in outside(300, batch_size=None, limit=30_000)] == [300]


def test_an_order_of_ones_own_is_for_rows_in_memory():
    with pytest.raises(
        ArgumentError,
        match=r"shuffle must be True or False, got .*, where X and Y do not fit into memory_limit=3,000 bytes",
    ):
        outside(300, shuffle=lambda epoch: np.arange(300))
    assert row_numbers(outside(300, shuffle=lambda epoch: np.arange(300)[::-1], limit=30_000))[
        0
    ] == list(range(299, 291, -1))


def test_two_batches_must_fit():
    with pytest.raises(
        ArgumentError,
        match=r"memory_limit must be at least [\d,]+ bytes, for two times 100 rows.*, or take smaller batches",
    ):
        outside(3000, batch_size=100, limit=5000)


def test_steps_over_a_file_allocate_nothing():
    batches = outside(
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


# A place within an epoch can be kept, and gone back to.


PLACES = {
    "memory": lambda **s: MiniBatches(*numbered_rows(45), batch_size=8, **s),
    "pictures": lambda **s: MiniBatches(
        numbered_rows(45)[0].astype(np.uint8), numbered_rows(45)[1], batch_size=8, dtype=F4, **s
    ),
    "one batch": lambda **s: MiniBatches(*numbered_rows(5), batch_size=None, **s),
    "many small": lambda **s: MiniBatches(*numbered_rows(5000), batch_size=999, **s),
    "file": lambda **s: outside(203, **s),
    "chunks": lambda **s: outside(203, chunks=10, **s),
}


@pytest.mark.parametrize("rng", STREAMS)
@pytest.mark.parametrize(
    ("place", "shuffle"),
    [(place, shuffle) for place in PLACES for shuffle in (True, False)]
    + [
        ("memory", lambda epoch: np.roll(np.arange(45), epoch)),
        ("one batch", lambda epoch: np.roll(np.arange(5), epoch)),
    ],
    ids=lambda value: "own" if callable(value) else str(value),
)
def test_whoever_goes_on_gets_the_batches_that_were_to_come(place, shuffle, rng):
    def make(seed=None):
        return PLACES[place](shuffle=shuffle, seed=seed or STREAMS[rng]())

    whole = make()
    epochs = [[(x.copy(), y.copy()) for x, y, _ in whole] for _ in range(3)]
    batches, states = make(), []
    for _ in range(3):
        states.append((batches.state(), 0))
        states += [(batches.state(), number) for number, _ in enumerate(batches, 1)]
    states.append((batches.state(), 0))
    assert [(state["epoch"], state["batch"]) for state, _ in states] == [
        (e, b) for e in range(3) for b in range(len(whole) + 1)
    ] + [(3, 0)]
    for state, number in states[:: max(1, len(states) // 20)]:
        resumed = make(np.random.default_rng(1) if rng == "Generator" else np.random.RandomState(1))
        resumed.restore(json.loads(json.dumps(state)))
        assert resumed.state() == state
        for epoch, first in [
            (e, number if e == state["epoch"] else 0) for e in range(state["epoch"], 3)
        ]:
            found = [(x.copy(), y.copy()) for x, y, _ in resumed]
            assert len(found) == len(whole) - first
            for (x, y), (a, b) in zip(found, epochs[epoch][first:], strict=True):
                np.testing.assert_array_equal(x, a)
                np.testing.assert_array_equal(y, b)
        assert resumed.epoch == 3
        assert resumed.state() == states[-1][0]


@pytest.mark.parametrize("place", ["memory", "file"])
def test_an_epoch_that_was_left_can_be_gone_on_with(place):
    batches, twin = PLACES[place](), PLACES[place]()
    expected = row_numbers(twin)
    for number, _ in enumerate(batches, 1):
        if number == 2:
            break
    assert (batches.state()["epoch"], batches.state()["batch"]) == (0, 2)
    batches.restore(batches.state())
    assert row_numbers(batches) == expected[2:]
    assert row_numbers(batches) == row_numbers(twin)


def test_an_epoch_that_was_left_is_over_for_whoever_starts_the_next():
    batches, twin = PLACES["memory"](), PLACES["memory"]()
    for _ in batches:
        break
    row_numbers(twin)
    expected = row_numbers(twin)
    for number, _ in enumerate(batches, 1):
        if number == 3:
            break
    assert batches.epoch == 2
    batches.restore(batches.state())
    assert row_numbers(batches) == expected[3:]


def wrong_states():
    state = MiniBatches(*numbered_rows(45), batch_size=8).state()
    other = MiniBatches(*numbered_rows(45), batch_size=9).state()
    old = MiniBatches(*numbered_rows(45), batch_size=8, seed=np.random.RandomState(0)).state()
    return {
        "nothing": (
            None,
            r"state must be what MiniBatches.state\(\) returned, with an epoch .*, got None",
        ),
        "half": ({"epoch": 1}, "state must be what MiniBatches.state"),
        "another size": (
            other,
            "state must be of batches made in the same way, .*'batch_size': 8.*, got .*'batch_size': 9.*: use the same data",
        ),
        "a file": (outside(203).state(), "state must be of batches made in the same way"),
        "batch": (
            {**state, "batch": 7},
            "with an epoch >= 0 and a batch from 0 to 6, got {'epoch': 0, 'batch': 7",
        ),
        "epoch": ({**state, "epoch": -1}, "returned, with an epoch >= 0"),
        "half a batch": ({**state, "batch": 1.5}, "returned, with an epoch >= 0"),
        "stream": (
            {**state, "random": old["random"]},
            "the state must be that of a Generator of the same kind, but",
        ),
        "no stream": ({**state, "random": {}}, "the state must be that of a Generator"),
    }


@pytest.mark.parametrize("name", wrong_states())
def test_a_state_of_something_else_is_refused_and_changes_nothing(name):
    state, message = wrong_states()[name]
    batches, twin = PLACES["memory"](), PLACES["memory"]()
    with pytest.raises(ArgumentError, match=message):
        batches.restore(state)
    assert row_numbers(batches) == row_numbers(twin)


# Passes.


F4, F8 = np.dtype(np.float32), np.dtype(np.float64)


def collected(x, t=None, **settings):
    """Return all rows of all passes, which must follow one another; they are written over, so they are copied."""
    settings = {"dtype": F4, **settings}
    parts, targets, stop = [], [], 0
    for rows, (part, some, _) in InferenceBatches(Batch(x, t), **settings):
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
    for x in (X, np.asfortranarray(X), ArraySource(OutOfCoreArray(X), "X", F4)):
        for t in (T, TargetSource(OutOfCoreArray(T), lambda rows: rows, 10**6)):
            found, targets = collected(x, t, memory_limit=30_000)
            np.testing.assert_array_equal(found, X)
            np.testing.assert_array_equal(targets, T)
        np.testing.assert_array_equal(collected(x)[0], X)


@given(
    m=st.integers(1, 3000),
    chunk=st.sampled_from([None, 1, 100, 1024, 5000]),
    limit=st.integers(1000, 100_000),
)
def test_passes_over_a_source_take_every_row_once(m, chunk, limit):
    X = np.arange(m, dtype=np.int32).reshape(m, 1)
    outside = OutOfCoreArray(X, chunks=chunk and (chunk, 1))
    np.testing.assert_array_equal(
        collected(ArraySource(outside, "X", F8), dtype=F8, memory_limit=limit)[0], X
    )
    assert sum(stop - start for start, stop in outside.row_ranges) == m
    assert not reader_threads()


@pytest.mark.parametrize("dtype", ["u1", "f4"])
@pytest.mark.parametrize("limit", [4_400_000, 6_000_000])
def test_passes_over_a_file_are_those_over_an_array_and_keep_the_limit(dtype, limit):
    X = np.broadcast_to(np.zeros((), dtype), (20_000, 256))
    parts = InferenceBatches(
        Batch(ArraySource(OutOfCoreArray(X), "X", F4), None), dtype=F4, memory_limit=limit
    )
    assert [len(part) for _, (part, _, _) in parts] == [1024] * 19 + [544]
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
        np.shares_memory(part, X)
        for _, (part, _, _) in InferenceBatches(Batch(X, None), dtype=F4, check_finite=True)
    )


@pytest.mark.parametrize(
    ("width", "rows"), [(2, 1024), (784, 1024), (12288, 512), (100_000, 64), (10**6, 32)]
)
def test_a_pass_fits_into_the_cache_where_it_can(width, rows):
    sizes = [
        len(part)
        for _, (part, _, _) in InferenceBatches(
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
def test_numbers_are_checked_on_the_way(dtype, value, message, order):
    X = np.zeros((2000, 3), dtype, order)
    X[1500, 1] = value
    for x, check in ((X, True), (ArraySource(OutOfCoreArray(X), "X", F4), False)):
        with pytest.raises(NonFiniteError, match=message):
            collected(x, check_finite=check, memory_limit=10_000)
    with pytest.raises(NonFiniteError, match=message):
        collected(
            X,
            TargetSource(OutOfCoreArray(np.zeros((2000, 1))), lambda rows: rows, 10**6),
            check_finite=True,
        )


def test_large_finite_numbers_pass_the_check():
    X = np.full((1000, 3), 1e30, np.float32)  # the squares overflow
    np.testing.assert_array_equal(collected(X, check_finite=True)[0], X)


def test_a_limit_that_is_too_small_is_refused():
    with pytest.raises(ArgumentError, match=r"memory_limit must be at least [\d,]+ bytes"):
        collected(ArraySource(OutOfCoreArray(np.zeros((10, 1000))), "X", F4), memory_limit=2000)


def test_leaving_early_ends_the_reading():
    source = ArraySource(OutOfCoreArray(np.zeros((1000, 10))), "X", F4)
    for _ in InferenceBatches(Batch(source, None), dtype=F4, memory_limit=10_000):
        break
    assert not reader_threads()
