"""The decision boundary."""

import io

import numpy as np
import pytest
from plot_examples import CLASSES, X, Y, classifier, pixels

from minidl import (
    ArgumentError,
    BinaryCrossEntropy,
    DtypeError,
    Linear,
    MeanSquaredError,
    NonFiniteError,
    Sequential,
    ShapeError,
    Sigmoid,
    plots,
)
from minidl.drawing.plane import GRID_POINTS

pytest.importorskip("matplotlib")
from matplotlib.collections import LineCollection
from matplotlib.contour import ContourSet


def regions(axes):
    """Return the colour of each region, as drawn, without its transparency."""
    return [each.get_facecolor()[0, :3] for each in axes.collections if is_region(each)]


def is_region(artist):
    return isinstance(artist, ContourSet)


def lines(axes):
    return [
        corners
        for artist in axes.collections
        if isinstance(artist, LineCollection)
        for corners in artist.get_segments()
    ]


def labelled(axes):
    return {
        artist.get_label(): artist
        for artist in axes.collections
        if not artist.get_label().startswith("_")
    }


def test_decision_boundary_shows_regions_examples_and_mistakes():
    axes = plots.decision_boundary(classifier(), X, Y, classes=CLASSES)
    left, right = [each for each in axes.collections if is_region(each)]
    assert left.get_paths()[0].contains_point((-1, 0))
    assert right.get_paths()[0].contains_point((1, 0))
    assert not left.get_paths()[0].contains_point((1, 0))
    scatters = {name: artist.get_offsets() for name, artist in labelled(axes).items()}
    assert list(scatters) == ["non-cat", "cat", "misclassified: 1 of 4"]
    np.testing.assert_array_equal(scatters["misclassified: 1 of 4"], X[1:2])
    np.testing.assert_array_equal(scatters["cat"], X[1:])
    sizes = {name: artist.get_sizes() for name, artist in labelled(axes).items()}
    assert sizes["misclassified: 1 of 4"] > 2 * sizes["cat"]  # in area: a circle with room


def test_each_class_has_one_colour_in_its_region_its_examples_and_the_legend():
    weight = np.array([[1, 0], [-1, 0.5], [0, -2]])
    axes = plots.decision_boundary(classifier(weight, outputs=3), X, [0, 1, 2, 2])
    scatters = labelled(axes)
    points = [scatters[f"class {k}"].get_facecolor()[0, :3] for k in range(3)]
    handles = axes.get_legend().legend_handles[:3]
    assert [text.get_text() for text in axes.get_legend().get_texts()][:3] == list(scatters)[:3]
    assert len(np.unique(regions(axes), axis=0)) == 3
    np.testing.assert_array_equal(points, regions(axes))
    np.testing.assert_array_equal([h.get_facecolor()[0, :3] for h in handles], points)
    areas = [each for each in axes.collections if is_region(each)]
    assert {each.get_alpha() for each in areas} == {0.3}  # the examples stand out
    (line,) = [each for each in axes.collections if isinstance(each, LineCollection)]
    drawn = [artist.get_zorder() for artist in scatters.values()]
    assert max(each.get_zorder() for each in areas) < line.get_zorder() < min(drawn[:3])
    assert drawn[3] > max(drawn[:3])  # the circles around what is wrong


def test_a_line_is_drawn_between_two_classes_and_none_within_one():
    # The examples are from -2 to 2 in x, so the plane is from -2.4 to 2.4; y from -1 to 1.
    axes = plots.decision_boundary(classifier(), X, Y)
    (line,) = lines(axes)
    x, y = line.T
    np.testing.assert_allclose(x, 0, atol=1e-6)  # not half a step of the grid beside it
    assert (y.min(), y.max()) == pytest.approx((-1.2, 1.5))
    assert (axes.get_xlim(), axes.get_ylim()) == (
        pytest.approx((-2.4, 2.4)),
        pytest.approx((-1.2, 1.5)),
    )
    assert not lines(plots.decision_boundary(classifier(np.zeros((1, 2))), X, Y))


def test_a_shaded_plane_is_one_picture_the_stronger_the_more_certain():
    axes = plots.decision_boundary(classifier(), X, Y, shade=True)
    (image,) = axes.get_images()
    opacity = image.get_alpha()[0]
    middle = GRID_POINTS // 2
    assert np.all(np.diff(opacity[middle:]) > 0)
    np.testing.assert_allclose(opacity, opacity[::-1], atol=1e-6)
    np.testing.assert_array_equal(image.get_array()[0, [0, -1]], [0, 1])
    classes = [labelled(axes)[f"class {k}"].get_facecolor()[0] for k in (0, 1)]
    np.testing.assert_allclose(image.get_cmap()([0, 1]), classes)
    assert len(lines(axes)) == 1
    assert axes.get_title() == "Decision boundary, shaded by probability"
    memory = io.StringIO()
    axes.figure.savefig(memory, format="svg")
    assert memory.getvalue().count("<image") == 1


