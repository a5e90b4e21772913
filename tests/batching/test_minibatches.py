import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from out_of_core_array import numbered_rows, out_of_core_batches, row_numbers

from minidl import ArgumentError, DtypeError, MiniBatches, ShapeError

F4 = np.dtype(np.float32)


GENERATORS = {
    "Generator": lambda: np.random.default_rng(7),
    "RandomState": lambda: np.random.RandomState(7),
}


@given(
    m=st.integers(1, 40), size=st.integers(1, 45), shuffle=st.booleans(), seed=st.integers(0, 99)
)
def test_every_row_appears_once_and_pairs_stay_together(m, size, shuffle, seed):
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


def test_each_epoch_and_each_seed_has_another_order():
    batches = MiniBatches(*numbered_rows(20), batch_size=6)
    orders = [str(row_numbers(batches)) for _ in range(5)] + [
        str(row_numbers(MiniBatches(*numbered_rows(20), batch_size=6, seed=9)))
    ]
    assert len(set(orders)) == 6
    assert batches.epoch == 5


def test_batches_of_different_epochs_have_different_rows():
    batches = MiniBatches(*numbered_rows(20), batch_size=10)
    assert sorted(row_numbers(batches)[0]) != sorted(row_numbers(batches)[0])


def test_unshuffled_rows_keep_their_order():
    assert row_numbers(MiniBatches(*numbered_rows(5), batch_size=2, shuffle=False)) == [
        [0, 1],
        [2, 3],
        [4],
    ]


@pytest.mark.parametrize("size", [7, 20])  # several batches, and one
@pytest.mark.parametrize("rng", GENERATORS)
def test_rows_drawn_with_replacement(rng, size):
    X, Y = numbered_rows(20)
    batches = MiniBatches(X, Y, batch_size=size, shuffle="with_replacement", seed=GENERATORS[rng]())
    counts = np.zeros(20, int)
    for _ in range(500):
        rows = []
        for x, y, _ in batches:
            np.testing.assert_array_equal(x, X[y[:, 0].astype(int)])
            rows += y[:, 0].astype(int).tolist()
        assert len(rows) == 20
        counts += np.bincount(rows, minlength=20)
        assert len(set(rows)) < 20 or batches.epoch > 1  # one epoch in 4e7 has each row once
    np.testing.assert_allclose(counts, 500, atol=5 * 22)  # the standard deviation is 22


def test_the_whole_set_is_not_drawn():
    with pytest.raises(
        ArgumentError, match=r'a number with shuffle="with_replacement", got None: that is the whol'
    ):
        MiniBatches(*numbered_rows(3), batch_size=None, shuffle="with_replacement")


@pytest.mark.parametrize("size", [None, 2])
def test_a_function_returns_the_order_of_each_epoch(size):
    batches = MiniBatches(
        *numbered_rows(4), batch_size=size, shuffle=lambda epoch: np.roll(np.arange(4), epoch)
    )
    assert [[row for rows in row_numbers(batches) for row in rows] for _ in range(2)] == [
        [3, 0, 1, 2],
        [2, 3, 0, 1],
    ]


@pytest.mark.parametrize("shuffle", [None, 1, "yes", [0, 1, 2]])
def test_shuffle_must_be_a_bool_or_a_function(shuffle):
    with pytest.raises(
        ArgumentError,
        match=r'shuffle must be True, False, "with_replacement" or a function from the epoch.*got',
    ):
        MiniBatches(*numbered_rows(3), shuffle=shuffle)


def test_lists_are_accepted_and_other_objects_are_refused():
    batches = MiniBatches([[1.0], [2.0]], [[0], [1]], batch_size=1, shuffle=False)
    assert [(x.tolist(), y.tolist()) for x, y, _ in batches] == [([[1.0]], [[0]]), ([[2.0]], [[1]])]
    for invalid_targets, error in ((5, ShapeError), ("abc", DtypeError), (None, DtypeError)):
        with pytest.raises(error, match=r"^Y must hold"):
            MiniBatches([[1.0], [2.0]], invalid_targets)


def test_there_must_be_at_least_one_row():
    with pytest.raises(ShapeError, match="X must hold at least one example and one number"):
        MiniBatches(*numbered_rows(0))


def test_dtypes_and_numbers_of_axes_are_kept():
    X = np.arange(24, dtype=np.float32).reshape(6, 2, 2)
    for x, y, _ in MiniBatches(X, np.arange(6), batch_size=4, shuffle=False):
        assert (x.dtype, x.shape[1:]) == (np.float32, (2, 2))
        assert (y.dtype, y.ndim) == (np.arange(6).dtype, 1)


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: MiniBatches(*numbered_rows(50), batch_size=8, seed=rng),
        lambda rng: out_of_core_batches(300, seed=rng),
    ],
)
def test_the_order_of_an_epoch_depends_only_on_the_state_of_the_generator(make):
    rng, again = np.random.default_rng(3), np.random.default_rng(0)
    batches = make(rng)
    for _ in range(3):
        again.bit_generator.state = rng.bit_generator.state
        assert row_numbers(batches) == row_numbers(make(again))


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: MiniBatches(*numbered_rows(50), batch_size=8, seed=rng),
        lambda rng: out_of_core_batches(300, seed=rng),
    ],
)
def test_an_epoch_left_early_draws_as_many_random_numbers(make):
    first, second = np.random.default_rng(3), np.random.default_rng(3)
    row_numbers(make(first))
    for _ in make(second):
        break
    assert first.bit_generator.state == second.bit_generator.state


