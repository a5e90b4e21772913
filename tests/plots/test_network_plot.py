"""A network as a picture."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from matplotlib.collections import PathCollection
from matplotlib.patches import FancyArrowPatch

from minidl import (
    L2,
    ArgumentError,
    BatchNorm,
    BinaryCrossEntropy,
    Concat,
    Conv2D,
    Dropout,
    Flatten,
    Linear,
    MeanSquaredError,
    ReLU,
    Residual,
    Sequential,
    ShapeError,
    Sigmoid,
    plots,
)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def network(*layers, **options):
    return Sequential(list(layers), loss=MeanSquaredError(), **options)


def test_layers_that_keep_the_shape_are_named_below_the_one_before():
    layers = [Linear(2, 3), ReLU(), Dropout(0.5), Linear(3, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy(), penalties=[L2(0.1)])
    axes = plots.architecture(model)
    assert texts(axes) == [
        *("2", "X"),
        *("3", "Linear(2, 3)", "ReLU()", "Dropout(0.5)", "9 parameters"),
        *("1", "Linear(3, 1)", "Sigmoid()", "4 parameters"),
    ]
    assert axes.get_title() == "13 parameters, BinaryCrossEntropy() + L2(0.1)"
    circles = [len(a.get_offsets()) for a in axes.get_children() if isinstance(a, PathCollection)]
    assert circles == [2, 3, 1]


def test_a_linear_layer_of_the_same_size_is_a_layer_of_its_own():
    axes = plots.architecture(network(Linear(2, 2), Linear(2, 2), BatchNorm(2)))
    assert texts(axes).count("2") == 3
    assert "10 parameters" in texts(axes)  # with those of the normalization


def test_the_shape_of_an_example_tells_those_of_images():
    layers = [Conv2D(3, 4, 3), ReLU(), Flatten(), Linear(144, 1)]
    model = network(*layers)
    axes = plots.architecture(model, (8, 8, 3))
    assert [text for text in texts(axes) if " x " in text] == ["8 x 8 x 3", "6 x 6 x 4"]
    assert "144" in texts(axes)
    unknown = plots.architecture(network(Conv2D(3, 4, 3), ReLU()))
    assert texts(unknown).count("?") == 4
    with pytest.raises(ShapeError):
        plots.architecture(model, (9, 8, 3))


def test_a_residual_block_has_an_arrow_past_its_layers():
    body = [Linear(2, 4), ReLU(), Linear(4, 3)]
    axes = plots.architecture(network(Residual(*body, shortcut=Linear(2, 3)), Linear(3, 1)))
    assert "+ Linear(2, 3)" in texts(axes)
    assert [t for t in texts(axes) if t.startswith("Linear")] == [
        "Linear(2, 4)",
        "Linear(4, 3)",
        "Linear(3, 1)",
    ]
    inner = Residual(Residual(Linear(2, 2)), Linear(2, 2))
    nested = plots.architecture(network(Linear(2, 2), inner))
    assert texts(nested).count("+") == 2
    kept = plots.architecture(network(Linear(2, 2), Residual(ReLU())))
    assert not [a for a in kept.get_children() if isinstance(a, FancyArrowPatch)]


def test_layers_side_by_side_are_one_block():
    axes = plots.architecture(network(Linear(2, 2), Concat(Linear(2, 3), Linear(2, 4))))
    assert "7" in texts(axes)
    assert "21 parameters" in texts(axes)


def test_the_model_does_not_change_and_other_things_are_refused():
    model = network(Linear(2, 3))
    before = model.parameters.theta.copy()
    axes = plots.architecture(model)
    np.testing.assert_array_equal(model.parameters.theta, before)
    assert plots.architecture(model, axes=axes) is axes
    with pytest.raises(ArgumentError, match="model must be a Sequential, got 3 in architecture"):
        plots.architecture(3)
    with pytest.raises(ArgumentError, match="shape must be"):
        plots.architecture(model, "2")
