"""Grids of images."""

import numpy as np
import pytest
from plot_examples import CLASSES, IMAGES, LABELS, PREDICTED, titles

from minidl import ArgumentError, DtypeError, NonFiniteError, ShapeError, plots

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure


def test_misclassified_shows_the_most_confident_mistakes_first():
    axes = plots.misclassified(
        IMAGES, LABELS, PREDICTED, CLASSES, probability=[0.5, 0.6, 0.7, 0.8, 1.0, 0.9], max_images=2
    )
    assert titles(axes) == [
        "true: cat\npredicted: non-cat (99%)",
        "true: cat\npredicted: non-cat (70%)",
    ]
    np.testing.assert_array_equal(axes[0].get_images()[0].get_array(), IMAGES[4])
    title = axes[0].figure.get_suptitle().replace("\n", " ")
    assert title == "Misclassified: 3 of 6 images (2 shown), most confident first"


@pytest.mark.parametrize("images", [IMAGES[..., 0], IMAGES[..., :1], IMAGES / 255])
def test_misclassified_takes_grey_images_and_fractions(images):
    axes = plots.misclassified(images, LABELS.reshape(-1, 1), PREDICTED, CLASSES)
    assert titles(axes)[0] == "true: non-cat\npredicted: cat"
    assert len(axes) == 3


@pytest.mark.parametrize("images", [IMAGES > 100, IMAGES[..., 0] > 100])
def test_images_of_bools_are_black_and_white(images):
    axes, *_ = plots.misclassified(images, LABELS, LABELS == 0, CLASSES)
    (drawn,) = axes.get_images()
    assert drawn.get_clim() == (0, 1)
    np.testing.assert_array_equal(drawn.get_array(), images[0])


def test_misclassified_draws_nothing_if_all_predictions_are_correct():
    assert len(plots.misclassified(IMAGES, LABELS, LABELS, CLASSES)) == 0


def test_a_grid_has_the_requested_number_of_columns():
    axes = plots.weight_images(np.ones((7, 12)), (2, 2, 3), columns=4, max_images=6)
    assert len(axes) == 6
    assert axes[0].get_gridspec().get_geometry() == (2, 4)
    assert ", 6 of 7 with the largest norm (" in axes[0].figure.get_suptitle().replace("\n", " ")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"images": IMAGES[0, 0]}, ShapeError, r"images must have shape .*got \(8, 3\)"),
        ({"images": IMAGES[..., :2]}, ShapeError, "images must have shape"),
        (
            {"images": IMAGES * 1.0},
            ArgumentError,
            r"images must be uint8, or in \[0, 1\], got 0.0 to 255.0.*divide by 255",
        ),
        ({"images": IMAGES[:3]}, ShapeError, "must have the same length, got 3 images"),
        ({"labels": LABELS[:3]}, ShapeError, "must have the same length"),
        (
            {"labels": LABELS + 1},
            ArgumentError,
            r"labels must be in 0..1, got 1 to 2 in misclassified",
        ),
        ({"labels": LABELS.reshape(2, 3)}, ShapeError, r"labels must be a vector \(m,\)"),
        (
            {"predicted": LABELS * 0.5},
            DtypeError,
            r"predicted must hold integers, got 0.5.*predict_classes",
        ),
        (
            {"predicted": np.full(6, np.nan)},
            DtypeError,
            "predicted must hold integers, got nan",
        ),
        ({"classes": "ab"}, ArgumentError, "classes must be the names of all classes, got 'ab'"),
        ({"probability": [0.5]}, ShapeError, "must have the same length"),
        ({"max_images": 0}, ArgumentError, "max_images must be an integer >= 1, got 0"),
        ({"columns": 2.5}, ArgumentError, "columns must be an integer >= 1, got 2.5"),
    ],
)
def test_misclassified_refuses(change, error, message):
    arguments = {
        "images": IMAGES,
        "labels": LABELS,
        "predicted": PREDICTED,
        "classes": CLASSES,
    } | change
    with pytest.raises(error, match=message):
        plots.misclassified(**arguments)


def test_weight_images_are_grey_at_zero_and_fill_their_scale():
    weight = np.zeros((3, 12))
    weight[0, 0], weight[1, 5] = 4.0, -0.5
    axes = plots.weight_images(weight, (2, 2, 3))
    first, second, third = (element.get_images()[0].get_array() for element in axes)
    assert (first[0, 0, 0], first[1, 1, 1]) == (1.0, 0.5)
    assert second.min() == 0.0
    assert (third == 0.5).all()
    assert titles(axes) == ["unit 0: ±4", "unit 1: ±0.5", "unit 2: ±0"]
    assert "the first" not in axes[0].figure.get_suptitle()  # these are all


