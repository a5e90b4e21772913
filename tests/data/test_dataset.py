import numpy as np
import pytest

from minidl.data import Dataset, Split
from minidl.errors import DtypeError, ShapeError


def make_split(labels=(0, 1, 1), classes=("no", "yes"), side=2):
    images = (
        np.arange(len(labels) * side * side * 3)
        .reshape(len(labels), side, side, 3)
        .astype(np.uint8)
    )
    return Split(images, np.array(labels), classes)


def test_x_is_the_image_row_by_row_over_255():
    made = make_split()
    assert made.x.shape == (3, 12)
    assert made.x.dtype == np.float64
    np.testing.assert_array_equal(made.x[1], made.images[1].ravel() / 255)
    assert made.x is made.x


def test_two_classes_give_a_column_of_zeros_and_ones():
    made = make_split()
    assert made.y.dtype == np.float64
    assert made.y.tolist() == [[0.0], [1.0], [1.0]]
    assert len(made) == 3


def test_more_classes_give_a_column_of_class_numbers():
    made = make_split((2, 0, 1), ("a", "b", "c"))
    assert made.y.dtype == np.int64
    assert made.y.tolist() == [[2], [0], [1]]


@pytest.mark.parametrize("name", ["images", "labels", "x", "y"])
def test_arrays_are_read_only(name):
    with pytest.raises(ValueError, match="read-only"):
        getattr(make_split(), name)[0] = 1


def test_the_callers_arrays_stay_writable():
    images, labels = np.zeros((1, 2, 2, 3), np.uint8), np.zeros(1, np.int64)
    Split(images, labels, ("a",))
    images[0] = labels[0] = 1


@pytest.mark.parametrize(
    ("images", "labels", "error", "message"),
    [
        (np.zeros((2, 2, 2, 3)), np.zeros(2, int), DtypeError, "got float64 and int"),
        (np.zeros((2, 2, 2, 3), np.uint8), np.zeros(2), DtypeError, "got uint8 and float64"),
        (np.zeros((2, 12), np.uint8), np.zeros(2, int), ShapeError, r"got \(2, 12\)"),
        (np.zeros((2, 2, 2, 3, 1), np.uint8), np.zeros(2, int), ShapeError, r"got \(2, .* 1\)"),
        (np.zeros((2, 2, 2, 3), np.uint8), np.zeros((2, 1), int), ShapeError, r"and \(2, 1\)"),
        (np.zeros((0, 2, 2, 3), np.uint8), np.zeros(0, int), ShapeError, "neither empty"),
        (np.zeros((2, 2, 2, 3), np.uint8), np.array([0, 2]), ShapeError, r"got 0\.\.2"),
        (np.zeros((2, 2, 2, 3), np.uint8), np.array([-1, 1]), ShapeError, r"got -1\.\.1"),
    ],
)
def test_invalid_images_and_labels_are_refused(images, labels, error, message):
    with pytest.raises(error, match=message):
        Split(images, labels, ("a", "b"))


def test_majority_class_is_the_most_frequent_class_of_each_split():
    made = Dataset(make_split((0, 0, 0, 1)), make_split((1, 1, 0)), "drawn")
    assert made.majority_class == {"train": ("no", 0.75), "test": ("yes", pytest.approx(2 / 3))}


def test_str_begins_with_the_source_and_aligns_the_splits():
    made = Dataset(make_split((0,) * 9 + (1,)), make_split((1, 0)), "images from nowhere")
    lines = str(made).splitlines()
    assert lines == [
        "source  images from nowhere",
        "train   10 images of 2 x 2 x 3   no:  9 (90.0%)   yes:  1 (10.0%)",
        "test     2 images of 2 x 2 x 3   no:  1 (50.0%)   yes:  1 (50.0%)",
    ]
    assert repr(made) == str(made)
    assert made.classes == ("no", "yes")
    assert not made.verified


def test_repr_shows_shapes_not_numbers():
    assert (
        repr(make_split())
        == "Split(images (3, 2, 2, 3) uint8, labels (3,) int64, classes ('no', 'yes'))"
    )
