"""New figures, and what is drawn with."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

from minidl import ArgumentError
from minidl.drawing.figure import COLOURS, add_legend, axes_array, new_figure, single_axes


def test_colours_are_far_apart():
    values = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in COLOURS])
    assert min(np.abs(a - b).sum() for i, a in enumerate(values) for b in values[:i]) > 80


def test_a_new_figure_has_the_size_and_belongs_to_no_window():
    figure = new_figure("f", 3, 2)
    np.testing.assert_allclose(figure.get_size_inches(), (3, 2))
    np.testing.assert_allclose(single_axes(None, "f", 4, 1).figure.get_size_inches(), (4, 1))


def test_one_axes_is_taken_from_a_list_of_one_and_two_are_refused():
    axes = Figure().subplots(1, 2)
    assert single_axes([axes[0]], "f", 1, 1) is axes[0]
    assert axes_array(axes, "f").tolist() == axes.tolist()
    with pytest.raises(ArgumentError, match=r"axes must be one matplotlib Axes, got .* in f"):
        single_axes(axes, "f", 1, 1)
    with pytest.raises(ArgumentError, match="axes must be a sequence of matplotlib Axes, got 3"):
        axes_array(3, "f")


def test_a_legend_draws_names_as_they_are_after_those_of_the_user():
    axes = Figure().subplots()
    axes.plot([1], [1], label="mine")
    (line,) = axes.plot([2], [2], label="_$a$")
    add_legend(axes, [(line, "_$a$")])
    texts = axes.get_legend().get_texts()
    assert [text.get_text() for text in texts] == ["mine", "_$a$"]
    assert not texts[1].get_parse_math()
