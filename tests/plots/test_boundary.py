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
from minidl.plots.boundary import GRID_POINTS

pytest.importorskip("matplotlib")
from matplotlib.contour import ContourSet


def test_decision_boundary_shows_regions_examples_and_mistakes():
    axes = plots.decision_boundary(classifier(), X, Y, classes=CLASSES)
    mesh, *_ = axes.collections
    regions = mesh.get_array().reshape(GRID_POINTS, GRID_POINTS)
    assert set(regions[:, 0]) == {0}
    assert set(regions[:, -1]) == {1}
    scatters = {
        collection.get_label(): collection.get_offsets()
        for collection in axes.collections
        if not collection.get_label().startswith("_")
    }
    assert list(scatters) == ["non-cat", "cat", "misclassified: 1 of 4"]
    np.testing.assert_array_equal(scatters["misclassified: 1 of 4"], X[1:2])
    np.testing.assert_array_equal(scatters["cat"], X[1:])
    sizes = {collection.get_label(): collection.get_sizes() for collection in axes.collections[2:]}
    assert sizes["misclassified: 1 of 4"] > 2 * sizes["cat"]  # in area: a circle with room


def test_each_class_has_one_colour_in_its_region_its_examples_and_the_legend():
    weight = np.array([[1, 0], [-1, 0.5], [0, -2]])
    axes = plots.decision_boundary(classifier(weight, outputs=3), X, [0, 1, 2, 2])
    mesh = axes.collections[0]
    regions = mesh.to_rgba([0, 1, 2])[:, :3]
    scatters = {c.get_label(): c for c in axes.collections if c.get_label().startswith("class")}
    points = [scatters[f"class {k}"].get_facecolor()[0, :3] for k in range(3)]
    legend = [handle.get_facecolor()[0, :3] for handle in axes.get_legend().legend_handles[:3]]
    assert len(np.unique(regions, axis=0)) == 3
    np.testing.assert_array_equal(points, regions)
    np.testing.assert_array_equal(legend, regions)
    assert mesh.get_alpha() < 1  # the examples stand out
    line, *drawn = [c.get_zorder() for c in axes.collections[1:]]
    assert mesh.get_zorder() < line <= min(drawn[:3])
    assert drawn[3] > max(drawn[:3])  # the circles around what is wrong


def test_a_line_is_drawn_between_two_classes_and_none_within_one():
    # The examples are from -2 to 2 in x, so the plane is from -2.4 to 2.4; y from -1 to 1.
    axes = plots.decision_boundary(classifier(), X, Y)
    (line,) = [c for c in axes.collections if isinstance(c, ContourSet)]
    x, y = line.get_paths()[0].vertices.T
    np.testing.assert_allclose(x, 0, atol=4.8 / GRID_POINTS)
    assert (y.min(), y.max()) == pytest.approx((-1.2, 1.5))
    corners = axes.collections[0].get_coordinates()
    np.testing.assert_allclose(corners[..., 0].max(), 2.4, atol=4.8 / GRID_POINTS)
    axes = plots.decision_boundary(classifier(np.zeros((1, 2))), X, Y)
    assert not [c for c in axes.collections if isinstance(c, ContourSet)]


def test_decision_boundary_of_a_model_that_always_predicts_the_same():
    axes = plots.decision_boundary(classifier(np.zeros((1, 2))), X, Y)
    assert pixels(axes).std() > 0.05


@pytest.mark.parametrize("size", [1e-320, 1e-40, 1e20])
@pytest.mark.parametrize("spread", [0.0, 1e-12, 1e-3])
def test_the_points_of_the_grid_differ(size, spread):
    """Matplotlib would warn if they did not."""
    model = Sequential([Linear(2, 1), Sigmoid()], loss=BinaryCrossEntropy(), dtype=np.float64)
    points = size * (1 + spread * np.eye(2))
    mesh, *_ = plots.decision_boundary(model, points, [0, 1]).collections
    x, y = mesh.get_coordinates()[0, :, 0], mesh.get_coordinates()[:, 0, 1]
    assert np.all(np.diff(x) > 0)
    assert np.all(np.diff(y) > 0)


def test_decision_boundary_of_three_classes():
    axes = plots.decision_boundary(
        classifier([[1, 0], [-1, 0.5], [0, -2]], outputs=3), X, [0, 1, 2, 2]
    )
    assert [text.get_text() for text in axes.get_legend().get_texts()][:3] == [
        "class 0",
        "class 1",
        "class 2",
    ]
    mesh, *_ = axes.collections
    assert set(np.unique(mesh.get_array())) == {0, 1, 2}
    regions = mesh.cmap(mesh.norm([0, 1, 2]))[:, :3]
    examples = [
        collection.get_facecolor()[0, :3]
        for collection in axes.collections
        if collection.get_label().startswith("class")
    ]
    np.testing.assert_allclose(regions, examples, err_msg="a class has one colour")
    assert len(np.unique(regions, axis=0)) == 3, "and no other class has it"


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"model": "net"},
            ArgumentError,
            "model must be a Sequential under a cross-entropy loss, got 'net'",
        ),
        (
            {"model": Sequential([Linear(2, 1)], loss=MeanSquaredError())},
            ArgumentError,
            "under a cross-entropy",
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
    assert names == ["class 0", "class 1"]
    assert len(axes.collections) == 4  # the plane, the line and two classes


def test_the_plane_is_one_picture_in_a_file_of_lines():
    """As lines, its many cells would make a file of megabytes."""
    axes, memory = plots.decision_boundary(classifier(), X, Y), io.StringIO()
    assert axes.collections[0].get_rasterized()
    axes.figure.savefig(memory, format="svg")
    assert memory.getvalue().count("<image") == 1
