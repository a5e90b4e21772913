"""What a diagnosis is drawn from."""

import numpy as np
import pytest

from minidl.gradcheck.diagnosis.evidence import (
    Evidence,
    are_close,
    constant_ratio,
    format_indices,
    format_ranges,
)


@pytest.mark.parametrize(
    ("a", "n", "r"),
    [
        ([2.0, 4.0], [1.0, 2.0], 2),
        ([2.0, 4.1], [1.0, 2.0], None),
        ([1.0], [0.0], None),
        ([0.0], [1.0], None),
    ],
)
def test_the_constant_ratio(a, n, r):
    assert constant_ratio(np.array(a), np.array(n)) == r


def test_the_bar_says_what_is_wrong():
    e = Evidence(np.array([1.0, 2.0]), np.array([1.1, 2.1]), bar=np.array([0.2, 0.05]))
    np.testing.assert_array_equal(e.wrong, [False, True])


def test_close_arrays_differ_by_a_ten_millionth_of_the_largest():
    n = np.array([1.0, 1e-9])
    assert are_close(n + 9e-8, n)
    assert not are_close(n + 2e-7, n)
    assert not are_close(n, n[:1])
    assert not are_close(n, np.array([np.inf, -np.inf]))
    assert not are_close(n, np.array([np.nan, 1.0]))


def test_long_lists_of_indices_are_shortened():
    assert format_indices(np.arange(3)) == "0, 1, 2"
    assert format_indices(np.arange(9)) == "0, 1, 2, 3, 4, 5 ..."


def test_neighbouring_indices_are_a_range():
    assert format_ranges(np.array([0, 1, 2, 5, 7, 8])) == "0 to 2, 5, 7 to 8"
    assert format_ranges(np.arange(0, 20, 2)) == "0, 2, 4, 6, 8, 10 ..."


def test_the_value_of_the_array_itself_has_the_shape_of_its_gradient():
    n, x = np.ones(2), np.array([3.0, 4.0])
    assert Evidence(n, n, name="x", inputs={"x": x}).own_value is x
    assert Evidence(n, n, parameter_value=x[:1], input=x).own_value is x
    assert Evidence(n, n, name="x", inputs={"y": x}).own_value is None
