"""Work arrays that are reused, and scalar arrays that are shared."""

import copy

import numpy as np
import pytest

from minidl.utils.workspace import HasWorkspace, get_workspace, scalar_array

F4, F8 = np.dtype(np.float32), np.dtype(np.float64)


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


def test_a_copy_begins_with_an_empty_workspace():
    class Part(HasWorkspace):
        pass

    part = Part()
    part.kept = 3
    part.workspace["y"] = np.ones(2)
    for twin in (copy.copy(part), copy.deepcopy(part)):
        assert (twin.kept, twin.workspace) == (3, {})
    assert Part().workspace is not Part().workspace
