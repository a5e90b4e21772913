"""The widgets of the settings."""

import pytest

pytest.importorskip("bokeh")

from minidl import ArgumentError
from minidl.play.controls import CHOICES, SPEEDS, Controls
from minidl.play.playground import SPEED
from minidl.play.points import drawn_sets
from minidl.play.settings import Settings


@pytest.fixture
def controls():
    return Controls(drawn_sets(), Settings())


def widget(controls, name):
    return next(each for each in controls.widgets if each.name == name)


def test_they_show_the_settings_that_they_are_made_with(controls):
    assert controls.settings() == Settings()
    assert controls.epochs_per_second == SPEED
    assert controls.dataset.value == "moons"


@pytest.mark.parametrize("field", CHOICES)
def test_each_choice_changes_its_setting(controls, field):
    called = []
    controls.on_settings(lambda: called.append(field))
    before = widget(controls, field).value
    labels = [label for label in CHOICES[field][1] if label != before]
    for label in labels:
        widget(controls, field).value = label
        assert getattr(controls.settings(), field) == CHOICES[field][1][label]
    assert called == [field] * len(labels)


def test_units_are_written(controls):
    widget(controls, "widths").value = "3, 2"
    assert controls.settings().widths == (3, 2)
    widget(controls, "widths").value = "three"
    with pytest.raises(ArgumentError, match="units of the hidden layers"):
        controls.settings()


def test_axes_are_offered_where_there_is_a_choice(controls):
    moons = drawn_sets()["moons"]()
    controls.show_features(moons)
    assert not controls.x_axis.visible
    controls.show_features(moons._replace(features=("p", "q\n", "r" * 99)))
    assert controls.x_axis.visible
    assert controls.x_axis.options[:2] == [("0", "p"), ("1", "q\\n")]
    assert len(controls.x_axis.options[2][1]) < 99
    controls.y_axis.value = "2"
    assert controls.features == (0, 2)


def test_every_widget_has_a_label(controls):
    assert all(each.title for each in controls.widgets)
    assert len({each.title for each in controls.widgets}) == len(controls.widgets)
    assert [*SPEEDS.values()][-1] is None
