"""Sparse rows: what becomes of SciPy's matrices, and their products."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from minidl.errors import ArgumentError, DtypeError, NonFiniteError, ShapeError
from minidl.utils.linalg import matmul_into
from minidl.utils.sparse_rows import SparseRows, is_sparse

FORMATS = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")


def random_matrix(m, n, seed=0, density=0.3, dtype=np.float64):
    """Return a CSR array, some of whose rows and columns may be empty."""
    rng = np.random.default_rng(seed)
    matrix = sparse.csr_array(rng.standard_normal((m, n)) * (rng.random((m, n)) < density))
    return matrix.astype(dtype)


def parts_of(csr):
    return [array.copy() for array in (csr.data, csr.indices, csr.indptr)]


@given(
    m=st.integers(1, 6),
    n=st.integers(1, 8),
    k=st.integers(1, 3),
    seed=st.integers(0, 99),
    density=st.sampled_from([0.0, 0.3, 1.0]),
    dtypes=st.tuples(*[st.sampled_from([np.float32, np.float64])] * 2),
)
def test_products_are_those_of_the_same_array(m, n, k, seed, density, dtypes):
    matrix = random_matrix(m, n, seed, density, dtypes[0])
    x, array = SparseRows.of(matrix, "X"), matrix.toarray()
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((k, n)).astype(dtypes[1])
    dy = rng.standard_normal((m, k)).astype(dtypes[1])
    tolerance = 1e-5 if np.float32 in dtypes else 1e-13
    for product, expected in (
        (x @ weight.T, array @ weight.T),
        (x @ np.ascontiguousarray(weight.T), array @ weight.T),
        (dy.T @ x, dy.T @ array),
        (x.T @ dy, array.T @ dy),
    ):
        assert type(product) is np.ndarray
        assert product.dtype == expected.dtype
        np.testing.assert_allclose(product, expected, rtol=0, atol=tolerance)
    for a, b in ((x, weight.T), (dy.T, x)):
        out = np.full((len(a), b.shape[1]), np.nan, np.result_type(*dtypes))
        assert matmul_into(a, b, out) is out
        np.testing.assert_array_equal(out, a @ b)


@pytest.mark.parametrize(
    "kind", [f"{name}_{ending}" for name in FORMATS for ending in ("array", "matrix")]
)
def test_every_format_is_taken_and_left_as_it_was(kind):
    dense = random_matrix(4, 6).toarray()
    values = getattr(sparse, kind)(dense)
    assert is_sparse(values)
    rows = SparseRows.of(values, "X", np.dtype(np.float32))
    assert type(rows.csr) is sparse.csr_array
    assert (rows.shape, rows.dtype, rows.ndim, len(rows)) == ((4, 6), np.float32, 2, 4)
    np.testing.assert_array_equal(rows.toarray(), dense.astype(np.float32))
    assert type(values) is getattr(sparse, kind)
    np.testing.assert_array_equal(values.toarray(), dense)


def test_a_csr_matrix_of_the_dtype_is_not_copied():
    matrix = random_matrix(4, 6, dtype=np.float32)
    rows = SparseRows.of(matrix, "X", np.dtype(np.float32))
    assert all(map(np.shares_memory, rows.arrays, (matrix.data, matrix.indices, matrix.indptr)))
    assert rows.astype(np.dtype(np.float32)) is rows
    assert rows.nbytes == sum(array.nbytes for array in parts_of(matrix))


def test_indices_are_of_int32_in_all_formats_and_batches():
    matrix = random_matrix(4, 6)
    large = tuple(part.astype(np.int64) for part in (matrix.indices, matrix.indptr))
    for values in (sparse.csr_array((matrix.data, *large)), sparse.coo_array(matrix)):
        for rows in (SparseRows.of(values, "X"), SparseRows.of(values, "X")[np.array([2, 0])]):
            assert {part.dtype.name for part in rows.arrays[1:]} == {"int32"}


@pytest.mark.parametrize("dtype", [np.float32, np.int8, bool])
def test_duplicates_are_summed_as_by_scipy_and_zeros_may_be_stored(dtype):
    matrix = sparse.csr_array(
        (np.array([1, 1, 1, 0], dtype), np.array([2, 0, 2, 1]), np.array([0, 3, 4])), shape=(2, 3)
    )
    before = parts_of(matrix)
    rows = SparseRows.of(matrix, "X", np.dtype(np.float32))
    np.testing.assert_array_equal(rows.toarray(), matrix.toarray())
    assert rows.csr.has_canonical_format
    for array, expected in zip(parts_of(matrix), before, strict=True):
        np.testing.assert_array_equal(array, expected)


def test_rows_are_picked_by_slices_and_by_numbers():
    matrix = random_matrix(5, 7)
    rows, array = SparseRows.of(matrix, "X"), matrix.toarray()
    for numbers in (slice(1, 3), slice(None, None, 2), np.array([4, 0, 4])):
        np.testing.assert_array_equal(rows[numbers].toarray(), array[numbers])


def test_copies_have_memory_of_their_own():
    rows = SparseRows.of(random_matrix(5, 7), "X")
    expected = rows @ np.eye(7)
    for twin in (rows.copy(), copy.deepcopy(rows), pickle.loads(pickle.dumps(rows))):
        assert not np.shares_memory(twin.csr.data, rows.csr.data)
        np.testing.assert_array_equal(twin @ np.eye(7), expected)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, r"X must be finite, got nan at X\[2, 4\]: repair"),
        (-np.inf, r"X must be finite, got -inf at X\[2, 4\]: repair"),
        (1e39, r"X\[2, 4\] is 1e\+39, too large for float32: rescale X or use"),
    ],
)
def test_a_number_that_is_not_finite_is_found(value, message):
    matrix = sparse.lil_array((4, 6))
    matrix[0, 1] = 1.0
    matrix[2, 4] = value
    with pytest.raises(NonFiniteError, match=message):
        SparseRows.of(matrix, "X", np.dtype(np.float32))


def test_the_sum_of_duplicates_must_be_finite():
    matrix = sparse.coo_array(([3e38, 3e38], ([0, 0], [1, 1])), shape=(1, 2), dtype=np.float32)
    with pytest.raises(NonFiniteError, match=r"X must be finite, got inf at X\[0, 1\]"):
        SparseRows.of(matrix, "X")


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        (
            sparse.csr_array((3, 2), dtype=complex),
            DtypeError,
            "X must hold real numbers, got dtype",
        ),
        (sparse.coo_array(np.ones(3)), ShapeError, r"shape \(m, n\).*got \(3,\): pass X\[\[i\]\]"),
        (sparse.csr_array((0, 3)), ShapeError, r"at least one example.*got shape \(0, 3\)"),
    ],
    ids=["complex", "one axis", "empty"],
)
def test_what_is_no_matrix_of_real_numbers_is_refused(values, error, message):
    with pytest.raises(error, match=message):
        SparseRows.of(values, "X")


def test_indices_beyond_the_columns_are_refused_and_not_read():
    matrix = random_matrix(3, 4)
    matrix.indices[0] = 10**6
    with pytest.raises(ArgumentError, match=r"X must be a valid sparse matrix, but .*: make it by"):
        SparseRows.of(matrix, "X")


def test_it_never_becomes_an_array_by_itself():
    rows = SparseRows.of(random_matrix(3, 4), "X")
    with pytest.raises(ArgumentError, match=r"must not become an array, got one of shape \(3, 4\)"):
        np.asarray(rows)


@pytest.mark.parametrize("values", [np.eye(2), [[1.0]], None, sparse.csr_array])
def test_other_values_are_not_sparse(values):
    assert not is_sparse(values)
