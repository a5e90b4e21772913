"""The page of a tab, without a browser: what its widgets do."""

import threading

import numpy as np
import pytest

pytest.importorskip("bokeh")

from bokeh.events import ButtonClick
from bokeh.server.callbacks import NextTickCallback

from minidl.play.points import PointSet

from .conftest import BATCHES


def click(button):
    button.document.callbacks.trigger_event(ButtonClick(button))


def train(page, batches):
    """Train batches, wait for them, and draw."""
    for _ in range(batches):
        click(page.step)
    session = page.playground.session
    session.close()
    progress = session.progress
    page.refresh()
    return progress


def ended_checks(page):
    """Wait for the checks, and return what they ask the page to do."""
    for thread in threading.enumerate():
        if thread.name == "minidl play: check":
            thread.join()
    callbacks = page.document.session_callbacks
    return [each.callback for each in callbacks if isinstance(each, NextTickCallback)]


def finish_checks(page):
    """Wait for the check, and do what it asks the page to do."""
    for callback in ended_checks(page):
        callback()


def test_at_first_it_shows_the_untrained_network(new_page):
    page = new_page()
    assert "Not trained yet" in page.status.text
    assert page.start.label == "Start"
    assert len(page.document.get_model_by_name("classes").data["image"]) == 1
    assert "class 1" in page.document.get_model_by_name("legend").text


def test_batches_are_trained_and_drawn(new_page):
    page = new_page()
    train(page, 3)
    assert f"Epoch 1, batch 3 of {BATCHES}" in page.status.text
    assert "loss of this batch" in page.status.text
    page = new_page()
    train(page, BATCHES + 1)
    assert "Epoch 2, batch 1" in page.status.text
    assert "validation" in page.status.text
    assert page.document.get_model_by_name("curve").data["epoch"] == [1]


def test_start_and_pause_are_one_button(new_page):
    page = new_page()
    click(page.start)
    assert page.start.label == "Pause"
    click(page.start)
    assert page.start.label == "Start"
    click(page.reset)
    assert not page.playground.session.is_running


def test_widths_that_are_none_are_explained_and_change_nothing(new_page):
    page = new_page()
    session = page.playground.session
    widths = page.document.get_model_by_name("widths")
    widths.value = "<b>"
    assert "got &#x27;&lt;b&gt;&#x27;" in page.status.text
    assert page.playground.session is session
    widths.value = "4"
    assert page.playground.settings.widths == (4,)
    assert "Not trained yet" in page.status.text


def test_another_set_is_shown_with_its_classes(new_page):
    page = new_page()
    page.controls.dataset.value = "blobs"
    assert page.playground.points.name == "blobs"
    assert "class 2" in page.document.get_model_by_name("legend").text


def test_speed_is_handed_on(new_page):
    page = new_page()
    page.controls.speed.value = "as fast as it can"
    assert page.playground.epochs_per_second is None


def test_a_mistake_is_made_found_and_named(new_page):
    page = new_page()
    page.breaking.layer.value = "2"
    page.breaking.mistake.value = "bias: wrong sign"
    assert page.playground.settings.broken == 2
    click(page.breaking.check)
    finish_checks(page)
    assert "layer 2 Linear(8, 8) bias" in page.breaking.result.text
    page.breaking.mistake.value = ""
    assert page.breaking.result.text == ""


def test_what_is_found_of_an_earlier_network_is_not_shown(new_page):
    page = new_page()
    page.breaking.mistake.value = "bias: forgotten"
    click(page.breaking.check)
    page.breaking.mistake.value = ""
    finish_checks(page)
    assert page.breaking.result.text == ""


def test_an_earlier_check_that_ends_last_hides_no_later_one(new_page):
    page = new_page()
    page.document.get_model_by_name("widths").value = "3"
    click(page.breaking.check)
    (earlier,) = ended_checks(page)
    page.breaking.mistake.value = "bias: forgotten"
    click(page.breaking.check)
    finish_checks(page)
    earlier()
    assert "A gradient is wrong" in page.breaking.result.text


def test_after_a_reset_the_check_can_be_asked_for_again(new_page):
    page = new_page()
    click(page.breaking.check)
    click(page.reset)
    finish_checks(page)
    assert page.breaking.result.text == ""
    assert not page.breaking.check.disabled


def test_a_check_that_cannot_be_made_says_why(new_page):
    page = new_page()
    session = page.playground.session
    session.progress = session.progress._replace(theta=session.progress.theta * np.nan)
    click(page.breaking.check)
    finish_checks(page)
    assert "finite" in page.breaking.result.text
    assert not page.breaking.check.disabled


def test_names_from_a_file_are_escaped_and_all_columns_can_be_drawn(new_page):
    X, Y = np.random.default_rng(0).standard_normal((20, 3)), np.arange(20).reshape(-1, 1) % 2
    points = PointSet("x.csv", ("<i>", "b\n"), ("p", "$$q$$", "r"), (X, Y), (X, Y))
    page = new_page({"x.csv": lambda: points})
    legend = page.document.get_model_by_name("legend").text
    assert "&lt;i&gt;" in legend
    assert "b\\n" in legend
    assert "at their mean" in legend
    page.controls.y_axis.value = "2"
    assert page.document.get_model_by_name("plane").yaxis[0].axis_label.text == "r"


def test_two_pages_do_not_disturb_each_other(new_page):
    first, second = new_page(), new_page()
    first.document.get_model_by_name("widths").value = "3"
    train(first, 2)
    second.refresh()
    assert "Not trained yet" in second.status.text
    assert second.playground.settings.widths == (8, 8)
