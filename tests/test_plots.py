"""Plots: what is drawn where, and what is refused."""

import io
import subprocess
import sys

import numpy as np
import pytest

from minidl import (
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    DtypeError,
    History,
    Linear,
    MeanSquaredError,
    MissingDependencyError,
    NonFiniteError,
    Sequential,
    ShapeError,
    Sigmoid,
    Softmax,
    Zeros,
    check_gradients,
    plots,
)

pytest.importorskip("matplotlib")
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread

CLASSES = ("non-cat", "cat")


def history(*losses, val=()):
    made = History()
    for i, loss in enumerate(losses):
        made.add({"loss": loss, "seconds": 0.5 * (i + 1)} | ({"val_loss": val[i]} if val else {}))
    return made


def classifier(weight=((1.0, 0.0),), outputs=1):
    """Answer class 1 where weight . x > 0."""
    last, loss = (
        (Sigmoid(), BinaryCrossEntropy())
        if outputs == 1
        else (Softmax(), CategoricalCrossEntropy())
    )
    model = Sequential([Linear(2, outputs, init=Zeros()), last], loss=loss)
    model.layers[0].weight.value = weight
    return model


def report(bug=1.0):
    W = np.arange(12.0).reshape(3, 4)
    return check_gradients(lambda W: (W**2).sum(), lambda W: 2 * W * np.array([1, 1, bug, 1]), W)


X = np.array([[-1.0, 0.0], [-2.0, 1.0], [1.0, 0.5], [2.0, -1.0]])
Y = np.array([0, 1, 1, 1])
IMAGES = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
LABELS, CALLED = np.array([0, 0, 1, 1, 1, 0]), np.array([0, 1, 0, 1, 0, 0])
DRAW = {
    "learning_curves": lambda **where: plots.learning_curves(history(0.7, 0.5), **where),
    "decision_boundary": lambda **where: plots.decision_boundary(classifier(), X, Y, **where),
    "misclassified": lambda **where: plots.misclassified(IMAGES, LABELS, CALLED, CLASSES, **where),
    "confusion_matrix": lambda **where: plots.confusion_matrix(LABELS, CALLED, CLASSES, **where),
    "weight_pictures": lambda **where: plots.weight_pictures(np.eye(3, 48), (4, 4, 3), **where),
    "gradient_errors": lambda **where: plots.gradient_errors(report(), **where),
}
each = pytest.mark.parametrize("name", DRAW)


def pixels(axes):
    memory = io.BytesIO()
    np.ravel(axes)[0].figure.savefig(memory, format="png")
    memory.seek(0)
    return imread(memory)[..., :3]


@each
def test_makes_a_figure_that_shows_something(name):
    axes = DRAW[name]()
    assert all(isinstance(one, Axes) for one in np.ravel(axes))
    assert pixels(axes).std() > 0.05


@each
def test_draws_on_the_axes_that_it_is_given(name):
    figure = Figure()
    given = figure.subplots(1, 3)
    one = name in ("learning_curves", "decision_boundary", "confusion_matrix")
    given = given[0] if one else given[:1] if name == "gradient_errors" else given
    found = DRAW[name](axes=given)
    assert np.ravel(found).tolist() == np.ravel(given).tolist()
    assert all(axes.has_data() for axes in np.ravel(given))


@each
def test_refuses_what_is_no_axes(name):
    with pytest.raises(ArgumentError, match=r"axes must be .*matplotlib Axes, got 'here'"):
        DRAW[name](axes="here")


@each
def test_without_matplotlib_it_names_the_pip_line(name, monkeypatch):
    for module in [module for module in sys.modules if module.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        MissingDependencyError, match=r"needs matplotlib.*pip install minidl\[plot\]"
    ):
        DRAW[name]()


def test_the_import_needs_no_matplotlib_and_drawing_no_pyplot():
    code = (
        "import sys; import minidl.plots as p; assert 'matplotlib' not in sys.modules; "
        "p.confusion_counts([0, 1], [1, 1], 2); assert 'matplotlib' not in sys.modules; "
        "p.confusion_matrix([0, 1], [1, 1], ('a', 'b')); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_colours_are_far_apart():
    values = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in plots.COLOURS])
    assert min(np.abs(a - b).sum() for i, a in enumerate(values) for b in values[:i]) > 80


