import numpy as np
import pytest

from minidl.layers.feature_rows import LENGTH, FeatureRows, rows_per_long_row


@pytest.mark.parametrize(
    ("n_rows", "features", "count"),
    [(64, 16, 32), (60, 16, 30), (7, 16, 7), (97, 16, 1), (8, LENGTH, 1), (8, 1000, 1), (0, 3, 1)],
)
def test_the_most_rows_that_divide_all_and_are_short_enough(n_rows, features, count):
    assert rows_per_long_row(n_rows, features) == count


@pytest.mark.parametrize("shape", [(6, 4), (2, 3, 4), (2, 5, 7, 1), (0, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_long_rows_do_what_rows_do(shape, dtype):
    array = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    values = np.arange(shape[-1]).astype(dtype)
    rows = FeatureRows(shape, {})
    result = array.copy()
    rows.long(result)[...] = rows.long(array) * rows.repeated(values)  # a view of it
    np.testing.assert_array_equal(result, array * values)
    expected = array.reshape(-1, shape[-1]).sum(axis=0)
    np.testing.assert_allclose(rows.sums(array), expected, rtol=1e-5, atol=1e-5)
    assert rows.n_rows == array[..., 0].size
    assert rows.sums(array).dtype == dtype


def test_ones_are_reused_by_shorter_sums():
    workspace = {}
    FeatureRows((9, 600), workspace).sums(np.ones((9, 600), np.float32))
    ones = workspace["ones"]
    assert FeatureRows((5, 600), workspace).sums(np.ones((5, 600), np.float32))[0] == 5
    assert workspace["ones"] is ones
