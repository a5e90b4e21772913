"""A dataset at a glance."""

import numpy as np
import pytest
from plot_examples import CLASSES, IMAGES, LABELS, X, Y, titles

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

from minidl import ArgumentError, DtypeError, NonFiniteError, ShapeError, plots
from minidl.data import Dataset, Split


def labelled(axes):
    return {each.get_label(): each.get_offsets().tolist() for each in axes.collections}


def test_two_features_are_points_by_class():
    (axes,) = plots.dataset(X, Y, classes=CLASSES)
    assert labelled(axes) == {"non-cat": X[Y == 0].tolist(), "cat": X[Y == 1].tolist()}
    assert axes.get_title() == "4 examples of 2 features\nnon-cat: 1, cat: 3"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(CLASSES)
    (one_hot,) = plots.dataset(X, np.eye(3)[[0, 2, 1, 1]])
    assert list(labelled(one_hot)) == ["class 0", "class 1", "class 2"]
    (alone,) = plots.dataset(X)
    assert alone.get_title() == "4 examples of 2 features"
    assert alone.get_legend() is None


def test_more_features_are_seen_from_where_they_lie_farthest_apart():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(50, 3)) * [0.1, 30.0, 3.0] + 100
    (axes,) = plots.dataset(values, np.zeros(50))
    ((points, *_),) = [list(map(np.array, labelled(axes).values()))]
    expected = (values - values.mean(axis=0))[:, [1, 2]]
    np.testing.assert_allclose(points.std(axis=0), expected.std(axis=0), rtol=0.02)
    assert "(99% of the variance)" in axes.get_xlabel()
    assert "(1% of the variance)" in axes.get_ylabel()


def test_numbers_to_predict_have_a_scale():
    (axes,) = plots.dataset(X, Y + 0.5)
    (points,) = axes.collections
    assert points.get_array().tolist() == (Y + 0.5).tolist()
    assert len(axes.figure.axes) == 2
    with pytest.raises(DtypeError, match=r"Y must hold integers, got 0\.5"):
        plots.dataset(X, Y + 0.5, classes=CLASSES)


def test_images_are_shown_of_each_class_in_turn():
    axes = plots.dataset(IMAGES, LABELS, classes=CLASSES, max_images=4, columns=2)
    assert titles(axes) == ["non-cat", "cat", "non-cat", "cat"]
    shown = [each.get_images()[0].get_array() for each in axes]
    for image, i in zip(shown, [0, 2, 1, 3], strict=True):
        np.testing.assert_array_equal(image, IMAGES[i])
    title = axes[0].figure.get_suptitle().replace("\n", " ")
    assert title == "6 images of 8 x 8 x 3 non-cat: 3, cat: 3"


@pytest.mark.parametrize("kind", ["Split", "Dataset"])
def test_a_dataset_has_its_own_labels_and_names(kind):
    split = Split(IMAGES, LABELS, CLASSES)
    given = split if kind == "Split" else Dataset(split, split, "drawn")
    assert titles(plots.dataset(given))[:2] == ["non-cat", "cat"]
    with pytest.raises(ArgumentError, match=f"Y must be left out for a {kind} in dataset"):
        plots.dataset(given, LABELS)


def test_grey_images_without_labels_have_no_names():
    axes = plots.dataset(IMAGES[..., 0] / 255)
    assert titles(axes) == [""] * 6
    assert axes[0].figure.get_suptitle() == "6 images of 8 x 8"


def test_many_classes_are_counted_and_not_named_in_the_title():
    labels = np.arange(20)
    (axes,) = plots.dataset(np.random.default_rng(0).normal(size=(20, 2)), labels)
    assert axes.get_title() == "20 examples of 2 features of 20 classes"
    assert axes.get_legend() is None


def test_a_pair_and_names_of_classes_are_understood():
    (axes,) = plots.dataset((X, Y))
    assert list(labelled(axes)) == ["class 0", "class 1"]
    (axes,) = plots.dataset(X, np.array(["dog", "cat"])[Y])
    assert labelled(axes) == {"cat": X[Y == 1].tolist(), "dog": X[Y == 0].tolist()}


def test_draws_on_given_axes():
    axes = Figure().subplots()
    assert plots.dataset(X, Y, axes=axes).tolist() == [axes]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((np.ones((4, 1)),), ShapeError, r"X must have at least two features.*got \(4, 1\)"),
        ((np.ones(4),), ShapeError, "images must have shape"),
        ((X * np.nan,), NonFiniteError, "X must be finite"),
        ((X, Y[:3]), ShapeError, r"Y must have one row per row of X, got \(3,\) for 4 rows"),
        ((X, Y - 1), ArgumentError, r"Y must be in 0\.\."),
        ((X.astype(str),), DtypeError, "X must hold real numbers"),
        ((IMAGES * 1.0,), ArgumentError, "images must be uint8"),
    ],
)
def test_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        plots.dataset(*arguments)


def test_refuses_wrong_options():
    with pytest.raises(ArgumentError, match=r"Y must be in 0\.\.0"):
        plots.dataset(X, Y, classes=["one"])
    with pytest.raises(ArgumentError, match="max_images must be an integer >= 1"):
        plots.dataset(IMAGES, max_images=0)
