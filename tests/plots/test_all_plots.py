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
    convolutions,
    history,
    pixels,
    report,
)

from minidl import (
    ArgumentError,
    Conv2D,
    Flatten,
    History,
    Linear,
    MeanSquaredError,
    MissingDependencyError,
    Sequential,
    check_gradients,
    plots,
)

pytest.importorskip("matplotlib")
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

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
    "filters": lambda **options: plots.filters(Conv2D(1, 3, 3), **options),
    "feature_maps": lambda **options: plots.feature_maps(
        convolutions(), IMAGES[0] / 255, 0, **options
    ),
    "attention_weights": lambda **options: plots.attention_weights([np.eye(3)] * 3, **options),
    "architecture": lambda **options: plots.architecture(classifier(), **options),
    "activations": lambda **options: plots.activations(convolutions(), IMAGES / 255, **options),
    "dataset": lambda **options: plots.dataset(X, Y, **options),
}
ONE_AXES = ("learning_curves", "decision_boundary", "confusion_matrix", "architecture", "dataset")


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
    if name in ONE_AXES:
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
    with pytest.raises(MissingDependencyError, match=r'needs matplotlib.*pip install "matplotlib'):
        DRAW[name]()


NAMES = [
    r"$\frac{$",
    "_$5-$10",
    "\x1b[31m\\n",
]
SHOWN = [*NAMES[:2], r"\x1b[31m\n"]


def hostile_history():
    made = History()
    made.add({"loss": 0.5, NAMES[0]: 1.0, NAMES[1]: 2.0})
    return made


def hostile_report():
    matrix = {NAMES[0]: np.ones((2, 3))}
    return check_gradients(
        lambda p: (p[NAMES[0]] ** 2).sum(), lambda p: {NAMES[0]: p[NAMES[0]]}, matrix
    )


class Named(Conv2D):
    """A layer of a stranger, whose name is not what a figure expects."""

    text = NAMES[0]

    def __repr__(self):
        return self.text


def strange_layer(text=NAMES[0]):
    layer = Named(3, 2, 3)
    layer.text = text
    return layer


def strange_model(text=NAMES[0]):
    layers = [strange_layer(text), Flatten(), Linear(72, 1)]
    return Sequential(layers, loss=MeanSquaredError())


DRAW_NAMES = {
    "learning_curves, a metric": (
        lambda: plots.learning_curves(hostile_history(), metric=NAMES[0], against=NAMES[1]),
        [SHOWN[1], SHOWN[0], f"{SHOWN[0]} during training"],
    ),
    "learning_curves, histories": (
        lambda: plots.learning_curves({name: history(0.7) for name in NAMES}),
        SHOWN,
    ),
    "decision_boundary": (
        lambda: plots.decision_boundary(classifier(np.eye(3, 2), 3), X, Y, classes=NAMES),
        SHOWN,
    ),
    "confusion_matrix": (lambda: plots.confusion_matrix([0, 1], [1, 0], NAMES), SHOWN),
    "misclassified": (
        lambda: plots.misclassified(IMAGES[:1], [1], [2], NAMES),
        [f"true: {SHOWN[1]}\npredicted: {SHOWN[2]}"],
    ),
    "gradient_errors": (
        lambda: plots.gradient_errors(hostile_report()),
        [f"total {SHOWN[0]} (total)\n6 of 6 elements wrong"],
    ),
    "filters": (
        lambda: plots.filters(strange_layer(), columns=9),
        [f"Filters of {SHOWN[0]} (mid-grey: 0, brighter: positive, darker: negative)"],
    ),
    "feature_maps": (
        lambda: plots.feature_maps(strange_model(), IMAGES[0] / 255, 0),
        [f"Outputs of layer 0, {SHOWN[0]} (mid-grey: 0, brighter: positive, darker: negative)"],
    ),
    "attention_weights": (lambda: plots.attention_weights([np.eye(3)], NAMES), SHOWN),
}


@pytest.mark.parametrize("name", DRAW_NAMES)
@pytest.mark.parametrize("tex", [False, True])
def test_names_are_drawn_as_they_are(name, tex, monkeypatch):
    """No name is a formula, none is left out of a legend, and none changes the terminal."""
    draw, expected = DRAW_NAMES[name]
    with rc_context({"text.usetex": tex}):
        figure = np.ravel(draw())[0].figure
    texts = [text for text in figure.findobj(Text) if text.get_text() in expected]
    assert {text.get_text() for text in texts} == set(expected)
    assert not any(text.get_parse_math() or text.get_usetex() for text in texts)
    if not tex:
        pixels(figure.axes)


LONG = [letter + "W" * 100_000 for letter in "abc"]
DRAW_LONG = {
    "learning_curves": lambda: plots.learning_curves({name: history(0.7) for name in LONG}),
    "decision_boundary": lambda: plots.decision_boundary(
        classifier(np.eye(3, 2), 3), X, Y, classes=LONG
    ),
    "confusion_matrix": lambda: plots.confusion_matrix([0, 1], [1, 0], LONG),
    "two classes": lambda: plots.confusion_matrix([0, 1], [1, 0], LONG[:2]),
    "misclassified": lambda: plots.misclassified(IMAGES[:1], [1], [2], LONG),
    "filters": lambda: plots.filters(strange_layer(LONG[1])),
    "feature_maps": lambda: plots.feature_maps(strange_model(LONG[1]), IMAGES[0] / 255, 0),
    "attention_weights": lambda: plots.attention_weights([np.eye(3)], LONG),
}
LENGTHS = {
    "filters": 46,
    "feature_maps": 37,
    "attention_weights": 14,
}  # else 22: the W that are drawn


@pytest.mark.parametrize("name", DRAW_LONG)
def test_long_names_leave_room_for_the_plot(name):
    """Matplotlib would warn if they did not, and take minutes."""
    figure = np.ravel(DRAW_LONG[name]())[0].figure
    pixels(figure.axes)
    shown = "".join(text.get_text() for text in figure.findobj(Text)).replace("\n", "")
    length = LENGTHS.get(name, 22)
    assert f"b{'W' * length}…" in shown
    assert "W" * (length + 1) not in shown


def test_labels_of_a_user_stay_formulas_in_the_legend():
    axes = Figure().subplots()
    axes.plot([1], [1], label="$x^2$")
    axes.plot([1], [1], label="_hidden")
    plots.learning_curves({"_a$b$": history(0.7)}, axes=axes)
    texts = axes.get_legend().get_texts()
    assert [(text.get_text(), text.get_parse_math()) for text in texts] == [
        ("$x^2$", True),
        ("_a$b$", False),
    ]


def test_import_does_not_load_matplotlib_and_drawing_not_pyplot():
    code = (
        "import sys; import minidl.plots as p; assert 'matplotlib' not in sys.modules; "
        "p.confusion_counts([0, 1], [1, 1], 2); assert 'matplotlib' not in sys.modules; "
        "p.confusion_matrix([0, 1], [1, 1], ('a', 'b')); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
