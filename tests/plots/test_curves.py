"""Learning curves."""

from types import SimpleNamespace

import numpy as np
import pytest
from plot_examples import history

from minidl import ArgumentError, History, plots
from minidl.drawing.figure import COLOURS

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


def test_the_lines_of_learning_curves_differ_in_style_and_repeat_their_colours():
    one = plots.learning_curves(history(0.7, 0.5, val=(0.8, 0.9))).get_lines()
    assert [line.get_linestyle() for line in one] == ["-", "--"]
    assert [line.get_color() for line in one] == [*COLOURS[:2]]
    assert [line.get_marker() for line in one] == ["None", "None"]
    many = plots.learning_curves({str(i): history(0.7, 0.5) for i in range(8)})
    assert [line.get_color() for line in many.get_lines()] == [*COLOURS, COLOURS[0]]
    assert many.get_title() == "Loss during training"
    np.testing.assert_allclose(many.figure.get_size_inches(), (7, 4.5))
    assert many.get_legend() is not None
    assert many.xaxis.get_gridlines()[0].get_visible()


def search(losses, suggestion=True):
    rates = np.geomspace(1e-4, 1, len(losses))
    losses = np.array(losses, float)
    return SimpleNamespace(
        learning_rates=rates,
        raw_losses=losses + 0.1,
        losses=losses,
        best_index=int(losses.argmin()),
        suggestion=rates[losses.argmin()] / 5 if suggestion else None,
    )


def test_a_learning_rate_search_is_drawn_with_its_minimum_and_its_suggestion():
    found = search([2.0, 2.1, 1.9, 1.8, 1.5, 1.0, 5.0, 9.0])
    axes = plots.learning_rate_curve(found)
    points, smoothed, minimum, line = axes.get_lines()
    np.testing.assert_array_equal(points.get_xydata().T, [found.learning_rates, found.raw_losses])
    np.testing.assert_array_equal(smoothed.get_xydata().T, [found.learning_rates, found.losses])
    assert (points.get_linestyle(), points.get_marker()) == ("None", ".")
    assert minimum.get_xydata().tolist() == [[found.learning_rates[5], 1.0]]
    assert list(line.get_xdata()) == [found.suggestion] * 2
    assert (line.get_linestyle(), smoothed.get_linestyle()) == ("--", "-")  # told apart in grey
    assert (points.get_markersize(), minimum.get_markersize()) == (5, 7)
    np.testing.assert_allclose(axes.figure.get_size_inches(), (7, 4.5))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "loss of each batch",
        "smoothed",
        "minimum at 0.072",
        "suggestion (a fifth): 0.014",
    ]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    # The lowest loss is 1.1, the largest of the first three 2.2; a tenth and a fifth of 1.1 beyond.
    assert axes.get_ylim() == pytest.approx((1.1 - 0.11, 2.2 + 0.22))
    assert "no suggestion" not in axes.get_title()


@pytest.mark.parametrize(("loss", "height"), [(0.9, 1e-3), (-0.1, 1e-12)])
def test_a_search_without_a_suggestion_says_so_and_has_a_scale(loss, height):
    axes = plots.learning_rate_curve(search([loss] * 20, suggestion=False))
    assert len(axes.get_lines()) == 2
    assert axes.get_title().endswith("no suggestion: the loss fell by no more than its noise")
    low, high = axes.get_ylim()
    assert high - low == pytest.approx(0.3 * height, rel=1e-9, abs=0)
    assert low < loss + 0.1 < high


def test_a_quarter_of_a_long_search_sets_its_scale():
    losses = [3.0] * 4 + [4.0] + [9.0] + [2.0] * 14
    assert plots.learning_rate_curve(search(losses)).get_ylim()[1] == pytest.approx(4.1 + 0.2 * 2)


def test_only_a_search_is_drawn_as_one():
    with pytest.raises(
        ArgumentError,
        match=r"search must be what lr_find returned, got 0\.1 in learning_rate_curve",
    ):
        plots.learning_rate_curve(0.1)
