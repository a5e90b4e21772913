"""Second points of backward functions that read an input themselves."""

import numpy as np
import pytest

from minidl import check_function

X = np.random.default_rng(0).standard_normal((3, 4))
STALE = np.cos(X)


def stale_beside_its_size(dy):
    return dy * STALE * (len(X) / 3)


def with_the_size(dy, x):
    return dy * np.cos(x) * (len(X) / 3)


@pytest.mark.parametrize(
    ("backward", "options", "fails", "notes"),
    [
        (lambda dy: dy * np.cos(X), {}, False, "right for no other input"),
        (with_the_size, {"backward_inputs": True}, False, "right for no other input"),
        (stale_beside_its_size, {}, True, ""),
    ],
    ids=["right", "right, reads a size", "stale, reads a size"],
)
def test_what_is_read_is_renewed(backward, options, fails, notes):
    before = X.copy()
    report = check_function(np.sin, backward, X, **options)
    assert [check.parameter for check in report.failures] == ["follows its argument"] * fails
    assert any(notes in note for note in report.notes) == bool(notes)
    assert np.array_equal(X, before)


def test_a_constant_that_is_the_input_at_the_same_time_is_not_renewed():
    x = X.copy()
    report = check_function(
        lambda a: np.sin(a) * x, lambda dy, a: dy * np.cos(a) * x, x, backward_inputs=True
    )
    assert report.ok
    report = check_function(lambda a: np.sin(a) * x, lambda dy: dy * np.cos(x) * x, x)
    assert report.ok
    assert any("not asked at a second point" in note for note in report.notes)
