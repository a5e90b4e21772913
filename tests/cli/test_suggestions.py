"""Suggestions for misspelled words."""

import pytest

from minidl.cli.suggestions import did_you_mean


@pytest.mark.parametrize(
    ("word", "meant"), [("learning_rate", "learning-rate"), ("epoch", "epochs"), ("zzz", "")]
)
def test_the_most_similar_word_is_suggested(word, meant):
    known = (name for name in ("learning-rate", "epochs", "out"))
    assert did_you_mean(word, known) == (f": did you mean {meant}?" if meant else "")