SOURCES = {
    "memory": lambda **s: MiniBatches(*numbered_rows(45), batch_size=8, **s),
    "images": lambda **s: MiniBatches(
        numbered_rows(45)[0].astype(np.uint8), numbered_rows(45)[1], batch_size=8, dtype=F4, **s
    ),
    "one batch": lambda **s: MiniBatches(*numbered_rows(5), batch_size=None, **s),
    "many small": lambda **s: MiniBatches(*numbered_rows(5000), batch_size=999, **s),
    "file": lambda **s: out_of_core_batches(203, **s),
    "chunks": lambda **s: out_of_core_batches(203, chunks=10, **s),
}


@pytest.mark.parametrize("rng", GENERATORS)
@pytest.mark.parametrize(
    ("source", "shuffle"),
    [(source, shuffle) for source in SOURCES for shuffle in (True, False)]
    + [
        ("memory", "with_replacement"),
        ("memory", lambda epoch: np.roll(np.arange(45), epoch)),
        ("one batch", lambda epoch: np.roll(np.arange(5), epoch)),
    ],
    ids=lambda value: "function" if callable(value) else str(value),
)
def test_restored_batches_continue_where_the_state_was_taken(source, shuffle, rng):
    def make(seed=None):
        return SOURCES[source](shuffle=shuffle, seed=seed or GENERATORS[rng]())

    uninterrupted = make()
    epochs = [[(x.copy(), y.copy()) for x, y, _ in uninterrupted] for _ in range(3)]
    batches, states = make(), []
    for _ in range(3):
        states.append((batches.state(), 0))
        states += [(batches.state(), number) for number, _ in enumerate(batches, 1)]
    states.append((batches.state(), 0))
    assert [(state["epoch"], state["batch"]) for state, _ in states] == [
        (e, b) for e in range(3) for b in range(len(uninterrupted) + 1)
    ] + [(3, 0)]
    for state, number in states[:: max(1, len(states) // 20)]:
        resumed = make(np.random.default_rng(1) if rng == "Generator" else np.random.RandomState(1))
        resumed.restore(json.loads(json.dumps(state)))
        assert resumed.state() == state
        for epoch, first in [
            (e, number if e == state["epoch"] else 0) for e in range(state["epoch"], 3)
        ]:
            remaining = [(x.copy(), y.copy()) for x, y, _ in resumed]
            assert len(remaining) == len(uninterrupted) - first
            for (x, y), (a, b) in zip(remaining, epochs[epoch][first:], strict=True):
                np.testing.assert_array_equal(x, a)
                np.testing.assert_array_equal(y, b)
        assert resumed.epoch == 3
        assert resumed.state() == states[-1][0]


@pytest.mark.parametrize("source", ["memory", "file"])
def test_an_epoch_left_early_can_be_resumed(source):
    batches, twin = SOURCES[source](), SOURCES[source]()
    expected = row_numbers(twin)
    for number, _ in enumerate(batches, 1):
        if number == 2:
            break
    assert (batches.state()["epoch"], batches.state()["batch"]) == (0, 2)
    batches.restore(batches.state())
    assert row_numbers(batches) == expected[2:]
    assert row_numbers(batches) == row_numbers(twin)


def test_a_new_iteration_ends_an_epoch_left_early():
    batches, twin = SOURCES["memory"](), SOURCES["memory"]()
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


def invalid_states():
    state = MiniBatches(*numbered_rows(45), batch_size=8).state()
    other = MiniBatches(*numbered_rows(45), batch_size=9).state()
    old = MiniBatches(*numbered_rows(45), batch_size=8, seed=np.random.RandomState(0)).state()
    return {
        "none": (
            None,
            r"state must be what MiniBatches.state\(\) returned, with an epoch .*, got None",
        ),
        "incomplete": ({"epoch": 1}, "state must be what MiniBatches.state"),
        "another batch size": (
            other,
            "state must be of batches made in the same way, .*'batch_size': 8.*, got "
            ".*'batch_size': 9.*: use the same data",
        ),
        "a file": (
            out_of_core_batches(203).state(),
            "state must be of batches made in the same way",
        ),
        "batch": (
            {**state, "batch": 7},
            "with an epoch >= 0 and a batch from 0 to 6, got {'epoch': 0, 'batch': 7",
        ),
        "epoch": ({**state, "epoch": -1}, "returned, with an epoch >= 0"),
        "fractional batch": ({**state, "batch": 1.5}, "returned, with an epoch >= 0"),
        "another generator": (
            {**state, "random": old["random"]},
            "the state must be that of a Generator of the same kind, but",
        ),
        "no generator": ({**state, "random": {}}, "the state must be that of a Generator"),
    }


@pytest.mark.parametrize("name", invalid_states())
def test_an_invalid_state_is_refused_and_changes_nothing(name):
    state, message = invalid_states()[name]
    batches, twin = SOURCES["memory"](), SOURCES["memory"]()
    for refuse in (batches.validate_state, batches.restore):
        with pytest.raises(ArgumentError, match=message):
            refuse(state)
    assert row_numbers(batches) == row_numbers(twin)


F4, F8 = np.dtype(np.float32), np.dtype(np.float64)


def test_an_order_is_described_where_a_function_gives_it():
    order = np.array([2, 0, 1])
    batches = MiniBatches(*numbered_rows(3), batch_size=2, shuffle=lambda epoch: order)
    assert batches.order_description() is None  # before an epoch
    for _ in batches:
        described = batches.order_description()
        assert described == {"epoch": 1, "sha256": batches.order_description(1)["sha256"]}
    assert batches.order_description(2)["epoch"] == 2
    other = MiniBatches(*numbered_rows(3), batch_size=2, shuffle=lambda epoch: order[::-1])
    assert other.order_description(1)["sha256"] != described["sha256"]
    assert MiniBatches(*numbered_rows(3), shuffle=True).order_description(1) is None
