"""Backward functions that read their input from a closure or a global."""

import numpy as np

from minidl import check_function
from minidl.gradcheck.functions.pairs.captured import captured_names

X = np.random.default_rng(0).standard_normal((3, 4))


def of_a_global(dy):
    return np.cos(X) * dy


def test_globals_closures_and_views_are_seen():
    local = X.copy()
    view = local[:1]
    assert captured_names(of_a_global, ["x"], [X]) == ["x"]
    assert captured_names(lambda dy: dy * view, ["w", "x"], [X, local]) == ["x"]
    assert captured_names(lambda dy, x: dy * np.cos(x), ["x"], [X]) == []


def test_what_has_no_variables_holds_none():
    assert captured_names(np.sin, ["x"], [X]) == []


def test_a_backward_that_reads_its_input_itself_is_right_for_this_input():
    report = check_function(np.sin, of_a_global, X)
    assert report.ok
    assert any("backward reads" in note for note in report.notes)


def test_a_stale_cache_is_no_reading_of_the_input():
    cache = {}

    def forward(x):
        cache.setdefault("x", x)
        return np.sin(x)

    report = check_function(forward, lambda dy: dy * np.cos(cache["x"].real), X)
    assert "stale" in str(report)
    assert report.guilty.term == "protocol"