def test_learning_curves_draws_training_and_validation():
    axes = plots.learning_curves(history(0.7, 0.5, val=(0.8, 0.9)))
    training, validation = axes.get_lines()
    assert (list(training.get_xdata()), list(training.get_ydata())) == ([1, 2], [0.7, 0.5])
    assert list(validation.get_ydata()) == [0.8, 0.9]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "validation"]
    assert training.get_color() != validation.get_color()
    assert axes.get_xlabel().startswith("epoch")
    assert axes.get_ylabel() == "loss"


def test_learning_curves_compares_several_against_any_column():
    axes = plots.learning_curves(
        {"a": history(0.7, 0.5, val=(0.8, 0.9)), "b": history(0.6)}, against="seconds"
    )
    lines = axes.get_lines()
    assert [line.get_label() for line in lines] == ["a, training", "a, validation", "b"]
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()
    assert list(lines[0].get_xdata()) == [0.5, 1.0]
    assert lines[2].get_marker() == "o", "a single epoch is a point, which a line would not show"


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ([0.7], {}, r"history must be the History that fit returned.*got \[0.7\]"),
        ({}, {}, "history must be the History"),
        (History(), {}, "the history holds no epoch yet in learning_curves: train first"),
        ({"new": History()}, {}, "the history of 'new' holds no epoch"),
        (
            history(0.7),
            {"measure": "accuracy"},
            "the history has no 'accuracy': it has loss, seconds",
        ),
        (history(0.7), {"against": "hours"}, "the history has no 'hours'"),
    ],
)
def test_learning_curves_refuses(given, options, message):
    with pytest.raises(ArgumentError, match=message):
        plots.learning_curves(given, **options)


def test_decision_boundary_shows_answers_examples_and_mistakes():
    axes = plots.decision_boundary(classifier(), X, Y, classes=CLASSES)
    mesh, *_ = axes.collections
    answers = mesh.get_array().reshape(plots._GRID, plots._GRID)
    assert set(answers[:, 0]) == {0}
    assert set(answers[:, -1]) == {1}
    scatters = {
        one.get_label(): one.get_offsets()
        for one in axes.collections
        if not one.get_label().startswith("_")
    }
    assert list(scatters) == ["non-cat", "cat", "called wrongly: 1 of 4"]
    np.testing.assert_array_equal(scatters["called wrongly: 1 of 4"], X[1:2])
    np.testing.assert_array_equal(scatters["cat"], X[1:])


def test_decision_boundary_of_a_model_that_always_answers_the_same():
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
    assert set(np.unique(axes.collections[0].get_array())) == {0, 1, 2}


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


def titles(axes):
    return [one.get_title() for one in axes]


def test_misclassified_shows_the_surest_mistakes_first():
    axes = plots.misclassified(
        IMAGES, LABELS, CALLED, CLASSES, probability=[0.5, 0.6, 0.7, 0.8, 1.0, 0.9], most=2
    )
    assert titles(axes) == [
        "true: cat\ncalled: non-cat (99% sure)",
        "true: cat\ncalled: non-cat (70% sure)",
    ]
    np.testing.assert_array_equal(axes[0].get_images()[0].get_array(), IMAGES[4])
    title = axes[0].figure.get_suptitle().replace("\n", " ")
    assert title == "Called wrongly: 3 of 6 pictures (2 are shown), the surest mistakes first"


@pytest.mark.parametrize("images", [IMAGES[..., 0], IMAGES[..., :1], IMAGES / 255])
def test_misclassified_takes_grey_pictures_and_fractions(images):
    axes = plots.misclassified(images, LABELS.reshape(-1, 1), CALLED, CLASSES)
    assert titles(axes)[0] == "true: non-cat\ncalled: cat"
    assert len(axes) == 3


def test_misclassified_draws_nothing_where_all_is_right():
    assert len(plots.misclassified(IMAGES, LABELS, LABELS, CLASSES)) == 0


