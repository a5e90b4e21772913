import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidl.data import train_validation_split
from minidl.errors import ArgumentError, ShapeError


@settings(deadline=None, max_examples=200)
@given(
    labels=st.lists(st.integers(0, 4), min_size=4, max_size=80),
    fraction=st.floats(0.2, 0.8),
    seed=st.integers(0, 1000),
    stratify=st.booleans(),
)
def test_no_row_is_lost_or_repeated_and_x_stays_with_y(labels, fraction, seed, stratify):
    m = len(labels)
    X, Y = np.arange(m).reshape(m, 1), np.array(labels).reshape(m, 1)
    (X_train, Y_train), (X_val, Y_val) = train_validation_split(
        X, Y, validation_fraction=fraction, seed=seed, stratify=stratify
    )
    assert sorted([*X_train[:, 0], *X_val[:, 0]]) == list(range(m))
    np.testing.assert_array_equal(Y[X_train[:, 0]], Y_train)
    np.testing.assert_array_equal(Y[X_val[:, 0]], Y_val)
    assert len(X_val) == round(fraction * m)
    if stratify:
        for label in set(labels):
            assert abs((Y_val == label).sum() - labels.count(label) * len(X_val) / m) < 1


@pytest.mark.parametrize("make", [int, np.random.default_rng, np.random.RandomState])
def test_the_seed_determines_the_split(make):
    X = np.arange(50)
    first, second, other = (
        train_validation_split(X, X % 2, seed=make(seed))[1][0].tolist() for seed in (1, 1, 2)
    )
    assert first == second != other


@pytest.mark.parametrize(
    "labels",
    [np.repeat([0, 1], 15), np.arange(5), np.zeros(10)],
    ids=["two classes", "a class per row", "one class"],
)
def test_every_row_is_held_out_by_some_seed(labels):
    rows = np.arange(len(labels))
    held_out = {
        row
        for seed in range(100)
        for row in train_validation_split(rows, labels, seed=seed)[1][0].tolist()
    }
    assert held_out == set(rows.tolist())


def test_rows_are_shuffled_in_both_sets():
    X = np.arange(100)
    (train, _), (val, _) = train_validation_split(X, X // 50)
    assert train.tolist() != sorted(train)
    assert val.tolist() != sorted(val)


def test_one_hot_rows_are_classes():
    Y = np.eye(3)[np.repeat([0, 1, 2], [50, 30, 20])]
    (_, Y_train), (_, Y_val) = train_validation_split(
        np.zeros((100, 2)), Y, validation_fraction=0.1
    )
    assert Y_val.sum(axis=0).tolist() == [5, 3, 2]
    assert Y_train.sum(axis=0).tolist() == [45, 27, 18]


def test_results_are_copies_of_the_same_type():
    X, Y = np.ones((10, 2), np.float32), np.repeat([0, 1], 5)
    (X_train, Y_train), _ = train_validation_split(X, Y)
    X_train[:] = Y_train[:] = 7
    assert X_train.dtype == np.float32
    assert X.max() == 1
    assert Y.max() == 1


@pytest.mark.parametrize(
    ("X", "Y", "shapes"),
    [
        (np.zeros((5, 2)), np.zeros((4, 1)), r"\(5, 2\) and \(4, 1\)"),
        (1.0, 2.0, r"\(\) and \(\)"),
        ([1], 2, r"\(1,\) and \(\)"),
    ],
)
def test_different_numbers_of_rows_are_refused(X, Y, shapes):
    with pytest.raises(ShapeError, match=shapes):
        train_validation_split(X, Y)


@pytest.mark.parametrize("fraction", [0, 1, -0.2, 1.5, float("nan")])
def test_a_fraction_outside_of_its_range_is_refused(fraction):
    with pytest.raises(ArgumentError, match="validation_fraction must lie between 0 and 1"):
        train_validation_split(np.zeros(10), np.zeros(10), validation_fraction=fraction)


@pytest.mark.parametrize(("m", "fraction"), [(4, 0.1), (4, 0.9), (1, 0.4), (0, 0.5)])
def test_a_set_without_examples_is_refused(m, fraction):
    with pytest.raises(ArgumentError, match=f"of {m} examples"):
        train_validation_split(np.zeros(m), np.zeros(m), validation_fraction=fraction)
