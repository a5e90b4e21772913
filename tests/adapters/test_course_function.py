"""CourseFunction: arguments by their names, then in the order of the course."""

import numpy as np
import pytest

from minidl import ArgumentError
from minidl.adapters.course_function import BACKWARD, COST, FORWARD, CourseFunction

VALUES = {"X": 1, "Y": 2, "parameters": {"w": 3, "b": 4}, "output": 5, "cache": 6}
OPTIONS = {"lambd": 7}


def received(function, convention, values=VALUES):
    return CourseFunction(function, convention, set(values), {"w", "b"}, OPTIONS, 0)(values)


@pytest.mark.parametrize(
    ("function", "convention", "expected"),
    [
        (lambda b, X, w: (b, X, w), FORWARD, (4, 1, 3)),
        (lambda y, x, params: (y, x, params), FORWARD, (2, 1, VALUES["parameters"])),
        (lambda p: p, FORWARD, VALUES["parameters"]),
        (lambda data, p: (data, p), FORWARD, (1, VALUES["parameters"])),
        (lambda X, p, /: (X, p), FORWARD, (1, VALUES["parameters"])),
        (lambda X, parameters, extra=8: (X, extra), FORWARD, (1, 8)),
        (lambda X, parameters, *more: (X, more), FORWARD, (1, ())),
        (lambda X, Y, **others: (X, Y, others), BACKWARD, (1, 2, {"lambd": 7})),
        (lambda AL, Y: (AL, Y), COST, (5, 2)),
        (lambda A3, Y, parameters, lambd: (A3, lambd), COST, (5, 7)),
        (lambda s, t: (s, t), COST, (5, 2)),
        (lambda AL, Y, caches: (AL, Y, caches), BACKWARD, (5, 2, 6)),
        (lambda X, Y, kept: (X, Y, kept), BACKWARD, (1, 2, 6)),
        (lambda i, j, k: (i, j, k), BACKWARD, (1, 2, 6)),
        (lambda kept: kept, BACKWARD, 6),
    ],
)
def test_arguments_by_name_then_in_order(function, convention, expected):
    assert received(function, convention) == expected


def test_arrays_are_copies_and_random_numbers_are_the_same_at_each_call():
    values = {"X": np.zeros(3), "parameters": {}}

    def forward(X, parameters):
        X += 1
        return np.random.rand()  # noqa: NPY002

    function = CourseFunction(forward, FORWARD, set(values), set(), {}, 5)
    before = np.random.get_state()[2]  # noqa: NPY002
    first = function(values)
    assert function(values) == first == np.random.RandomState(5).rand()
    assert np.random.get_state()[2] == before  # noqa: NPY002
    assert not values["X"].any()


def test_options_are_copies_too():
    a0 = np.zeros(2)

    def forward(parameters, a0):
        a0 += 1
        return a0.sum()

    function = CourseFunction(forward, FORWARD, {"parameters"}, set(), {"a0": a0}, 0)
    assert function({"parameters": {}}) == function({"parameters": {}}) == 2.0
    assert not a0.any()


def test_what_cannot_be_called_is_refused():
    with pytest.raises(ArgumentError, match="must be callable, got 3"):
        received(3, FORWARD)
    with pytest.raises(ArgumentError, match="has no signature: write def f"):
        received(np.add.reduce if False else dict, FORWARD)
    with pytest.raises(ArgumentError, match="the course does not know: p, q, r, s"):
        received(lambda p, q, r, s: 0, FORWARD)
    with pytest.raises(ArgumentError, match=r"must have names, got \(\*args, .*: write def .*X, Y"):
        received(lambda *args, **named: 0, BACKWARD)
    assert received(lambda: 8, BACKWARD) == 8  # it goes back from the last forward propagation
