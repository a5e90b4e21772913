import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl import ArgumentError, MiniBatches, ShapeError


def numbered(m):
    return np.arange(2.0 * m).reshape(m, 2), np.arange(float(m)).reshape(m, 1)


def dealt(batches):
    """Return the rows of Y in the order of one epoch, batch by batch; the buffers are written over, so they are copied."""
    return [y[:, 0].astype(int).tolist() for _, y in batches]


@given(m=st.integers(1, 40), size=st.integers(1, 45), shuffle=st.booleans(), seed=st.integers(0, 99))
def test_every_row_comes_once_and_pairs_stay_together(m, size, shuffle, seed):
    X, Y = numbered(m)
    batches = MiniBatches(X, Y, batch_size=size, shuffle=shuffle, seed=seed)
    for _ in range(3):
        rows = []
        for x, y in batches:
            np.testing.assert_array_equal(x, X[y[:, 0].astype(int)])
            rows += y[:, 0].tolist()
        assert sorted(rows) == list(range(m))


@given(m=st.integers(1, 40), size=st.integers(1, 45))
def test_only_the_last_batch_is_smaller(m, size):
    batches = MiniBatches(*numbered(m), batch_size=size)
    sizes = [len(x) for x, _ in batches]
    assert len(sizes) == len(batches)
    assert sizes[:-1] == [size] * (len(sizes) - 1)
    assert sizes[-1] == m - sum(sizes[:-1]) <= size


@pytest.mark.parametrize("seed", [lambda: 7, lambda: np.random.default_rng(7), lambda: np.random.RandomState(7)])
def test_the_seed_decides(seed):
    first, again = (MiniBatches(*numbered(20), batch_size=6, seed=seed()) for _ in range(2))
    assert [dealt(first) for _ in range(3)] == [dealt(again) for _ in range(3)]


def test_each_epoch_and_each_seed_has_an_order_of_its_own():
    batches = MiniBatches(*numbered(20), batch_size=6)
    orders = [str(dealt(batches)) for _ in range(5)] + [str(dealt(MiniBatches(*numbered(20), batch_size=6, seed=9)))]
    assert len(set(orders)) == 6
    assert batches.epoch == 5


def test_the_make_up_of_batches_changes():
    batches = MiniBatches(*numbered(20), batch_size=10)
    assert sorted(dealt(batches)[0]) != sorted(dealt(batches)[0])


def test_unshuffled_rows_keep_their_order():
    assert dealt(MiniBatches(*numbered(5), batch_size=2, shuffle=False)) == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize("size", [None, 5, 100])
def test_the_whole_set_is_one_batch_as_it_is(size):
    X, Y = numbered(5)
    ((x, y),) = MiniBatches(X, Y, batch_size=size)
    assert x is X
    assert y is Y


@pytest.mark.parametrize("size", [None, 2])
def test_a_function_gives_the_order_of_each_epoch(size):
    batches = MiniBatches(*numbered(4), batch_size=size, shuffle=lambda epoch: np.roll(np.arange(4), epoch))
    assert [[row for rows in dealt(batches) for row in rows] for _ in range(2)] == [[3, 0, 1, 2], [2, 3, 0, 1]]


@pytest.mark.parametrize("order", [[0, 1, 1], [0, 1], [1, 2, 3], [[0, 1, 2]], None, [0.0, 1.0, 2.0], ["a", "b", "c"], 3], ids=str)
def test_an_order_that_is_no_permutation_is_refused(order):
    with pytest.raises(ArgumentError, match=r"shuffle\(1\) must return a permutation of range\(3\): every row once, got"):
        dealt(MiniBatches(*numbered(3), batch_size=2, shuffle=lambda epoch: order))


@pytest.mark.parametrize("shuffle", [None, 1, "yes", [0, 1, 2]])
def test_shuffle_must_be_a_truth_value_or_a_function(shuffle):
    with pytest.raises(ArgumentError, match=r"shuffle must be True, False or a function from the epoch's number.*got"):
        MiniBatches(*numbered(3), shuffle=shuffle)


@pytest.mark.parametrize("size", [0, -1, 2.0, "2", True])
def test_batch_size_must_be_a_whole_number_from_1(size):
    with pytest.raises(ArgumentError, match=f"batch_size must be a whole number >= 1, or None for the whole set, got {size!r}"):
        MiniBatches(*numbered(3), batch_size=size)


def test_x_and_y_must_have_the_same_number_of_rows():
    with pytest.raises(ShapeError, match="X and Y must have the same number of rows, got 3 and 4"):
        MiniBatches(numbered(3)[0], numbered(4)[1])


def test_there_must_be_a_row():
    with pytest.raises(ShapeError, match="at least one example, got none"):
        MiniBatches(*numbered(0))


def test_dtypes_and_ranks_stay():
    X = np.arange(24, dtype=np.float32).reshape(6, 2, 2)
    for x, y in MiniBatches(X, np.arange(6), batch_size=4, shuffle=False):
        assert (x.dtype, x.shape[1:]) == (np.float32, (2, 2))
        assert (y.dtype, y.ndim) == (np.arange(6).dtype, 1)
