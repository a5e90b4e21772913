"""Histograms of what layers give."""

import numpy as np
import pytest
from plot_examples import titles

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

from minidl import (
    ArgumentError,
    Dropout,
    Linear,
    MeanSquaredError,
    NonFiniteError,
    ReLU,
    Sequential,
    ShapeError,
    plots,
)

X = np.array([[1.0], [-1.0], [2.0], [-3.0]])


def network():
    model = Sequential([Linear(1, 2), ReLU(), Dropout(0.5)], loss=MeanSquaredError())
    model.layers[0].weight.value = [[1.0], [0.0]]
    model.layers[0].bias.value = [0.0, 2.0]
    return model


def test_each_layer_has_a_histogram_whose_title_tells_what_hinders_learning():
    axes = plots.activations(network(), X)
    assert titles(axes) == [
        "0  Linear(1, 2)\n0.88 ± 1.8\n1 of 2 units constant",
        "1  ReLU()\n1.4 ± 0.86, 25% zeros\n1 of 2 units constant",
        "2  Dropout(0.5)\n1.4 ± 0.86, 25% zeros\n1 of 2 units constant",
    ]
    for each in axes:
        assert sum(bar.get_height() for bar in each.patches) == pytest.approx(1)
    bars = {round(bar.get_x(), 6): bar.get_height() for bar in axes[0].patches if bar.get_height()}
    assert list(bars.values()) == pytest.approx([1 / 8, 1 / 8, 1 / 8, 5 / 8])
    assert axes[0].figure.get_suptitle() == "Outputs of each layer for 4 examples"


def test_a_single_example_has_no_constant_units():
    assert titles(plots.activations(network(), X[:1]))[0] == "0  Linear(1, 2)\n1.5 ± 0.5"


def test_the_histograms_stand_in_columns_or_on_the_axes():
    axes = plots.activations(network(), X, columns=2)
    assert axes[0].get_gridspec().get_geometry() == (2, 2)
    assert not axes[0].figure.axes[3].axison
    passed = Figure().subplots(1, 2)
    assert plots.activations(network(), X, axes=passed).tolist() == passed.tolist()


def test_the_model_does_not_change_and_wrong_input_is_refused():
    model = network()
    before = model.parameters.theta.copy()
    plots.activations(model, X)
    np.testing.assert_array_equal(model.parameters.theta, before)
    for X_wrong, columns, error, message in [
        (np.ones((3, 2)), 4, ShapeError, "X has shape"),
        (X, 0, ArgumentError, "columns must be an integer >= 1, got 0 in activations"),
    ]:
        with pytest.raises(error, match=message):
            plots.activations(model, X_wrong, columns=columns)
    with pytest.raises(ArgumentError, match="model must be a Sequential"):
        plots.activations([Linear(1, 2)], X)
    model.layers[0].bias.value = [np.inf, 0]
    with pytest.raises(NonFiniteError, match=r"layer 0, Linear\(1, 2\), gives NaN or infinity in"):
        plots.activations(model, X)
