"""The structure of JSON values."""

import pytest

from minidl.serialization.strict_json import matches_schema


@pytest.mark.parametrize(
    ("value", "form", "holds"),
    [
        ({"class": "ReLU", "at": [1, 2]}, {"class": str, "at": [int]}, True),
        ({"class": "ReLU", "at": [1, 2.0]}, {"class": str, "at": [int]}, False),
        ({"class": "ReLU"}, {"class": str, "at": [int]}, False),
        ({"class": "ReLU", "at": [], "more": 1}, {"class": str, "at": [int]}, False),
        ([True], [int], False),
        ({}, [int], False),
        ("b", ("a", "b"), True),
        (["b"], ("a", "b"), False),
    ],
)
def test_the_structure_of_json_values(value, form, holds):
    assert matches_schema(value, form) == holds
