"""Figures in a page."""

import sys

import pytest

from minidl.html_pages.figures import Picture, drawn


def draw(title="title"):
    from minidl.drawing.figure import new_figure

    axes = new_figure("draw", 2, 1).add_subplot()
    axes.set_title(title)
    return axes


def test_a_figure_is_there_in_both_looks():
    pytest.importorskip("matplotlib")
    made = drawn([Picture(draw, "<curve>"), Picture(draw, "other", "png")])
    assert made.count("<figure>") == 2
    assert made.count('alt="&lt;curve&gt;"') == 2
    assert made.count("data:image/svg+xml;base64,") == 2
    assert made.count("data:image/png;base64,") == 2
    for look in ("light", "dark"):
        assert made.count(f'class="for-{look}"') == 2


def test_without_matplotlib_a_line_says_what_to_install_once(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    made = drawn([Picture(draw, "a"), Picture(draw, "b")])
    assert made.startswith('<p class="muted">No pictures: draw needs matplotlib')
    assert made.count("pip install") == 1
