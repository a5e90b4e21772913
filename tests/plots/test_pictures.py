"""Each plot in both looks, compared with a picture of it that was looked at.

After a change that is meant: `pytest tests/plots/test_pictures.py --mpl-generate-path
tests/plots/baseline`; look at all of them before you commit them.
"""

import functools

import numpy as np
import pytest
from plot_examples import CLASSES, IMAGES, LABELS, PREDICTED, history, report

from minidl import (
    BinaryCrossEntropy,
    Conv2D,
    Flatten,
    Linear,
    ReLU,
    Residual,
    Sequential,
    plots,
)
from minidl.data import planar

pytest.importorskip("pytest_mpl")
matplotlib = pytest.importorskip("matplotlib")

DPI = 45
VERSION = "3.11"  # of matplotlib, with which the pictures were made; others draw a little otherwise
pytestmark = pytest.mark.skipif(
    not matplotlib.__version__.startswith(f"{VERSION}."), reason=f"made by matplotlib {VERSION}"
)
POINTS = planar.moons(60, noise=0.2, rng=3)
ANGLES = 2 * np.pi * np.arange(5) / 5


def smooth(points):
    """Return the probability of class 1: a wave between the moons."""
    x, y = np.transpose(points)
    return 1 / (1 + np.exp(6 * (y - 0.25 - 0.5 * np.cos(2.2 * x))))


def five(points):
    """Return probabilities of five classes around the middle."""
    exponential = np.exp(2 * points @ np.stack([np.cos(ANGLES), np.sin(ANGLES)]))
    return exponential / exponential.sum(axis=1, keepdims=True)


def network(*layers):
    """Return a model whose weights come from no generator of random numbers."""
    model = Sequential(list(layers), loss=BinaryCrossEntropy(), dtype=np.float64)
    for i, (_, parameter) in enumerate(model.parameters):
        parameter.value = np.sin(1.7 * np.arange(parameter.size) + i).reshape(parameter.shape)
    return model


def dense():
    return network(Linear(2, 16), ReLU(), Residual(Linear(16, 16), ReLU()), Linear(16, 1))


STAR = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
PICTURES = {
    "curves": lambda: plots.learning_curves(
        history(0.9, 0.5, 0.3, 0.2, val=(1.0, 0.7, 0.6, 0.65)), held_out="test"
    ),
    "boundary": lambda: plots.decision_boundary(smooth, *POINTS, classes=("upper", "lower")),
    "shaded": lambda: plots.decision_boundary(five, STAR, np.arange(5), shade=True),
    "confusion": lambda: plots.confusion_matrix(LABELS, PREDICTED, CLASSES),
    "filters": lambda: plots.filters(network(Conv2D(8, 3, 3), Flatten()).layers[0]),
    "attention": lambda: plots.attention_weights(np.tri(4) / [[[1], [2], [3], [4]]], "cats"),
    "gradient_errors": lambda: plots.gradient_errors(report(bug=1.5)),
    "architecture": lambda: plots.architecture(dense()),
    "activations": lambda: plots.activations(dense(), POINTS[0]),
    "points": lambda: plots.dataset(*POINTS),
    "images": lambda: plots.dataset(IMAGES, LABELS, classes=CLASSES),
}


@functools.cache
def drawn(name):
    """Return a figure whose layout, which takes most of the time, both looks share."""
    figure = np.ravel(PICTURES[name]())[0].figure
    figure.set_dpi(DPI)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


@pytest.mark.mpl_image_compare(style="default", tolerance=3, savefig_kwargs={"dpi": DPI})
@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("name", PICTURES)
def test_picture(look, name):
    return plots.set_look(drawn(name), look)
