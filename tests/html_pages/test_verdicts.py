"""Outcomes in their colours."""

import pytest

from minidl.html_pages.markup import element
from minidl.html_pages.verdicts import verdict_box, verdict_word


@pytest.mark.parametrize(
    ("verdict", "name"),
    [
        ("ok", "good"),
        ("pass", "good"),
        ("unresolved", "doubtful"),
        ("fail", "bad"),
        ("error", "bad"),
    ],
)
def test_an_outcome_is_a_word_and_a_colour(verdict, name):
    assert verdict_word(verdict) == f'<span class="badge {name}">{verdict}</span>'


def test_the_first_thing_of_a_page_is_the_outcome():
    made = verdict_box("failed", "FAILED: 1 < 2", element("p", "why"))
    line = '<p class="badge">FAILED: 1 &lt; 2</p>'
    assert made == f'<div class="verdict bad">{line}<p>why</p></div>'
