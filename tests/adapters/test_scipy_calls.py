"""Functions of SciPy's users: what they get and what is kept of them."""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from minidl.adapters.scipy_calls import (
    UserFunction,
    dense,
    rows_of_written_arguments,
    rows_times,
    why_no_matrix,
)

MATRIX = np.arange(6.0).reshape(2, 3)


def test_results_are_copies_and_arguments_too():
    buffer = np.zeros(2)

    def fill(x, p, factor):
        buffer[:] = factor * x * p
        p[0] = np.nan
        return buffer, csr_array(buffer[None])

    x, p = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    function = UserFunction("hessp", fill, (2,), {"p": p})
    first, sparse = function(x)
    function(x + 1)
    assert first.tolist() == [6, 16]
    assert sparse.toarray().tolist() == [[6, 16]]
    assert p.tolist() == [3, 4]
    (row,) = rows_of_written_arguments([UserFunction("jac", fill), function])
    assert row.diagnosis == "hessp writes into p: work on a copy"
    assert rows_of_written_arguments([UserFunction("jac", fill)]) == []


def test_all_forms_of_a_matrix():
    only_product = LinearOperator((2, 3), matvec=lambda p: MATRIX @ p)
    for form in (MATRIX, MATRIX.tolist(), csr_array(MATRIX), aslinearoperator(MATRIX)):
        assert dense(form).tolist() == MATRIX.tolist()
        assert rows_times(form, np.array([1.0, 2.0])).tolist() == [6, 9, 12]
    assert dense(only_product).tolist() == MATRIX.tolist()
    assert rows_times(only_product, np.array([1.0, 2.0])).tolist() == [6, 9, 12]


def test_the_rows_of_a_complex_operator_are_not_conjugated():
    operator = aslinearoperator(1j * MATRIX)
    assert rows_times(operator, np.array([1.0, 2.0])).tolist() == [6j, 9j, 12j]


def test_why_a_matrix_cannot_be_compared():
    for form in (MATRIX, MATRIX.tolist(), csr_array(MATRIX), aslinearoperator(MATRIX), MATRIX > 1):
        assert why_no_matrix(form, (2, 3)) == ""
    assert why_no_matrix(MATRIX[0], (1, 3)) == ""
    assert why_no_matrix(MATRIX, (3, 2)) == "it has shape (2, 3), but must have shape (3, 2)"
    assert why_no_matrix([["a"]], (1, 1)) == "it must contain real numbers, got dtype <U1"
    assert why_no_matrix([[1], [2, 3]], (2, 2)).startswith("it is no array: ")
