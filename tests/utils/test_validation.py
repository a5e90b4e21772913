"""Validation and conversion of arrays and numbers that a user passes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl import ArgumentError, DtypeError, NonFiniteError, ShapeError
from minidl.utils.validation import (
    all_finite,
    as_real_array,
    at_least,
    check_array,
    check_example_shape,
    check_finite,
    check_flag,
    check_number,
    greater_than,
    in_range,
    integer_at_least,
    is_integer,
    model_dtype,
    smaller_dtype,
    to_finite_array,
)

F4, F8 = np.dtype(np.float32), np.dtype(np.float64)


@pytest.mark.parametrize("dtype", ["float32", np.float64, F4, np.complex128, float])
def test_models_compute_in_floats_and_complex(dtype):
    assert model_dtype(dtype) == np.dtype(dtype)


@pytest.mark.parametrize("dtype", [None, np.float16, int, "float31", "U3", object, np.complex64])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(
        DtypeError, match=r"dtype must be one of float32, float64, complex128, got .*: pass dtype="
    ):
        model_dtype(dtype)


@pytest.mark.parametrize(
    "dtype", [bool, np.uint8, np.int64, np.float16, np.float32, np.float64, np.longdouble]
)
@pytest.mark.parametrize("target", [F4, F8])
def test_real_numbers_of_every_type_are_accepted(dtype, target):
    array = check_array(np.array([[0, 1], [1, 0]], dtype), "X", target)
    assert array.dtype == target
    np.testing.assert_array_equal(array, [[0, 1], [1, 0]])


def test_lists_are_accepted():
    np.testing.assert_array_equal(check_array([[1, 2.5]], "X", F8), [[1, 2.5]])


def test_an_array_of_the_right_dtype_is_not_copied():
    array = np.ones((3, 2))
    assert check_array(array, "X", F8) is array


@pytest.mark.parametrize(
    "array", [np.ones((3, 4)).T, np.ones((4, 6))[:, ::2], np.asfortranarray(np.ones((3, 2)))]
)
def test_the_result_is_contiguous(array):
    checked = check_array(array, "X", F8)
    assert checked.flags.c_contiguous
    np.testing.assert_array_equal(checked, array)


@pytest.mark.parametrize(
    "values", [[["a"]], [[None]], np.ones(2, complex), np.array(["2020-01-01"], "M8[D]"), [[{}]]]
)
def test_elements_that_are_not_real_numbers_are_refused(values):
    with pytest.raises(DtypeError, match=r"X must hold real numbers, got dtype .*X\.astype"):
        as_real_array(values, "X")


@pytest.mark.parametrize(
    "values", [None, object(), len, {1, 2}], ids=lambda value: type(value).__name__
)
def test_objects_that_are_not_arrays_are_refused(values):
    kind = type(values).__name__
    with pytest.raises(
        DtypeError,
        match=f"X must hold real numbers, got a {kind}: pass an array, a list of numbers, or an ob",
    ):
        as_real_array(values, "X")


def test_a_dict_of_arrays_is_refused():
    with pytest.raises(
        DtypeError, match="X must be an array, got a dict of train, test: pass one of these"
    ):
        as_real_array({"train": [1], "test": [2]}, "X")


def test_rows_of_unequal_length_are_refused():
    with pytest.raises(
        ShapeError, match="X must be a rectangular array, got rows of unequal length"
    ):
        as_real_array([[1, 2], [3]], "X")


@pytest.mark.parametrize(
    ("dtype", "target", "expected_dtype"),
    [
        ("?", F4, "?"),
        ("u1", F4, "u1"),
        (">i2", F4, "<i2"),
        ("f2", F4, "f2"),
        ("i4", F4, F4),
        ("f8", F4, F4),
        ("f4", F8, "f4"),
        ("g", F8, F8),
    ],
)
def test_a_smaller_dtype_can_be_kept(dtype, target, expected_dtype):
    array = np.array([[0, 1], [1, 0]], dtype)
    checked = check_array(array, "X", target, keep_smaller_dtype=True)
    assert checked.dtype == smaller_dtype(array.dtype, target) == np.dtype(expected_dtype)
    assert checked.dtype.isnative
    assert (checked is array) == (expected_dtype == dtype)
    np.testing.assert_array_equal(checked, array)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_numbers_of_a_smaller_dtype_are_checked_too(dtype):
    with pytest.raises(NonFiniteError, match=r"X must be finite, got nan at X\[1, 0\]"):
        check_array(np.array([[1], [np.nan]], dtype), "X", F8, keep_smaller_dtype=True)


@pytest.mark.parametrize(
    ("value", "dtype", "message"),
    [(np.nan, F8, "got nan at X\\[1002, 1\\]"), (1e200, F4, "X\\[1002, 1\\] is 1e\\+200")],
)
def test_the_error_for_a_chunk_gives_the_index_in_the_whole_array(value, dtype, message):
    chunk = np.zeros((3, 2))
    chunk[2, 1] = value
    with pytest.raises(NonFiniteError, match=message):
        to_finite_array(chunk, "X", dtype, row_offset=1000)


def test_a_single_number_is_refused():
    with pytest.raises(
        ShapeError, match=r"X must hold one row per example, got the single number 3"
    ):
        check_array(3, "X", F4)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_empty_arrays_are_refused(shape):
    with pytest.raises(
        ShapeError, match=rf"at least one example and one number, got shape \({shape[0]},.*empty"
    ):
        check_array(np.ones(shape), "X", F4)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_error_for_nan_and_inf_gives_their_index(value, dtype):
    array = np.ones((4, 3), dtype)
    array[2, 1] = value
    with pytest.raises(NonFiniteError, match=rf"X must be finite, got {value} at X\[2, 1\]"):
        check_array(array, "X", F4)


@given(
    value=st.sampled_from([np.nan, np.inf, -np.inf]),
    index=st.integers(0, 11),
    scale=st.sampled_from([0, 1, -1e30]),
)
def test_a_number_that_is_not_finite_is_detected_anywhere(value, index, scale):
    array = np.full(12, scale, np.float64)
    array[index] = value
    with pytest.raises(NonFiniteError, match=rf"A\[{index}\]"):
        check_finite(array, "A")


@pytest.mark.parametrize(
    "array",
    [np.full(1000, 1e30, np.float32), np.full((9, 9), -1e200), np.full((4, 4), 1e30, np.float32).T],
)
def test_large_numbers_are_finite_though_their_squares_are_not(array):
    check_finite(array, "X")


@pytest.mark.parametrize("value", [1e39, -1e300])
def test_numbers_too_large_for_float32_are_refused(value):
    with pytest.raises(NonFiniteError, match=r"X\[0, 1\] is .*too large for float32.*float64"):
        check_array([[0.0, value]], "X", F4)
    assert check_array([[value]], "X", F8) == value


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, complex(0, np.inf), complex(np.nan, 0)])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_number_that_is_not_finite_is_detected_in_any_of_several_arrays(bad, index):
    arrays = [np.ones((2, 3), np.result_type(np.float64, type(bad))) for _ in range(3)]
    assert all_finite(*arrays)
    with np.errstate(over="ignore", invalid="ignore"):
        assert all_finite(1e200 * arrays[0], *arrays)  # the dot product overflows
    arrays[index][1, 1] = bad
    with np.errstate(invalid="ignore"):
        assert not all_finite(*arrays)


RULES = [
    (greater_than(0), "finite and > 0", [1e-300, 3, np.float32(0.5)], [0, -1]),
    (at_least(0), "finite and >= 0", [0, 0.0, np.int8(2)], [-1e-300]),
    (in_range(0, 1), "in [0, 1]", [0, 0.5, 1], [-0.1, 1.1]),
    (in_range(0, 1, closed="left"), "in [0, 1)", [0, 0.999], [-0.1, 1, 1.1]),
    (in_range(0, 1, closed="right"), "in (0, 1]", [1e-9, 1], [0, 1.1]),
    (integer_at_least(2), "an integer >= 2", [2, np.uint8(3)], [1, 2.0, 2.5, np.float32(3)]),
]
NOT_NUMBERS = [None, True, "1", np.nan, np.inf, -np.inf, 1j, [1], np.ones(1)]


@pytest.mark.parametrize(
    ("rule", "value"), [(rule, value) for rule, _, accepted, _ in RULES for value in accepted]
)
def test_a_number_that_satisfies_the_rule_becomes_a_builtin_one(rule, value):
    number = check_number(value, "width", rule, object())
    assert number == value
    assert type(number) is rule.number_type


@pytest.mark.parametrize(
    ("rule", "description", "value"),
    [
        (rule, description, value)
        for rule, description, _, refused in RULES
        for value in [*refused, *NOT_NUMBERS]
    ],
)
def test_a_number_that_breaks_the_rule_is_refused(rule, description, value):
    with pytest.raises(ArgumentError) as caught:
        check_number(value, "width", rule, {}, "such as 2")
    assert str(caught.value) == f"width must be {description}, got {value!r} in dict: such as 2"
    with pytest.raises(ArgumentError, match=r"in dict$"):
        check_number(value, "width", rule, {})


def test_a_flag_is_a_bool_of_python_or_numpy():
    assert check_flag(np.True_, "bias", object()) is True
    assert check_flag(False, "bias", object()) is False
    for value in (1, 0, None, "yes"):
        with pytest.raises(ArgumentError, match=f"bias must be True or False, got {value!r} in d"):
            check_flag(value, "bias", {})


@pytest.mark.parametrize(
    ("value", "minimum", "expected"),
    [
        (1, 1, True),
        (np.int64(3), 3, True),
        (0, 0, True),
        (0, 1, False),
        (True, 1, False),
        (2.0, 1, False),
        ("2", 1, False),
        (None, 0, False),
    ],
)
def test_integers_are_distinguished_from_other_numbers(value, minimum, expected):
    assert is_integer(value, minimum) is expected


def test_the_shape_of_an_example_becomes_a_tuple_of_integers():
    shape = check_example_shape([np.int64(64), 64, 3], "summary")
    assert shape == (64, 64, 3)
    assert [type(n) for n in shape] == [int] * 3
    assert check_example_shape((), "summary") == ()
    for wrong in (64, "ab", (64, 0), [2.0], (True,), None):
        with pytest.raises(ArgumentError, match=r"must be integers >= 1, .* in summary"):
            check_example_shape(wrong, "summary")