def test_a_grid_has_rows_of_so_many_pictures():
    axes = plots.weight_pictures(np.ones((7, 12)), (2, 2, 3), columns=4, most=6)
    assert len(axes) == 6
    assert axes[0].get_gridspec().get_geometry() == (2, 4)
    assert "the first 6 of 7" in axes[0].figure.get_suptitle().replace("\n", " ")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"images": IMAGES[0, 0]}, ShapeError, r"images must have shape .*got \(8, 3\)"),
        ({"images": IMAGES[..., :2]}, ShapeError, "images must have shape"),
        (
            {"images": IMAGES * 1.0},
            ArgumentError,
            r"images must be uint8, or lie in \[0, 1\], got 0.0 to 255.0.*divide by 255",
        ),
        ({"images": IMAGES[:3]}, ShapeError, "must have the same length, got 3 images"),
        ({"labels": LABELS[:3]}, ShapeError, "must have the same length"),
        (
            {"labels": LABELS + 1},
            ArgumentError,
            r"labels must lie in 0..1, got 1 to 2 in misclassified",
        ),
        ({"labels": LABELS.reshape(2, 3)}, ShapeError, r"labels must be a vector \(m,\)"),
        (
            {"predicted": LABELS * 0.5},
            DtypeError,
            r"predicted must hold whole numbers, got 0.5.*predict_classes",
        ),
        (
            {"predicted": np.full(6, np.nan)},
            DtypeError,
            "predicted must hold whole numbers, got nan",
        ),
        ({"classes": "ab"}, ArgumentError, "classes must be the names of all classes, got 'ab'"),
        ({"probability": [0.5]}, ShapeError, "must have the same length"),
        ({"most": 0}, ArgumentError, "most must be a whole number >= 1, got 0"),
        ({"columns": 2.5}, ArgumentError, "columns must be a whole number >= 1, got 2.5"),
    ],
)
def test_misclassified_refuses(change, error, message):
    arguments = {
        "images": IMAGES,
        "labels": LABELS,
        "predicted": CALLED,
        "classes": CLASSES,
    } | change
    with pytest.raises(error, match=message):
        plots.misclassified(**arguments)


def test_confusion_counts_agree_with_a_loop():
    rng = np.random.default_rng(1)
    labels, called = rng.integers(0, 5, 200), rng.integers(0, 5, 200)
    expected = np.zeros((5, 5), int)
    for true, said in zip(labels, called, strict=True):
        expected[true, said] += 1
    np.testing.assert_array_equal(plots.confusion_counts(labels, called, 5), expected)


def test_confusion_matrix_says_counts_and_shares():
    axes = plots.confusion_matrix([0, 0, 0, 0, 1], [0, 0, 0, 1, 1], ("no", "yes", "never"))
    said = [text.get_text() for text in axes.texts]
    assert said == [
        "3\n75%",
        "1\n25%",
        "0\n0%",
        "0\n0%",
        "1\n100%",
        "0\n0%",
        "0\n0%",
        "0\n0%",
        "0\n0%",
    ]
    assert axes.get_title() == "4 of 5 called rightly (80.0%)"
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["no", "yes", "never"]


def test_confusion_refuses():
    with pytest.raises(
        ShapeError, match="labels and predicted must have the same length, got 2 and 1"
    ):
        plots.confusion_counts([0, 1], [0], 2)
    with pytest.raises(ArgumentError, match="classes must be a whole number >= 1, got 0"):
        plots.confusion_counts([0], [0], 0)
    with pytest.raises(ArgumentError, match=r"predicted must lie in 0..1, got -1 to 0"):
        plots.confusion_matrix([0, 1], [0, -1], CLASSES)


def test_weight_pictures_are_grey_at_zero_and_fill_their_scale():
    weight = np.zeros((3, 12))
    weight[0, 0], weight[1, 5] = 4.0, -0.5
    axes = plots.weight_pictures(weight, (2, 2, 3))
    first, second, third = (one.get_images()[0].get_array() for one in axes)
    assert (first[0, 0, 0], first[1, 1, 1]) == (1.0, 0.5)
    assert second.min() == 0.0
    assert (third == 0.5).all()
    assert titles(axes) == ["unit 0: ±4", "unit 1: ±0.5", "unit 2: ±0"]


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 1)])
def test_weight_pictures_in_grey(shape):
    assert plots.weight_pictures(np.ones((2, 12)), shape)[0].get_images()[0].get_array().shape == (
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
def test_weight_pictures_refuses(weight, shape, error, message):
    with pytest.raises(error, match=message):
        plots.weight_pictures(weight, shape)


def test_gradient_errors_shows_the_wrong_column():
    (axes,) = plots.gradient_errors(report(bug=1.5))
    image = axes.get_images()[0].get_array()
    assert (image[1:, 2] > 1).all()
    assert (np.delete(image, 2, axis=1) < 1).all()


def test_gradient_errors_refuses_what_is_no_report():
    with pytest.raises(
        ArgumentError,
        match="report must be what a gradient check returned, got 1 in gradient_errors",
    ):
        plots.gradient_errors(1)
