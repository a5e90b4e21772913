"""The confusion matrix."""

import numpy as np
import pytest
from plot_examples import CLASSES

from minidl import ArgumentError, ShapeError, plots

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
