"""Calls that do not fit the signature of backward."""

import numpy as np
import pytest

from minidl import check_function
from minidl.errors import ArgumentError
from minidl.gradcheck.functions.pairs.signature import (
    accepts,
    check_no_cache_wanted,
    hint_of_arguments,
    takes_any_number,
)

X = np.array([0.5, -1.0, 2.0])


def test_functions_without_a_signature_accept_all():
    assert accepts(max, [1, 2])
    assert accepts(lambda a, b: a, [1, 2])
    assert not accepts(lambda a, b: a, [1])
    check_no_cache_wanted(max, 2)


def test_a_cache_is_no_output():
    def forward(x):
        return np.sin(x), x

    def backward(dout, cache):
        return dout * np.cos(cache)

    with pytest.raises(ArgumentError, match="cache=True was not passed"):
        check_function(forward, backward, X)
    assert check_function(forward, backward, X, cache=True).ok


def test_missing_arguments_have_a_hint():
    report = check_function(np.sin, lambda dy, x: dy * np.cos(x), X)
    assert "backward_inputs=True" in report.guilty.diagnosis
    assert hint_of_arguments(lambda dy: dy, [X]) == ""

    def raises(dy):
        raise TypeError("of another kind")

    assert "cache=True" not in check_function(np.sin, raises, X).guilty.diagnosis


def test_a_forward_that_is_random_is_refused_in_its_own_words():
    rng = np.random.default_rng(0)
    with pytest.raises(ArgumentError, match="forward must return the same"):
        check_function(lambda x: x * rng.random(x.shape), lambda dy: dy, X)


def test_outputs_without_floats_have_an_incoming_gradient_only_where_it_is_taken():
    def forward(x):
        return np.sin(x), x.real.argmax(), "name"

    for backward in (
        lambda dy, x: dy * np.cos(x),
        lambda dy, x, axis=0, more=None: dy * np.cos(x),
        lambda dy, dk, dname, x: dy * np.cos(x),
        lambda *all_of_them: all_of_them[0] * np.cos(all_of_them[3]),
    ):
        assert check_function(forward, backward, X, backward_inputs=True).ok
    assert takes_any_number(max)
    assert not takes_any_number(forward)
