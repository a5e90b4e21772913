"""Learning curves."""

import pytest
from plot_examples import history

from minidl import ArgumentError, History, plots

pytest.importorskip("matplotlib")


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
    ("histories", "options", "message"),
    [
        ([0.7], {}, r"history must be the History that fit returned.*got \[0.7\]"),
        ({}, {}, "history must be the History"),
        (
            History(),
            {},
            "the history must have at least one epoch, got none in learning_curves: train first",
        ),
        ({"new": History()}, {}, "the history of 'new' must have at least one epoch"),
        (
            history(0.7),
            {"metric": "accuracy"},
            "the history has no 'accuracy': it has loss, seconds",
        ),
        (history(0.7), {"against": "hours"}, "the history has no 'hours'"),
    ],
)
def test_learning_curves_refuses(histories, options, message):
    with pytest.raises(ArgumentError, match=message):
        plots.learning_curves(histories, **options)