def test_the_units_of_the_largest_norm_come_first_or_those_of_the_smallest_number():
    weight = np.diag([1.0, -3.0, 0.0, 2.0])
    axes = plots.weight_images(weight, (2, 2), max_images=3)
    assert titles(axes) == ["unit 1: ±3", "unit 3: ±2", "unit 0: ±1"]
    assert axes[0].get_images()[0].get_array().tolist() == [[0.5, 0.0], [0.5, 0.5]]
    axes = plots.weight_images(weight, (2, 2), order="index", max_images=3)
    assert titles(axes) == ["unit 0: ±1", "unit 1: ±3", "unit 2: ±0"]
    assert ", the first 3 of 4 (" in axes[0].figure.get_suptitle().replace("\n", " ")


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 1)])
def test_weight_images_in_grey(shape):
    assert plots.weight_images(np.ones((2, 12)), shape)[0].get_images()[0].get_array().shape == (
        3,
        4,
    )


@pytest.mark.parametrize(
    ("weight", "shape", "error", "message"),
    [
        (
            np.ones((2, 12)),
            (64, 64, 3),
            ShapeError,
            r"weight must have shape \(units, 12288\) .*got \(2, 12\)",
        ),
        (np.ones(12), (2, 2, 3), ShapeError, r"weight must have shape \(units, 12\)"),
        (np.ones((2, 12)), (12,), ArgumentError, r"shape must be \(height, width\)"),
        (np.ones((2, 12)), (2, 3, 2), ArgumentError, r"shape must be \(height, width\)"),
        (np.full((2, 12), np.inf), (2, 2, 3), NonFiniteError, "weight must be finite"),
    ],
)
def test_weight_images_refuses(weight, shape, error, message):
    with pytest.raises(error, match=message):
        plots.weight_images(weight, shape)


def test_images_have_the_range_of_their_dtype_and_no_frame():
    for images, white in ((IMAGES[..., 0], 255), (IMAGES[..., 0] / 255, 1)):
        axes = plots.misclassified(images, LABELS, PREDICTED, CLASSES)
        assert [element.get_images()[0].get_clim() for element in axes] == [(0, white)] * 3
    (image,) = axes[0].get_images()
    assert image.to_rgba(1.0) == (1.0, 1.0, 1.0, 1.0)
    assert image.to_rgba(0.0) == (0.0, 0.0, 0.0, 1.0)
    drawn = axes[0].figure.axes
    assert not any(element.axison for element in drawn)
    assert plots.weight_images(np.eye(2, 4), (2, 2))[0].get_images()[0].get_clim() == (0, 1)


@pytest.mark.parametrize(
    ("count", "grid"), [(1, (1, 4)), (4, (1, 4)), (5, (1, 5)), (6, (2, 5)), (30, (4, 5))]
)
def test_twenty_images_at_most_are_drawn_in_rows_of_five(count, grid):
    images = np.zeros((count, 2, 2), np.uint8)
    axes = plots.misclassified(images, [0] * count, [1] * count, CLASSES)
    assert len(axes) == min(count, 20)
    assert axes[0].get_gridspec().get_geometry() == grid
    rows, columns = grid
    np.testing.assert_allclose(axes[0].figure.get_size_inches(), (1.8 * columns, 0.8 + 2.15 * rows))
    # The titles of images are smaller than that of the figure: they stand beside each other.
    assert {each.title.get_fontsize() for each in axes} == {9}
    title = axes[0].figure.get_suptitle().replace("\n", " ")
    note = " (20 shown)" if count == 30 else ""
    assert title == f"Misclassified: {count} of {count} images{note}"


@pytest.mark.parametrize("shape", [(1, 4), (4, 1), (1, 1), (1, 4, 1), (1, 4, 3), (4, 1, 3)])
def test_images_of_one_row_or_column_keep_their_shape(shape):
    (axes,) = plots.misclassified(np.zeros((1, *shape)), [0], [1], CLASSES)
    drawn = shape[:2] if shape[2:] == (1,) else shape
    assert axes.get_images()[0].get_array().shape == drawn


def test_the_limits_of_images_are_pixels_from_0_to_1():
    zero_and_one = np.array([[[0.0, 1.0]]])
    assert len(plots.misclassified(zero_and_one, [0], [1], CLASSES)) == 1
    for outside in (-1e-9, 1 + 1e-9):
        with pytest.raises(ArgumentError, match=r"uint8, or in \[0, 1\]"):
            plots.misclassified(np.array([[[0.5, outside]]]), [0], [1], CLASSES)
    with pytest.raises(ShapeError, match=r"images must have shape .*got \(0, 2, 2\)"):
        plots.misclassified(np.zeros((0, 2, 2)), [], [], CLASSES)


def test_on_fewer_axes_fewer_images_are_drawn():
    axes = Figure().subplots(1, 2)
    drawn = plots.misclassified(IMAGES, LABELS, PREDICTED, CLASSES, axes=axes)
    assert [len(element.get_images()) for element in drawn] == [1, 1]
