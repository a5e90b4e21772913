"""What a tab plays with."""

from dataclasses import replace

import pytest

from minidl.play.playground import Playground
from minidl.play.points import drawn_sets
from minidl.play.settings import Settings

from .conftest import BATCHES


def trained(playground, batches=BATCHES):
    for _ in range(batches):
        playground.session.step()
    session = playground.session
    session.close()


def test_a_drawing_is_made_once_for_each_progress(playground):
    first = playground.drawing()
    assert first.progress.batch == 0
    assert playground.drawing() is None
    trained(playground, 1)
    second = playground.drawing()
    assert second.progress.batch == 1
    assert (second.pictures.classes != first.pictures.classes).any()


def test_other_settings_begin_anew_and_keep_the_curves_to_compare(playground):
    trained(playground)
    old = playground.session
    playground.choose_settings(replace(playground.settings, broken=0, mistake="bias: forgotten"))
    assert playground.session is not old
    assert playground.earlier is old.progress
    assert playground.drawing().progress.batch == 0


def test_the_same_settings_change_nothing(playground):
    session = playground.session
    playground.choose_settings(Settings())
    assert playground.session is session


def test_a_training_that_ran_runs_on_with_other_settings(playground):
    playground.session.start()
    old = playground.session
    playground.choose_settings(Settings(widths=(3,)))
    assert playground.session.is_running
    assert not old.is_running
    playground.reset()
    assert not playground.session.is_running
    assert playground.earlier is None


def test_another_set_has_other_axes_and_no_earlier_curves(playground):
    trained(playground)
    low = playground.plane.low
    playground.choose_set("blobs")
    assert playground.points.name == "blobs"
    assert playground.plane.low != low
    assert playground.earlier is None
    assert playground.drawing().progress.batch == 0


def test_other_features_are_drawn_of_the_same_training(playground):
    session = playground.session
    playground.drawing()
    playground.choose_features(1, 0)
    assert playground.session is session
    assert playground.drawing() is not None


def test_the_speed_is_that_of_later_trainings_too(playground):
    playground.choose_speed(None)
    playground.choose_settings(Settings(widths=()))
    assert playground.epochs_per_second is None


def test_two_playgrounds_do_not_share_anything(playground):
    other = Playground(drawn_sets())
    other.drawing()
    trained(playground)
    playground.choose_settings(Settings(widths=(2,)))
    assert other.settings == Settings()
    assert other.drawing() is None
    other.close()


def test_each_layer_but_the_last_can_be_broken(playground):
    playground.choose_settings(Settings(widths=(3,), dropout=0.5))
    assert playground.breakable_layers() == {
        0: "layer 0, Linear(2, 3)",
        1: "layer 1, Tanh()",
        2: "layer 2, Dropout(0.5)",
        3: "layer 3, Linear(3, 1)",
    }
    assert "input: the mask is forgotten" in playground.mistakes(2)


@pytest.mark.parametrize("name", drawn_sets())
def test_each_set_can_be_played_with(name):
    playground = Playground({name: drawn_sets()[name]})
    trained(playground)
    assert playground.drawing().progress.epoch == 1
    playground.close()
