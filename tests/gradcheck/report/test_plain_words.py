"""Diagnoses in plain words."""

import pytest

from minidl.gradcheck.report.plain_words import plain_words


@pytest.mark.parametrize(
    ("diagnosis", "words"),
    [
        ("consistent with: a wrong sign", "it looks like a wrong sign"),
        (
            "analytic = 2 x numeric: consistent with a mean",
            "yours = 2 x the right one: it looks like a mean",
        ),
        ("analytical numerics", "analytical numerics"),
        ("", ""),
    ],
)
def test_the_terms_of_gradient_checking_are_replaced(diagnosis, words):
    assert plain_words(diagnosis) == words
