import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl import ArgumentError, DtypeError, MinidlError, ShapeError
from minidl.data import length_mask, pad_sequences


@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    step=st.sampled_from([(), (3,), (2, 2)]),
    dtype=st.sampled_from([np.int32, np.uint8, np.float32, np.float64]),
    seed=st.integers(0, 99),
)
def test_sequences_are_filled_up_with_zeros(lengths, step, dtype, seed):
    rng = np.random.default_rng(seed)
    sequences = [rng.uniform(1, 9, (n, *step)).astype(dtype) for n in lengths]
    X, found = pad_sequences(sequences)
    assert X.dtype == (np.int64 if np.dtype(dtype).kind in "iu" else dtype)
    assert X.shape == (len(lengths), max(lengths), *step)
    assert found.tolist() == lengths
    mask = length_mask(found, X.shape[1])
    for row, weights, sequence in zip(X, mask, sequences, strict=True):
        np.testing.assert_array_equal(row[: len(sequence)], sequence)
        assert not row[len(sequence) :].any()
        assert weights.tolist() == [1] * len(sequence) + [0] * (len(row) - len(sequence))


def test_integers_and_floats_become_floats():
    assert pad_sequences([[1, 2], [0.5]])[0].tolist() == [[1, 2], [0.5, 0]]


@pytest.mark.parametrize(
    ("sequences", "error", "message"),
    [
        ([], ShapeError, "takes a list of sequences, got none: pass at least one"),
        ([[1], []], ShapeError, r"at least one step, got shape \(0,\) in place 1: leave it out"),
        ([1, 2], ShapeError, "got the number 1 in place 0"),
        ([[[1, 2]], [[1], [2]]], ShapeError, r"\(1, 2\) in place 0 and \(2, 1\) in place 1"),
        ([["a", "b"]], DtypeError, "sequence 0 must hold real numbers"),
        ("abc", DtypeError, "got a text: number its tokens"),
        ([[[1, 2], [3]]], ShapeError, "sequence 0 must be a rectangular array"),
    ],
)
def test_what_is_no_list_of_sequences(sequences, error, message):
    with pytest.raises(error, match=message):
        pad_sequences(sequences)


def test_a_mask_may_have_rows_without_steps():
    mask = length_mask(np.array([0, 2], np.uint8), 2)
    assert mask.dtype == np.float32
    assert mask.tolist() == [[0, 0], [1, 1]]


@pytest.mark.parametrize(
    ("lengths", "t", "message"),
    [
        ([1, 4], 3, r"lengths must be in \[0, t\] = \[0, 3\], got 4 for sequence 1.*X\.shape\[1\]"),
        ([-1], 3, "got -1 for sequence 0"),
        ([1], 0, "t must be an integer >= 1, got 0"),
        ([1], 3.0, r"t must be an integer >= 1, got 3\.0"),
        (2, 3, r"one number per sequence, got shape \(\)"),
        ([[1]], 3, r"one number per sequence, got shape \(1, 1\)"),
        ([1.0], 3, "lengths must be integers, got dtype float64"),
        ([True], 3, "lengths must be integers, got dtype bool"),
    ],
)
def test_lengths_that_do_not_fit(lengths, t, message):
    with pytest.raises(MinidlError, match=message) as caught:
        length_mask(lengths, t)
    assert isinstance(caught.value, ArgumentError | ShapeError | DtypeError)
