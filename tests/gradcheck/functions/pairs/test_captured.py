"""Backward functions that read their input from a closure or a global."""

import numpy as np

from minidl import check_function
from minidl.gradcheck.functions.pairs.captured import CapturedInputs

X = np.random.default_rng(0).standard_normal((3, 4))


def of_a_global(dy):
    return np.cos(X) * dy


def names_read_by(function, names, inputs):
    return CapturedInputs(function, names, inputs).names


def test_globals_closures_and_views_are_seen():
    local = X.copy()
    view = local[:1]
    assert names_read_by(of_a_global, ["x"], [X]) == ["x"]
    assert names_read_by(lambda dy: dy * view, ["w", "x"], [X, local]) == ["x"]
    assert names_read_by(lambda dy, x: dy * np.cos(x), ["x"], [X]) == []


def test_what_has_no_variables_holds_none():
    assert names_read_by(np.sin, ["x"], [X]) == []


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


class Kept:
    """It keeps its first input in an attribute of the name of a global."""

    def forward(self, x):
        if not hasattr(self, "X"):
            self.X = x.copy()
        return np.sin(x)

    def backward(self, dy):
        return dy * np.cos(self.X)


class Reader:
    """It reads the global in a function inside of its method."""

    def __call__(self, dy):
        return np.array([(lambda row, i: row * np.cos(X[i]))(row, i) for i, row in enumerate(dy)])


def test_an_attribute_is_no_global_of_its_name():
    kept = Kept()
    assert names_read_by(kept.backward, ["x"], [X]) == []
    assert names_read_by(Reader(), ["x"], [X]) == ["x"]
    report = check_function(kept.forward, kept.backward, X)
    assert [check.parameter for check in report.failures] == ["follows its argument"]


def test_variables_are_renewed_for_a_while():
    other, view, inputs = X + 1, X[1:], [X.copy()]
    held, part = inputs[0], inputs[0][1:]
    captured = CapturedInputs(lambda: (held, part, view), ["x"], inputs)
    assert captured.can_be_renewed
    with captured.renewed([other]):
        assert np.array_equal(held, other)
        assert np.array_equal(part, other[1:])
        assert np.array_equal(view, X[1:])
    assert held is inputs[0]
    assert np.array_equal(held, X)
    inputs[0].flags.writeable = False
    assert not CapturedInputs(lambda: part, ["x"], inputs).can_be_renewed