def rings(points):
    return (np.hypot(*np.asarray(points).T) > 1).astype(int)


def test_class_numbers_of_a_function_have_a_smooth_line():
    points = np.array([[-2.0, -2.0], [2.0, 2.0], [0.0, 0.0]])
    axes = plots.decision_boundary(rings, points, rings(points))
    (line,) = lines(axes)
    np.testing.assert_allclose(np.hypot(*line.T), 1, atol=0.02)  # the plane is 4.8 wide
    steps = np.diff(line, axis=0)
    turns = np.abs(np.diff(np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))))
    assert turns.max() < 0.35  # in a staircase there are right angles: 1.57
    with pytest.raises(ArgumentError, match="shade needs probabilities, which function does not"):
        plots.decision_boundary(rings, points, rings(points), shade=True)


def test_the_labels_of_an_estimator_are_its_names():
    pytest.importorskip("sklearn")
    from sklearn.linear_model import LogisticRegression

    words = np.array(["cat", "dog", "dog", "dog"])
    axes = plots.decision_boundary(LogisticRegression(C=1e6).fit(X, words), X, words, shade=True)
    assert list(labelled(axes)) == ["cat", "dog"]


def test_many_classes_have_a_colour_and_a_place_in_the_legend_beside_the_plot():
    count = 12
    angles = 2 * np.pi * np.arange(count) / count
    axes = plots.decision_boundary(
        lambda p: p @ np.stack([np.cos(angles), np.sin(angles)]),
        np.stack([np.cos(angles), np.sin(angles)], axis=1),
        np.arange(count),
    )
    assert len(np.unique(regions(axes), axis=0)) == count
    assert len(axes.get_legend().get_texts()) == count
    axes.figure.canvas.draw()
    assert axes.get_legend().get_window_extent().x0 >= axes.get_window_extent().x1
    length = sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in lines(axes))
    between = angles + np.pi / count  # the boundaries are rays from the middle of the plane
    x, y = np.cos(between), np.sin(between)
    expected = np.minimum(1.2 / np.abs(x), np.where(y > 0, 1.5, 1.2) / np.abs(y)).sum()
    assert length == pytest.approx(expected, rel=0.02), "none is there twice"


def test_decision_boundary_of_a_model_that_always_predicts_the_same():
    axes = plots.decision_boundary(classifier(np.zeros((1, 2))), X, Y)
    assert pixels(axes).std() > 0.05


@pytest.mark.parametrize("size", [1e-320, 1e-40, 1e20])
@pytest.mark.parametrize("spread", [0.0, 1e-12, 1e-3])
def test_the_points_of_the_grid_differ(size, spread):
    """Matplotlib would warn if they did not."""
    model = Sequential([Linear(2, 1), Sigmoid()], loss=BinaryCrossEntropy(), dtype=np.float64)
    points = size * (1 + spread * np.eye(2))
    axes = plots.decision_boundary(model, points, [0, 1])
    assert np.all(np.diff(axes.get_xlim()) > 0)
    assert np.all(np.diff(axes.get_ylim()) > 0)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"model": "net"},
            ArgumentError,
            "model must be a Sequential, an estimator with predict, or a function.*got 'net'",
        ),
        (
            {"model": Sequential([Linear(2, 1)], loss=MeanSquaredError())},
            ArgumentError,
            "model must be under a loss that predicts classes, such as a cross-entropy",
        ),
        (
            {"model": Sequential([Linear(2, 3), Sigmoid()], loss=BinaryCrossEntropy())},
            ArgumentError,
            "one class per example, got 3",
        ),
        (
            {"model": Sequential([Linear(3, 1), Sigmoid()], loss=BinaryCrossEntropy())},
            ShapeError,
            "X has shape",
        ),
        ({"X": np.ones((4, 3))}, ShapeError, r"X must have shape \(m, 2\).*got \(4, 3\)"),
        ({"X": X * np.nan}, NonFiniteError, "X must be finite"),
        ({"X": X.astype(str)}, DtypeError, "X must hold real numbers"),
        ({"Y": Y[:3]}, ShapeError, "same number of rows, got 4 and 3"),
        ({"Y": Y + 1}, ArgumentError, "number the two classes 0 and 1"),
        (
            {"classes": ("one",)},
            ArgumentError,
            r"classes must be the names of the 2 classes, got \('one',\)",
        ),
    ],
)
def test_decision_boundary_refuses(change, error, message):
    arguments = {"model": classifier(), "X": X, "Y": Y} | change
    with pytest.raises(error, match=message):
        plots.decision_boundary(**arguments)


def test_where_no_example_is_misclassified_none_is_circled():
    axes = plots.decision_boundary(classifier(), X, [0, 0, 1, 1])
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == list(labelled(axes)) == ["class 0", "class 1"]
