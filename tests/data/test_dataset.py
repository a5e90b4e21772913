import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidl.data import Dataset, Part, train_validation_split
from minidl.errors import ArgumentError, DtypeError, ShapeError


def part(labels=(0, 1, 1), classes=("no", "yes"), side=2):
    images = (
        np.arange(len(labels) * side * side * 3)
        .reshape(len(labels), side, side, 3)
        .astype(np.uint8)
    )
    return Part(images, np.array(labels), classes)


def test_x_is_the_picture_row_by_row_over_255():
    made = part()
    assert made.x.shape == (3, 12)
    assert made.x.dtype == np.float64
    np.testing.assert_array_equal(made.x[1], made.images[1].ravel() / 255)
    assert made.x is made.x


def test_two_classes_give_a_column_of_zeros_and_ones():
    made = part()
    assert made.y.dtype == np.float64
    assert made.y.tolist() == [[0.0], [1.0], [1.0]]
    assert len(made) == 3


def test_more_classes_give_a_column_of_class_numbers():
    made = part((2, 0, 1), ("a", "b", "c"))
    assert made.y.dtype == np.int64
    assert made.y.tolist() == [[2], [0], [1]]


@pytest.mark.parametrize("name", ["images", "labels", "x", "y"])
def test_arrays_are_read_only(name):
    with pytest.raises(ValueError, match="read-only"):
        getattr(part(), name)[0] = 1


def test_the_callers_arrays_stay_writable():
    images, labels = np.zeros((1, 2, 2, 3), np.uint8), np.zeros(1, np.int64)
    Part(images, labels, ("a",))
    images[0] = labels[0] = 1


@pytest.mark.parametrize(
    ("images", "labels", "error", "message"),
    [
        (np.zeros((2, 2, 2, 3)), np.zeros(2, int), DtypeError, "got float64 and int"),
        (np.zeros((2, 2, 2, 3), np.uint8), np.zeros(2), DtypeError, "got uint8 and float64"),
        (np.zeros((2, 12), np.uint8), np.zeros(2, int), ShapeError, r"got \(2, 12\)"),
        (np.zeros((2, 2, 2, 3), np.uint8), np.zeros((2, 1), int), ShapeError, r"and \(2, 1\)"),
        (np.zeros((0, 2, 2, 3), np.uint8), np.zeros(0, int), ShapeError, "none empty"),
        (np.zeros((2, 2, 2, 3), np.uint8), np.array([0, 2]), ShapeError, r"got 0\.\.2"),
        (np.zeros((2, 2, 2, 3), np.uint8), np.array([-1, 1]), ShapeError, r"got -1\.\.1"),
    ],
)
def test_what_does_not_fit_is_refused(images, labels, error, message):
    with pytest.raises(error, match=message):
        Part(images, labels, ("a", "b"))


def test_majority_is_the_commonest_class_of_each_part():
    made = Dataset(part((0, 0, 0, 1)), part((1, 1, 0)), "drawn")
    assert made.majority == {"train": ("no", 0.75), "test": ("yes", pytest.approx(2 / 3))}


def test_text_begins_with_the_source_and_aligns_the_parts():
    made = Dataset(part((0,) * 9 + (1,)), part((1, 0)), "pictures from nowhere")
    lines = str(made).splitlines()
    assert lines == [
        "source  pictures from nowhere",
        "train   10 pictures of 2 x 2 x 3   no:  9 (90.0%)   yes:  1 (10.0%)",
        "test     2 pictures of 2 x 2 x 3   no:  1 (50.0%)   yes:  1 (50.0%)",
    ]
    assert repr(made) == str(made)
    assert made.classes == ("no", "yes")
    assert not made.verified


def test_part_text_shows_shapes_not_numbers():
    assert (
        repr(part()) == "Part(images (3, 2, 2, 3) uint8, labels (3,) int64, classes ('no', 'yes'))"
    )


@settings(deadline=None, max_examples=200)
@given(
    labels=st.lists(st.integers(0, 4), min_size=4, max_size=80),
    share=st.floats(0.2, 0.8),
    seed=st.integers(0, 1000),
    stratify=st.booleans(),
)
def test_no_row_is_lost_or_repeated_and_x_stays_with_y(labels, share, seed, stratify):
    m = len(labels)
    X, Y = np.arange(m).reshape(m, 1), np.array(labels).reshape(m, 1)
    (X_train, Y_train), (X_val, Y_val) = train_validation_split(
        X, Y, share=share, seed=seed, stratify=stratify
    )
    assert sorted([*X_train[:, 0], *X_val[:, 0]]) == list(range(m))
    np.testing.assert_array_equal(Y[X_train[:, 0]], Y_train)
    np.testing.assert_array_equal(Y[X_val[:, 0]], Y_val)
    assert len(X_val) == round(share * m)
    if stratify:
        for label in set(labels):
            assert abs((Y_val == label).sum() - labels.count(label) * len(X_val) / m) < 1


@pytest.mark.parametrize("make", [int, np.random.default_rng, np.random.RandomState])
def test_the_seed_decides(make):
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


def test_rows_are_shuffled_in_both_parts():
    X = np.arange(100)
    (train, _), (val, _) = train_validation_split(X, X // 50)
    assert train.tolist() != sorted(train)
    assert val.tolist() != sorted(val)


def test_one_hot_rows_are_classes():
    Y = np.eye(3)[np.repeat([0, 1, 2], [50, 30, 20])]
    (_, Y_train), (_, Y_val) = train_validation_split(np.zeros((100, 2)), Y, share=0.1)
    assert Y_val.sum(axis=0).tolist() == [5, 3, 2]
    assert Y_train.sum(axis=0).tolist() == [45, 27, 18]


def test_results_are_copies_of_the_same_type_and_the_arguments_stay():
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
def test_rows_that_do_not_fit_are_refused(X, Y, shapes):
    with pytest.raises(ShapeError, match=shapes):
        train_validation_split(X, Y)


@pytest.mark.parametrize("share", [0, 1, -0.2, 1.5, float("nan")])
def test_a_share_outside_of_its_range_is_refused(share):
    with pytest.raises(ArgumentError, match="share must lie between 0 and 1"):
        train_validation_split(np.zeros(10), np.zeros(10), share=share)


@pytest.mark.parametrize(("m", "share"), [(4, 0.1), (4, 0.9), (1, 0.4), (0, 0.5)])
def test_a_part_without_rows_is_refused(m, share):
    with pytest.raises(ArgumentError, match=f"of {m} rows"):
        train_validation_split(np.zeros(m), np.zeros(m), share=share)
