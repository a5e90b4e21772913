"""Work arrays that are reused, and scalar arrays that are shared."""

import copy

import numpy as np
import pytest

from minidl.utils.workspace import HasWorkspace, get_scratch, get_workspace, scalar_array

F4, F8 = np.dtype(np.float32), np.dtype(np.float64)


def test_a_workspace_array_is_reused_for_smaller_batches():
    workspace = {}
    large = get_workspace(workspace, "y", (8, 2), F8)
    assert get_workspace(workspace, "y", (8, 2), F8) is large
    assert np.shares_memory(get_workspace(workspace, "y", (5, 2), F8), large)
    assert get_workspace(workspace, "y", (8, 2), F8) is large


@pytest.mark.parametrize(
    ("shape", "dtype", "name"),
    [((9, 2), F8, "y"), ((8, 3), F8, "y"), ((8, 2), F4, "y"), ((8, 2), F8, "z")],
)
def test_a_workspace_array_of_another_shape_or_dtype_is_new(shape, dtype, name):
    workspace = {}
    old = get_workspace(workspace, "y", (8, 2), F8)
    new = get_workspace(workspace, name, shape, dtype)
    assert (new.shape, new.dtype) == (shape, dtype)
    assert not np.shares_memory(old, new)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_a_scalar_array_computes_as_the_number(dtype):
    x = np.arange(5).astype(dtype)
    scalar = scalar_array(0.1, x.dtype)
    np.testing.assert_array_equal(x * scalar, x * 0.1)
    assert scalar.shape == ()
    assert (x * scalar).dtype == dtype
    # All callers share the array, so it is read-only.
    assert scalar_array(0.1, np.dtype(dtype)) is scalar
    with pytest.raises(ValueError, match="read-only"):
        scalar[...] = 2


def test_a_copy_begins_with_an_empty_workspace():
    class Owner(HasWorkspace):
        pass

    owner = Owner()
    owner.width = 3
    owner.workspace["y"] = np.ones(2)
    for duplicate in (copy.copy(owner), copy.deepcopy(owner)):
        assert (duplicate.width, duplicate.workspace) == (3, {})
    assert Owner().workspace is not Owner().workspace


@pytest.mark.parametrize("shape", [(), (3,), (3, 2)])
def test_an_equal_dtype_of_another_name_gets_the_same_array(shape):
    first, second = np.dtype(np.int64), np.dtype(np.longlong)
    if first != second:
        pytest.skip("the two have another size or byte order here")
    workspace = {}
    array = get_workspace(workspace, "a", shape, first)
    assert get_workspace(workspace, "a", shape, second) is array


def test_a_copy_is_made_while_another_thread_stores_attributes():
    """Deterministically: an attribute is added while the others are looked at."""

    class Part(HasWorkspace):
        pass

    class Adding(dict):
        def values(self):
            part.added = np.zeros(2)
            return super().values()

    part = Part()
    part.note_attributes()
    part.stored = Adding(x=np.zeros(3))
    assert set(vars(copy.copy(part))) == {"workspace"}
    assert "added" in vars(part)


def test_scratch_of_other_shapes_shares_its_memory():
    workspace = {}
    large = get_scratch(workspace, "a", (4, 6), F4)
    small = get_scratch(workspace, "a", (3, 5), F4)
    assert small.shape == (3, 5)
    assert small.flags.c_contiguous
    assert np.shares_memory(small, large)
    assert get_scratch(workspace, "a", (2, 2), F8).dtype == F8
