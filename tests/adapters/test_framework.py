"""What the adapters of frameworks share."""

from collections import namedtuple

import numpy as np
import pytest

from minidl import ArgumentError
from minidl.adapters.framework import (
    arguments_of,
    as_arrays,
    as_result,
    check_pair,
    is_array_of_floats,
    leaves_of,
    require_callable,
)

Pair = namedtuple("Pair", "a b")


def test_leaves_of_nested_structures():
    assert leaves_of({"a": [1, (2, 3)], "b": Pair(4, 5)}) == [1, 2, 3, 4, 5]
    assert leaves_of(7) == [7]


def test_lists_become_arrays():
    array, text = as_arrays([[1.0, 2.0], "same"])
    assert array.tolist() == [1.0, 2.0]
    assert text == "same"


def test_arrays_of_floats():
    assert is_array_of_floats(np.zeros(2))
    assert is_array_of_floats(np.zeros(2, complex))
    assert not is_array_of_floats(np.zeros(2, int))
    assert not is_array_of_floats(1.0)


def test_names_of_arguments():
    assert arguments_of(lambda ctx, x, /, w, *rest, key=1: 0, skip=1) == ["x", "w"]
    assert arguments_of(dict) is None


def test_a_pair_with_names():
    def forward(*arrays):
        return arrays[0] * arrays[1]

    def gradients(cotangents, arrays):
        return cotangents[0] * arrays[1], 2 * cotangents[0] * arrays[0]

    inputs = [np.array([1.0, 2.0]), np.array([3.0, -1.0])]
    for names in (["x"], None):
        report = check_pair(forward, gradients, inputs, names, "a product", {"seed": 1})
        assert [check.parameter for check in report.failures] == ["input1"]
        assert report.title.startswith("a product: ")


def test_one_output_alone_and_several_in_a_tuple():
    assert as_result([1]) == 1
    assert as_result([1, 2]) == (1, 2)


def test_a_list_of_arrays_stays_a_list():
    (pair,) = as_arrays([[np.zeros(2), np.zeros(3)]])
    assert isinstance(pair, list)
    assert as_arrays([[[1.0, 2.0], [3.0]]]) == [[[1.0, 2.0], [3.0]]]


def test_what_cannot_be_called_is_refused():
    require_callable(np.sin, "a function")
    with pytest.raises(ArgumentError, match=r"function must be an Op, got 3: pass the function"):
        require_callable(3, "an Op")
    with pytest.raises(ArgumentError, match=r"^reference must be an Op, got None"):
        require_callable(None, "an Op", "reference")
