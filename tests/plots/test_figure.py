"""Every plot: on a new figure, on passed axes, and without matplotlib."""

import subprocess
import sys

import numpy as np
import pytest
from plot_examples import (
    CLASSES,
    IMAGES,
    LABELS,
    PREDICTED,
    X,
    Y,
    classifier,
    history,
    pixels,
    report,
)

from minidl import ArgumentError, MissingDependencyError, plots

pytest.importorskip("matplotlib")
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DRAW = {
    "learning_curves": lambda **options: plots.learning_curves(history(0.7, 0.5), **options),
    "decision_boundary": lambda **options: plots.decision_boundary(classifier(), X, Y, **options),
    "misclassified": lambda **options: plots.misclassified(
        IMAGES, LABELS, PREDICTED, CLASSES, **options
    ),
    "confusion_matrix": lambda **options: plots.confusion_matrix(
        LABELS, PREDICTED, CLASSES, **options
    ),
    "weight_images": lambda **options: plots.weight_images(np.eye(3, 48), (4, 4, 3), **options),
    "gradient_errors": lambda **options: plots.gradient_errors(report(), **options),
}


each = pytest.mark.parametrize("name", DRAW)


@each
def test_makes_a_figure_that_shows_something(name):
    axes = DRAW[name]()
    assert all(isinstance(element, Axes) for element in np.ravel(axes))
    assert pixels(axes).std() > 0.05


@each
def test_draws_on_the_passed_axes(name):
    figure = Figure()
    axes = figure.subplots(1, 3)
    if name in ("learning_curves", "decision_boundary", "confusion_matrix"):
        axes = axes[0]
    elif name == "gradient_errors":
        axes = axes[:1]
    returned_axes = DRAW[name](axes=axes)
    assert np.ravel(returned_axes).tolist() == np.ravel(axes).tolist()
    assert all(element.has_data() for element in np.ravel(axes))


@each
def test_refuses_axes_of_another_type(name):
    with pytest.raises(ArgumentError, match=r"axes must be .*matplotlib Axes, got 'here'"):
        DRAW[name](axes="here")


@each
def test_without_matplotlib_the_error_names_the_pip_command(name, monkeypatch):
    for module in [module for module in sys.modules if module.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        MissingDependencyError, match=r"needs matplotlib.*pip install minidl\[plot\]"
    ):
        DRAW[name]()


def test_import_does_not_load_matplotlib_and_drawing_not_pyplot():
    code = (
        "import sys; import minidl.plots as p; assert 'matplotlib' not in sys.modules; "
        "p.confusion_counts([0, 1], [1, 1], 2); assert 'matplotlib' not in sys.modules; "
        "p.confusion_matrix([0, 1], [1, 1], ('a', 'b')); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_colours_are_far_apart():
    values = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in plots.COLOURS])
    assert min(np.abs(a - b).sum() for i, a in enumerate(values) for b in values[:i]) > 80
