"""The decision boundary."""

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


def test_decision_boundary_of_a_model_that_always_predicts_the_same():
    axes = plots.decision_boundary(classifier(np.zeros((1, 2))), X, Y)
    assert pixels(axes).std() > 0.05


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
