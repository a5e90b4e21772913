"""The object to be checked must be of the right kind."""

import pytest

from minidl import ArgumentError, Layer, ReLU
from minidl.testing.arguments import check_count, check_instance


def test_an_instance_of_the_class_is_accepted():
    check_instance(Layer, ReLU())


@pytest.mark.parametrize("value", [ReLU, 3, None])
def test_anything_else_is_refused_with_the_cure(value):
    with pytest.raises(
        ArgumentError, match=r"layer must be a Layer, .* derive it from minidl\.Layer"
    ):
        check_instance(Layer, value)


def test_a_count_is_an_integer_of_1_or_more():
    check_count("m", 1, 5)
    for value in (0, 2.0, True, "a"):
        with pytest.raises(
            ArgumentError, match=r"m must be an integer >= 1, got .*: pass e.g. m=5"
        ):
            check_count("m", value, 5)
