"""The confusion matrix."""

import numpy as np
import pytest
from plot_examples import CLASSES

from minidl import ArgumentError, ShapeError, plots
from minidl.drawing.looks import INK, PAPER

pytest.importorskip("matplotlib")


def test_confusion_counts_agree_with_a_loop():
    rng = np.random.default_rng(1)
    labels, predicted = rng.integers(0, 5, 200), rng.integers(0, 5, 200)
    expected = np.zeros((5, 5), int)
    for true_class, predicted_class in zip(labels, predicted, strict=True):
        expected[true_class, predicted_class] += 1
    np.testing.assert_array_equal(plots.confusion_counts(labels, predicted, 5), expected)


def test_confusion_matrix_shows_counts_and_fractions():
    axes = plots.confusion_matrix([0, 0, 0, 0, 1], [0, 0, 0, 1, 1], ("no", "yes", "never"))
    cell_texts = [text.get_text() for text in axes.texts]
    assert cell_texts == [
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
    assert axes.get_title() == "4 of 5 correct (80.0%)"
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["no", "yes", "never"]


def test_confusion_refuses():
    with pytest.raises(
        ShapeError, match="labels and predicted must have the same length, got 2 and 1"
    ):
        plots.confusion_counts([0, 1], [0], 2)
    with pytest.raises(ArgumentError, match="n_classes must be an integer >= 1, got 0"):
        plots.confusion_counts([0], [0], 0)
    with pytest.raises(ArgumentError, match=r"predicted must be in 0..1, got -1 to 0"):
        plots.confusion_matrix([0, 1], [0, -1], CLASSES)


def test_each_cell_has_its_colour_and_a_text_that_can_be_read_on_it():
    axes = plots.confusion_matrix([0] * 5 + [1] * 5, [0] * 3 + [1] * 2 + [1] * 5, CLASSES)
    (image,) = axes.get_images()
    np.testing.assert_allclose(image.get_array(), [[0.6, 0.4], [0.0, 1.0]])
    assert image.get_clim() == (0, 1)
    dark = image.to_rgba(1.0)[:3], image.to_rgba(0.0)[:3]
    assert sum(dark[0]) < sum(dark[1])
    places = {text.get_position(): text for text in axes.texts}
    assert {place: text.get_text().split()[0] for place, text in places.items()} == {
        (0, 0): "3",
        (1, 0): "2",
        (0, 1): "0",
        (1, 1): "5",
    }
    assert {text.get_fontsize() for text in axes.texts} == {9}
    colours = [places[place].get_color() for place in ((0, 0), (1, 0), (0, 1), (1, 1))]
    assert colours == [INK, INK, INK, PAPER]
    bar = next(other for other in axes.figure.axes if other is not axes)
    assert bar.get_ylabel() == "fraction of the true class"
    assert bar.yaxis.get_major_formatter()(0.25, 0) == "25%"


@pytest.mark.parametrize(("n_classes", "text"), [(12, "1\n100%"), (13, "1")])
def test_many_classes_have_counts_only(n_classes, text):
    numbers = np.arange(n_classes)
    axes = plots.confusion_matrix(numbers, numbers, [str(k) for k in numbers])
    assert axes.texts[0].get_text() == text
    side = 2.2 + 0.7 * n_classes
    np.testing.assert_allclose(axes.figure.get_size_inches(), (side + 1.2, side))


@pytest.mark.parametrize(("n_classes", "step", "n_texts"), [(40, 1, 40), (41, 2, 0), (600, 15, 0)])
def test_a_large_matrix_has_room_for_some_names_and_takes_no_minutes(n_classes, step, n_texts):
    numbers = np.arange(n_classes)
    axes = plots.confusion_matrix(numbers, numbers, [str(k) for k in numbers])
    expected = [str(k) for k in numbers[::step]]
    for axis in (axes.xaxis, axes.yaxis):
        assert [label.get_text() for label in axis.get_ticklabels()] == expected
        assert axis.get_ticklocs().tolist() == numbers[::step].tolist()
    assert len(axes.texts) == n_texts, "empty cells have none"
    np.testing.assert_allclose(axes.figure.get_size_inches(), (31.4, 30.2))


@pytest.mark.parametrize(
    ("names", "rotation"),
    [
        (["a name of 9", "b", "c", "d"], 90),
        (["8 signs.", "b", "c", "d"], 0),
        (["a name of 9", "b", "c"], 0),
    ],
)
def test_long_names_of_many_classes_are_drawn_upright(names, rotation):
    axes = plots.confusion_matrix([0], [0], names)
    assert {label.get_rotation() for label in axes.get_xticklabels()} == {rotation}
    assert [label.get_text() for label in axes.get_xticklabels()] == names
    assert {label.get_rotation() for label in axes.get_yticklabels()} == {0}
