"""Every plot: on a new figure, on given axes, and without matplotlib."""

import subprocess
import sys

import numpy as np
import pytest
from plot_examples import CALLED, CLASSES, IMAGES, LABELS, X, Y, classifier, history, pixels, report

from minidl import ArgumentError, MissingDependencyError, plots

pytest.importorskip("matplotlib")
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DRAW = {
    "learning_curves": lambda **where: plots.learning_curves(history(0.7, 0.5), **where),
    "decision_boundary": lambda **where: plots.decision_boundary(classifier(), X, Y, **where),
    "misclassified": lambda **where: plots.misclassified(IMAGES, LABELS, CALLED, CLASSES, **where),
    "confusion_matrix": lambda **where: plots.confusion_matrix(LABELS, CALLED, CLASSES, **where),
    "weight_images": lambda **where: plots.weight_images(np.eye(3, 48), (4, 4, 3), **where),
    "gradient_errors": lambda **where: plots.gradient_errors(report(), **where),
}


each = pytest.mark.parametrize("name", DRAW)


@each
def test_makes_a_figure_that_shows_something(name):
    axes = DRAW[name]()
    assert all(isinstance(one, Axes) for one in np.ravel(axes))
    assert pixels(axes).std() > 0.05


@each
def test_draws_on_the_given_axes(name):
    figure = Figure()
    given = figure.subplots(1, 3)
    one = name in ("learning_curves", "decision_boundary", "confusion_matrix")
    given = given[0] if one else given[:1] if name == "gradient_errors" else given
    found = DRAW[name](axes=given)
    assert np.ravel(found).tolist() == np.ravel(given).tolist()
    assert all(axes.has_data() for axes in np.ravel(given))


@each
def test_refuses_axes_of_another_type(name):
    with pytest.raises(ArgumentError, match=r"axes must be .*matplotlib Axes, got 'here'"):
        DRAW[name](axes="here")


@each
def test_without_matplotlib_the_error_names_the_pip_line(name, monkeypatch):
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
