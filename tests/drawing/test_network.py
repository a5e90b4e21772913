"""A network as what flows through it."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from minidl.drawing.figure import COLOURS
from minidl.drawing.network import PER_ROW, Block, Skip, draw_network, size_of, units


def drawn(blocks, skips=()):
    axes = Figure().subplots()
    draw_network(axes, blocks, skips)
    return axes


def of_type(axes, kind):
    return [artist for artist in axes.get_children() if isinstance(artist, kind)]


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_features_are_circles_and_weights_are_lines():
    axes = drawn([Block((2,), ["X"]), Block((3,), ["Linear"], 9, is_dense=True)])
    before, after = of_type(axes, PathCollection)
    assert (len(before.get_offsets()), len(after.get_offsets())) == (2, 3)
    (lines,) = of_type(axes, LineCollection)
    ends = {tuple(np.round(end, 6)) for line in lines.get_segments() for end in line}
    circles = {tuple(np.round(at, 6)) for each in (before, after) for at in each.get_offsets()}
    assert len(lines.get_segments()) == 6
    assert ends == circles
    assert texts(axes) == ["2", "X", "3", "Linear", "9 parameters"]


def test_of_many_units_those_at_the_ends_are_drawn():
    assert units(10)[0] == list(range(10))
    shown, heights = units(100)
    assert shown == [0, 1, 2, 3, 96, 97, 98, 99]
    assert np.all(np.diff(heights) < 0)
    assert "⋮" in texts(drawn([Block((100,), ["X"])]))


def test_images_are_sheets_whose_size_follows_that_of_the_image():
    axes = drawn([Block((64, 64, 3), ["X"]), Block((16, 16, 20), ["Pool"])])
    sheets = of_type(axes, Rectangle)[:-1]  # the last one is the background
    assert len(sheets) == 3 + 6
    assert sheets[0].get_height() == pytest.approx(2 * sheets[-1].get_height())
    assert len(of_type(axes, FancyArrowPatch)) == 1
    assert "64 x 64 x 3" in texts(axes)


def test_sequences_are_columns_and_what_is_unknown_a_question_mark():
    axes = drawn([Block((4, 2), ["X"]), Block(None, ["Own"])])
    assert len(of_type(axes, Rectangle)) - 1 == 8
    assert texts(axes).count("?") == 2


def test_only_layers_that_learn_are_coloured():
    axes = drawn([Block((2,), []), Block((2,), ["a"]), Block((2,), ["b"], 5)])
    edges = [tuple(each.get_edgecolor()[0]) for each in of_type(axes, PathCollection)]
    assert len(set(edges)) == 3
    from matplotlib.colors import to_rgba

    assert edges[2] == to_rgba(COLOURS[0])


def test_a_skip_is_an_arrow_above_what_it_passes():
    blocks = [Block((2,), ["X"]), Block((3,), ["a"]), Block((2,), ["b"])]
    axes = drawn(blocks, [Skip(0, 2, "Linear(2, 2)")])
    *_, arrow = of_type(axes, FancyArrowPatch)
    ends = arrow.get_path().vertices[[0, -1]]
    circles = of_type(axes, PathCollection)
    assert ends[0, 0] < circles[1].get_offsets()[0, 0] < ends[1, 0]
    assert "+ Linear(2, 2)" in texts(axes)
    assert "+" in texts(drawn(blocks, [Skip(0, 2, "")]))


def test_many_layers_go_on_in_the_next_row():
    blocks = [Block((2,), [f"layer {i}"]) for i in range(PER_ROW + 2)]
    axes = drawn(blocks, [Skip(0, PER_ROW, "")])
    places = [each.get_offsets()[0] for each in of_type(axes, PathCollection)]
    assert places[PER_ROW][0] == pytest.approx(places[0][0])
    assert places[PER_ROW][1] < places[0][1] - 2
    width, height = size_of(blocks)
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, width), (0, height))
    assert height > 2 * size_of(blocks[:1])[1] - 1


def test_long_and_many_names_are_cut():
    axes = drawn([Block((1,), ["W" * 1000, *"abcdefg"])])
    shown = texts(axes)
    assert max(map(len, shown)) <= 22
    assert shown[-1] == "and 3 more"
