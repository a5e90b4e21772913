"""Curves of anything that has the columns of a history."""

import pytest

pytest.importorskip("matplotlib")
import matplotlib

from minidl import ArgumentError
from minidl.drawing.curves import draw_curves
from minidl.drawing.looks import DARK


class Columns:
    """What is no `History` but has its columns."""

    def __init__(self, **columns):
        self.columns = columns
        self.epochs = len(columns["loss"])

    def __getitem__(self, name):
        return self.columns[name]

    def __contains__(self, name):
        return name in self.columns


def draw(histories, metric="loss", **changes):
    options = {"against": None, "held_out": "test", "axes": None, "function": "f"} | changes
    return draw_curves(histories, metric, **options)


def test_the_held_out_curve_is_dashed_and_has_its_name():
    axes = draw(Columns(loss=[2, 1], val_loss=[3, 2]))
    assert [(line.get_linestyle(), line.get_label()) for line in axes.get_lines()] == [
        ("-", "training"),
        ("--", "test"),
    ]
    compared = draw({"a": Columns(loss=[2, 1], val_loss=[3, 2])}, held_out="$_test")
    assert compared.get_legend().get_texts()[1].get_text() == "a, $_test"


def test_the_held_out_curve_can_be_left_out():
    (line,) = draw(Columns(loss=[2, 1], val_loss=[3, 2]), held_out=None).get_lines()
    assert list(line.get_ydata()) == [2, 1]
    with pytest.raises(ArgumentError, match="held_out must be a name or None, got 3 in f"):
        draw(Columns(loss=[2, 1]), held_out=3)


def test_a_held_out_curve_named_training_does_not_replace_the_other():
    axes = draw(Columns(loss=[2, 1], val_loss=[3, 2]), held_out="training")
    assert [list(line.get_ydata()) for line in axes.get_lines()] == [[2, 1], [3, 2]]


def test_a_history_without_epochs_is_refused_in_the_name_of_the_caller():
    with pytest.raises(ArgumentError, match=r"the history of 'a' must .* got none in f: train"):
        draw({"a": Columns(loss=[])})


def test_in_a_dark_style_the_curves_are_those_of_the_dark_look():
    with matplotlib.rc_context({"axes.facecolor": "black"}):
        axes = draw(Columns(loss=[2, 1]))
    assert matplotlib.colors.to_hex(axes.get_lines()[0].get_color()) == DARK["#0072b2"]
