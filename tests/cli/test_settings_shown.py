"""The options of a command on a page."""

import argparse

import pytest

from minidl.cli.settings_shown import setting_texts, settings_of


@pytest.mark.parametrize(
    ("value", "text"), [([20, 7], "20, 7"), (0, "0"), (0.5, "0.5"), (True, "yes"), ("he", "he")]
)
def test_what_has_a_value_is_shown_by_its_name_on_the_command_line(value, text):
    options = argparse.Namespace(batch_size=value, l2=None, metrics=[], fresh=False, json=True)
    assert setting_texts(options) == {"batch-size": text}


def test_what_says_only_how_to_print_is_no_setting():
    options = argparse.Namespace(command="train", run=print, json=True, debug=False, epochs=3)
    assert settings_of(options) == {"epochs": 3}
