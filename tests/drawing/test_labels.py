"""Validation of class numbers, class names and counts."""

import numpy as np
import pytest

from minidl import ArgumentError, DtypeError, ShapeError
from minidl.drawing.labels import check_class_names, check_class_numbers, check_count


@pytest.mark.parametrize(
    "values", [[0, 2, 1], [[0.0], [2.0], [1.0]], np.array([0, 2, 1], np.uint8)]
)
def test_class_numbers_become_a_vector_of_integers(values):
    numbers = check_class_numbers(values, "labels", 3, "here")
    assert numbers.dtype == np.int64
    assert numbers.tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([], ShapeError, r"labels must be a vector \(m,\).*got shape \(0,\) in here"),
        ([[0, 1]], ShapeError, r"got shape \(1, 2\)"),
        ([0, 0.5], DtypeError, r"labels must hold integers, got 0\.5 in here"),
        ([0, 3], ArgumentError, r"labels must be in 0\.\.2, got 0 to 3 in here"),
        ([-1, 0], ArgumentError, "got -1 to 0"),
    ],
)
def test_other_class_numbers_are_refused(values, error, message):
    with pytest.raises(error, match=message):
        check_class_numbers(values, "labels", 3, "here")


def test_one_example_of_one_class_is_enough_and_two_columns_are_not():
    assert check_class_numbers([0], "labels", 1, "here").tolist() == [0]
    with pytest.raises(ShapeError, match=r"got shape \(2, 2\)"):
        check_class_numbers([[0, 1], [1, 0]], "labels", 2, "here")


def test_class_names_become_strings():
    assert check_class_names((1, "b"), "here") == ["1", "b"]
    assert check_class_names(["a", "b"], "here", 2) == ["a", "b"]


@pytest.mark.parametrize(
    ("names", "n_classes", "message"),
    [
        ("ab", None, "classes must be the names of all classes, got 'ab' in here"),
        ([], None, r"got \[\]"),
        ({"a"}, None, "got {'a'}"),
        (["a"], 2, r"classes must be the names of the 2 classes, got \['a'\] in here"),
    ],
)
def test_other_class_names_are_refused(names, n_classes, message):
    with pytest.raises(ArgumentError, match=message):
        check_class_names(names, "here", n_classes)


def test_a_count_is_an_integer_of_at_least_1():
    assert check_count(np.int64(2), "columns", "here") == 2
    for value in (0, 1.0, True, "1"):
        with pytest.raises(ArgumentError, match=f"columns must be an integer >= 1, got {value!r}"):
            check_count(value, "columns", "here")
