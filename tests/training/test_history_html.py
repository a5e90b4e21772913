"""A history as HTML."""

import sys

import pytest

from minidl import ArgumentError, History
from minidl.training.history_html import render_history


def history(**columns):
    made = History()
    for row in zip(*columns.values(), strict=True):
        made.add(dict(zip(columns, row, strict=True)))
    return made


FULL = {
    "loss": [0.7, 0.5, 0.4],
    "learning_rate": [0.1, 0.1, 0.1],
    "val_loss": [0.6, 0.5, 0.55],
    "<gap>": [1.0, 2.0, 3.0],
}


def test_curves_have_words_that_say_what_they_show():
    pytest.importorskip("matplotlib")
    html = render_history(history(**FULL), held_out="test")
    assert html.count("<figure>") == 2  # the learning rate has none
    assert 'alt="loss over 3 epochs: training from 0.7 to 0.4; test from 0.6 to 0.55"' in html
    assert 'alt="&lt;gap&gt; over 3 epochs: training from 1 to 3"' in html


def test_the_best_epoch_and_why_training_stopped_are_told():
    made = history(**FULL)
    made.stopped, made.seconds = "patience & luck", 1.26
    html = render_history(made)
    for fact in ("<dt>epochs</dt><dd>3", "<dd>1.3 s", "<dt>best val_loss</dt><dd>0.5, epoch 2"):
        assert fact in html
    assert "patience &amp; luck" in html
    assert "the best val_loss is that of epoch 2" in html
    assert html.count("<tr>") == 4


def test_a_new_history_has_no_picture():
    assert render_history(History()) == "<p>No epochs yet.</p>"


def test_without_matplotlib_there_is_the_table_and_the_pip_line(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    html = history(**FULL).save_html(tmp_path / "a.html").read_text("utf-8")
    assert html.count("pip install") == 1
    assert html.count("<tr>") == 4


def test_it_is_saved_as_a_page_and_shown_in_a_notebook(tmp_path):
    made = history(loss=[0.5, 0.4])
    html = made.save_html(tmp_path / "a.html").read_text("utf-8")
    assert "<h1>Training</h1>" in html
    assert made._repr_html_().startswith('<div class="minidl">')
    with pytest.raises(ArgumentError, match=r"History\.save_html writes a page"):
        made.save_html(tmp_path / "a.png")


def test_a_long_training_makes_no_large_page(monkeypatch, tmp_path):
    pytest.importorskip("matplotlib")
    made = history(loss=[float(epoch % 2) for epoch in range(1_999)])
    shown = []
    plot = History.plot

    def spied(self, *arguments, **options):
        axes = plot(self, *arguments, **options)
        shown.append(axes.lines[0].get_xydata())
        return axes

    monkeypatch.setattr(History, "plot", spied)
    html = render_history(made)
    (points,) = shown
    assert points[[0, 1, -1], 0].tolist() == [3, 7, 1_999]
    assert len(points) == 500
    assert (points[:, 1] == (points[:, 0] - 1) % 2).all()
    assert "The curves show one epoch in 4." in html
    assert "one epoch in" not in render_history(history(loss=[1.0] * 500))
