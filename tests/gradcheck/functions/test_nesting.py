"""Containers that are nested too deep, or endlessly."""

import numpy as np
import pytest

from minidl import check_function, check_gradients
from minidl.errors import ArgumentError
from minidl.gradcheck.functions.nesting import check_nesting


def nested(depth):
    value = np.ones(2)
    for _ in range(depth):
        value = [value]
    return value


def in_itself():
    value = {"a": np.ones(2)}
    value["b"] = (value,)
    return value


@pytest.mark.parametrize(
    ("value", "words"), [(nested(3_000), "at most 100 deep"), (in_itself(), "contain itself")]
)
def test_what_no_function_can_go_through_is_refused(value, words):
    with pytest.raises(ArgumentError, match=f"parameters must .*{words}"):
        check_gradients(lambda p: 0.0, lambda p: p, value)
    with pytest.raises(ArgumentError, match=f"p must .*{words}"):
        check_function(lambda p: np.ones(2), lambda dy: dy, value)


def test_other_containers_are_not():
    shared = [np.ones(2)]
    check_nesting([shared, shared, {"a": shared}], "inputs")
    check_nesting(nested(100), "inputs")
    check_nesting(3, "inputs")
    check_nesting("abc", "inputs")
