"""merge_reports: all rows, each note once."""

import numpy as np

from minidl import check_gradients
from minidl.adapters.merge import merge_reports


def report(name, factor):
    return check_gradients(
        lambda p: np.sum(p[name] ** 3),
        lambda p: {name: factor * p[name] ** 2},
        {name: np.array([1.0, -2.0])},
    )


def test_rows_notes_and_the_largest_difference():
    right, wrong = report("a", 3), report("b", 2)
    right.notes, wrong.notes = ["one", "two"], ["two"]
    merged = merge_reports([right, wrong], "both")
    assert [check.parameter for check in merged.checks] == ["a", "b"]
    assert merged.guilty.parameter == "b"
    assert merged.notes == ["one", "two"]
    assert merged.difference == wrong.difference
    assert merged.title == "both"
    assert merged.method == right.method
