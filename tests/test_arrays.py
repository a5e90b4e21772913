import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl import DtypeError, NonFiniteError, ShapeError
from minidl.utils.linalg import matmul_into
from minidl.utils.validation import (
    all_finite,
    as_real_array,
    check_array,
    check_finite,
    model_dtype,
    smaller_dtype,
    to_finite_array,
)
from minidl.utils.workspace import get_workspace, scalar_array

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
def test_real_numbers_of_every_type_come_in(dtype, target):
    array = check_array(np.array([[0, 1], [1, 0]], dtype), "X", target)
    assert array.dtype == target
    np.testing.assert_array_equal(array, [[0, 1], [1, 0]])


def test_lists_come_in():
    np.testing.assert_array_equal(check_array([[1, 2.5]], "X", F8), [[1, 2.5]])


def test_what_fits_already_is_not_copied():
    array = np.ones((3, 2))
    assert check_array(array, "X", F8) is array


@pytest.mark.parametrize(
    "array", [np.ones((3, 4)).T, np.ones((4, 6))[:, ::2], np.asfortranarray(np.ones((3, 2)))]
)
def test_the_result_is_contiguous(array):
    let_in = check_array(array, "X", F8)
    assert let_in.flags.c_contiguous
    np.testing.assert_array_equal(let_in, array)


@pytest.mark.parametrize(
    "values", [[["a"]], [[None]], np.ones(2, complex), np.array(["2020-01-01"], "M8[D]"), [[{}]]]
)
def test_what_is_no_real_number_is_refused(values):
    with pytest.raises(DtypeError, match=r"X must hold real numbers, got dtype .*X\.astype"):
        as_real_array(values, "X")


@pytest.mark.parametrize(
    "values", [None, object(), len, {1, 2}], ids=lambda value: type(value).__name__
)
def test_what_is_no_array_at_all_is_refused(values):
    kind = type(values).__name__
    with pytest.raises(
        DtypeError,
        match=f"X must hold real numbers, got a {kind}: pass an array, a list of numbers, or what has a shape",
    ):
        as_real_array(values, "X")


def test_of_several_arrays_one_must_be_chosen():
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
    ("dtype", "target", "kept"),
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
def test_numbers_of_fewer_bytes_may_stay(dtype, target, kept):
    array = np.array([[0, 1], [1, 0]], dtype)
    let_in = check_array(array, "X", target, narrow=True)
    assert let_in.dtype == smaller_dtype(array.dtype, target) == np.dtype(kept)
    assert let_in.dtype.isnative
    assert (let_in is array) == (kept == dtype)
    np.testing.assert_array_equal(let_in, array)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_numbers_that_stay_are_finite_too(dtype):
    with pytest.raises(NonFiniteError, match=r"X must be finite, got nan at X\[1, 0\]"):
        check_array(np.array([[1], [np.nan]], dtype), "X", F8, narrow=True)


@pytest.mark.parametrize(
    ("value", "dtype", "message"),
    [(np.nan, F8, "got nan at X\\[1002, 1\\]"), (1e200, F4, "X\\[1002, 1\\] is 1e\\+200")],
)
def test_a_part_is_spoken_of_by_its_place_in_the_whole(value, dtype, message):
    part = np.zeros((3, 2))
    part[2, 1] = value
    with pytest.raises(NonFiniteError, match=message):
        to_finite_array(part, "X", dtype, first=1000)


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
def test_nan_and_inf_are_refused_by_their_place(value, dtype):
    array = np.ones((4, 3), dtype)
    array[2, 1] = value
    with pytest.raises(NonFiniteError, match=rf"X must be finite, got {value} at X\[2, 1\]"):
        check_array(array, "X", F4)


@given(
    value=st.sampled_from([np.nan, np.inf, -np.inf]),
    place=st.integers(0, 11),
    scale=st.sampled_from([0, 1, -1e30]),
)
def test_one_bad_number_is_found_anywhere(value, place, scale):
    array = np.full(12, scale, np.float64)
    array[place] = value
    with pytest.raises(NonFiniteError, match=rf"A\[{place}\]"):
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


def test_scratch_returns_the_same_memory_for_smaller_batches():
    store = {}
    large = get_workspace(store, "y", (8, 2), F8)
    assert get_workspace(store, "y", (8, 2), F8) is large
    assert np.shares_memory(get_workspace(store, "y", (5, 2), F8), large)
    assert get_workspace(store, "y", (8, 2), F8) is large


@pytest.mark.parametrize(
    ("shape", "dtype", "name"),
    [((9, 2), F8, "y"), ((8, 3), F8, "y"), ((8, 2), F4, "y"), ((8, 2), F8, "z")],
)
def test_scratch_is_made_anew_where_the_old_does_not_fit(shape, dtype, name):
    store = {}
    old = get_workspace(store, "y", (8, 2), F8)
    new = get_workspace(store, name, shape, dtype)
    assert (new.shape, new.dtype) == (shape, dtype)
    assert not np.shares_memory(old, new)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_a_constant_is_the_number_that_a_ufunc_would_take(dtype):
    x = np.arange(5).astype(dtype)
    held = scalar_array(0.1, x.dtype)
    np.testing.assert_array_equal(x * held, x * 0.1)
    assert held.shape == ()
    assert (x * held).dtype == dtype
    assert (
        scalar_array(0.1, np.dtype(dtype)) is held
    )  # the same for all, so nobody may write into it
    with pytest.raises(ValueError, match="read-only"):
        held[...] = 2


@pytest.mark.parametrize("kinds", ["fff", "dff", "fdf", "fdd", "ffd", "ddf"])
def test_products_are_written_where_they_belong_whatever_the_dtypes(kinds):
    rng = np.random.default_rng(0)
    a, b, out = (
        rng.random(shape).astype(kind)
        for shape, kind in zip(((4, 3), (3, 2), (4, 2)), kinds, strict=True)
    )
    assert matmul_into(a, b, out) is out
    np.testing.assert_allclose(out, a.astype(float) @ b.astype(float), rtol=1e-6)
    striped = np.zeros((4, 4), kinds[2])[:, ::2]
    np.testing.assert_allclose(matmul_into(a, b, striped), out)
    with pytest.raises(ValueError, match="mismatch"):
        matmul_into(a, b.T, out)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, complex(0, np.inf), complex(np.nan, 0)])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_number_that_is_not_finite_is_seen_in_any_of_several_arrays(bad, place):
    arrays = [np.ones((2, 3), np.result_type(np.float64, type(bad))) for _ in range(3)]
    assert all_finite(*arrays)
    with np.errstate(over="ignore", invalid="ignore"):
        assert all_finite(1e200 * arrays[0], *arrays)  # whose product overflows
    arrays[place][1, 1] = bad
    with np.errstate(invalid="ignore"):
        assert not all_finite(*arrays)
