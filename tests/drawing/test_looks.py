"""The light and the dark look."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
import matplotlib
from matplotlib.colors import ListedColormap, to_hex, to_rgb
from matplotlib.figure import Figure

from minidl import ArgumentError
from minidl.drawing.figure import COLOURS, GREY
from minidl.drawing.looks import DARK, INK, PAPER, adapt, look_of, set_look

DARK_STYLE = {
    "figure.facecolor": "black",
    "axes.facecolor": "black",
    "axes.titlecolor": "white",
    "text.color": "white",
}


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return np.dot(linear, (0.2126, 0.7152, 0.0722))


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def drawn():
    """Return a figure of a line, points, an area, text, a matrix with its colours, and a legend."""
    figure = Figure()
    axes = figure.subplots(1, 2)
    axes[0].plot([0, 1], [0, 1], color=COLOURS[0], label="line")
    axes[0].scatter([0, 1, 2], [1, 0, 1], c=COLOURS[6], edgecolors="white", label="points")
    axes[0].pcolormesh([[0, 1]], cmap=ListedColormap(COLOURS[:2]), alpha=0.3)
    axes[0].text(0, 0, "text")
    axes[0].set_title("title", color=GREY)
    axes[0].legend()
    axes[0].grid()
    figure.colorbar(axes[1].imshow([[0, 1]], cmap="Blues"))
    return figure


def colours(figure):
    axes, image_axes = figure.axes[:2]
    mesh = next(each for each in axes.collections if each.get_array() is not None)
    tick = axes.xaxis.get_major_ticks()[0]
    return {
        "figure": to_hex(figure.get_facecolor()),
        "axes": to_hex(axes.get_facecolor()),
        "frame": to_hex(axes.spines["left"].get_edgecolor()),
        "tick": to_hex(tick.tick1line.get_color()),
        "number": to_hex(tick.label1.get_color()),
        "grid": to_hex(tick.gridline.get_color()),
        "line": to_hex(axes.get_lines()[0].get_color()),
        "points": to_hex(axes.collections[0].get_facecolor()[0]),
        "edges": to_hex(axes.collections[0].get_edgecolor()[0]),
        "classes": [to_hex(mesh.cmap(k)) for k in (0, 1)],
        "text": to_hex(axes.texts[0].get_color()),
        "title": to_hex(axes.title.get_color()),
        "legend": to_hex(axes.get_legend().get_texts()[0].get_color()),
        "legend's frame": to_hex(axes.get_legend().get_frame().get_facecolor()),
        "matrix": image_axes.get_images()[0].get_cmap().name,
        "scale": to_hex(figure.axes[2].get_facecolor()),
    }


def test_the_dark_look_exchanges_every_colour_and_the_light_one_brings_all_back():
    figure = drawn()
    light = colours(figure)
    settings = dict(matplotlib.rcParams)
    assert set_look(figure, "dark") is figure
    dark = colours(figure)
    assert dark == {
        "figure": DARK[PAPER],
        "axes": DARK[PAPER],
        "frame": DARK[INK],
        "tick": DARK[INK],
        "number": DARK[INK],
        "grid": DARK["#b0b0b0"],
        "line": DARK[COLOURS[0].lower()],
        "points": DARK[INK],
        "edges": DARK[PAPER],
        "classes": [DARK[COLOURS[0].lower()], COLOURS[1].lower()],
        "text": DARK[INK],
        "title": DARK[GREY],
        "legend": DARK[INK],
        "legend's frame": DARK[PAPER],
        "matrix": "Blues (dark)",
        "scale": DARK[PAPER],
    }
    set_look(figure, "dark")
    assert colours(figure) == dark, "twice is once"
    set_look(figure.axes, "light")
    assert colours(figure) == light
    assert dict(matplotlib.rcParams) == settings


def test_what_is_half_transparent_stays_so():
    figure = drawn()
    before = figure.axes[0].get_legend().get_frame().get_alpha()
    set_look(figure, "dark")
    mesh = next(each for each in figure.axes[0].collections if each.get_array() is not None)
    assert mesh.get_alpha() == 0.3
    assert figure.axes[0].get_legend().get_frame().get_alpha() == before


def test_lines_and_text_stand_out_from_their_paper():
    for colour in COLOURS:
        assert contrast(DARK.get(colour.lower(), colour), DARK[PAPER]) >= 4.5
    for ink in (INK, GREY):
        assert contrast(ink, PAPER) >= 4.5
        assert contrast(DARK[ink], DARK[PAPER]) >= 4.5


def test_on_a_dark_background_what_is_black_becomes_light_and_what_is_white_stays():
    with matplotlib.rc_context(DARK_STYLE):
        axes = Figure().subplots(1, 2)
    axes[1].set_facecolor("white")
    lines = [each.plot([0, 1], color="black", label="line")[0] for each in axes]
    white = axes[0].plot([1, 0], color="white")[0]
    legends = [each.legend() for each in axes]
    assert adapt(axes) is axes
    assert [to_hex(line.get_color()) for line in lines] == [DARK[INK], INK]
    assert [to_hex(each.legend_handles[0].get_color()) for each in legends] == [DARK[INK], INK]
    assert to_hex(white.get_color()) == "#ffffff"
    assert to_hex(axes[0].title.get_color()) == "#ffffff"
    assert [look_of(each) for each in axes] == ["dark", "light"]


def test_a_figure_in_a_dark_style_of_matplotlib_is_dark_and_can_become_light():
    with matplotlib.rc_context(DARK_STYLE):
        figure = Figure()
        axes = figure.subplots()
    set_look(figure, "dark")
    assert to_hex(figure.get_facecolor()) == "#000000", "as the user wants it"
    set_look(figure, "light")
    assert to_hex(figure.get_facecolor()) == to_hex(axes.get_facecolor()) == PAPER
    assert to_hex(axes.title.get_color()) == INK
    set_look(figure, "dark")
    assert to_hex(figure.get_facecolor()) == DARK[PAPER]


def test_other_looks_and_other_things_are_refused():
    with pytest.raises(ArgumentError, match='look must be "light" or "dark", got \'blue\''):
        set_look(Figure(), "blue")
    with pytest.raises(ArgumentError, match="axes must be a sequence of matplotlib Axes, got 3"):
        set_look(3, "dark")
