"""Rows of which most numbers are 0, such as words of texts, and their products with matrices."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, ShapeError
from .typing import Array
from .validation import all_finite, check_real, check_rows, not_finite


class SparseMatrix(Protocol):
    """A sparse array or matrix of SciPy, in any of its formats."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The numbers of rows and columns."""

    def tocsr(self) -> Any:
        """Return it in the CSR format."""


ExamplesLike: TypeAlias = npt.ArrayLike | SparseMatrix
"""What a model takes as X."""


def is_sparse(values: object) -> TypeGuard[SparseMatrix]:
    """Return whether this is `SparseRows`, or a sparse array or matrix of SciPy in any format."""
    if type(values) is np.ndarray:  # nearly always
        return False
    if isinstance(values, SparseRows):
        return True
    sparse = sys.modules.get("scipy.sparse")  # if it is not loaded, there are none
    return sparse is not None and bool(sparse.issparse(values))


class SparseRows:
    """Examples of which only the numbers that are not 0 are stored; never modified.

    A layer that declares ``takes_sparse = True`` may receive one as x. ``x @ b``, ``a @ x`` and
    ``x.T @ b`` are products with NumPy arrays and give NumPy arrays, so that formulas such as
    ``x @ weight.T`` and ``dy.T @ x`` read as for an array x. Other operations are those of SciPy,
    on `csr`.

    Parameters
    ----------
    csr : scipy.sparse.csr_array of shape (m, n)
        The numbers, without duplicates.

    Attributes
    ----------
    csr : scipy.sparse.csr_array of shape (m, n)
        The numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> x = SparseRows(csr_array([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]]))
    >>> weight = np.array([[1.0, 10.0, 100.0]])
    >>> x @ weight.T
    array([[20.],
           [ 1.]])
    >>> np.array([[1.0, 5.0]]) @ x
    array([[5., 2., 0.]])
    >>> x.T @ np.array([[1.0], [5.0]])
    array([[5.],
           [2.],
           [0.]])
    """

    __array_ufunc__ = None  # `array @ rows` is `__rmatmul__`, not a product of objects
    ndim = 2

    def __init__(self, csr: Any) -> None:
        self.csr = csr

    @classmethod
    def of(cls, values: Any, name: str, dtype: np.dtype[Any] | None = None) -> SparseRows:
        """Return a sparse array or matrix as rows, validated; it is not modified.

        Parameters
        ----------
        values : scipy.sparse array or matrix, or SparseRows, of shape (m, n)
            The examples, in any format.
        name : str
            Their name in error messages.
        dtype : numpy.dtype, optional
            The dtype to convert to, by default their own.

        Returns
        -------
        SparseRows
            The rows, which share the memory of a CSR matrix in this dtype, without duplicates. Its
            indices become of int32, of which the products are faster, unless they are too large.

        Raises
        ------
        DtypeError
            If the elements are not real numbers.
        ShapeError
            If it has another number of axes, or is empty.
        ArgumentError
            If the indices of a CSR matrix are not those of its elements.
        NonFiniteError
            If an element is NaN or infinite, or too large for the dtype.
        """
        from scipy.sparse import csr_array

        check_real(values.dtype, name)
        if values.ndim != 2:
            cure = f"pass {name}[[i]] instead of {name}[i] for one row"
            raise ShapeError(
                f"a sparse {name} must have shape (m, n), one row per example, got "
                f"{values.shape}: {cure}"
            )
        check_rows(values.shape, name)
        found = values.tocsr()
        csr = csr_array((found.data, found.indices, found.indptr), shape=values.shape)
        try:
            csr.check_format(full_check=True)
        except ValueError as error:
            raise ArgumentError(
                f"{name} must be a valid sparse matrix, but {error}: make it by scipy.sparse again"
            ) from None
        if not csr.has_canonical_format:
            csr = csr.copy()
            csr.sum_duplicates()
        if max(csr.nnz, csr.shape[1]) <= np.iinfo(np.int32).max:
            places = (part.astype(np.int32, copy=False) for part in (csr.indices, csr.indptr))
            csr = csr_array((csr.data, *places), shape=csr.shape)
            csr.has_canonical_format = True
        rows = cls(csr)
        return rows._finite(name, csr.dtype if dtype is None else dtype)

    def _finite(self, name: str, dtype: np.dtype[Any]) -> SparseRows:
        """Return the rows in a dtype, or raise `NonFiniteError`."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            converted = self.astype(dtype)
            if all_finite(converted.csr.data):
                return converted
        position = int(np.flatnonzero(~np.isfinite(converted.csr.data))[0])
        row = int(np.searchsorted(self.csr.indptr, position, side="right")) - 1
        index = row, int(self.csr.indices[position])
        raise not_finite(name, index, self.csr.data[position], dtype)

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and columns."""
        m, n = self.csr.shape
        return m, n

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the numbers."""
        dtype: np.dtype[Any] = self.csr.dtype
        return dtype

    @property
    def T(self) -> Any:
        """The transpose, a `scipy.sparse.csc_array`."""
        return self.csr.T

    @property
    def nbytes(self) -> int:
        """The bytes that the rows take."""
        return sum(array.nbytes for array in self.arrays)

    @property
    def arrays(self) -> tuple[Array, Array, Array]:
        """The arrays of the CSR format: data, indices and indptr."""
        return self.csr.data, self.csr.indices, self.csr.indptr

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | Array) -> SparseRows:
        return SparseRows(self.csr[rows])

    def astype(self, dtype: np.dtype[Any]) -> SparseRows:
        """Return the rows in a dtype, themselves if they have it."""
        return self if self.dtype == dtype else SparseRows(self.csr.astype(dtype))

    def copy(self) -> SparseRows:
        """Return a copy with memory of its own."""
        return SparseRows(self.csr.copy())

    def tocsr(self) -> Any:
        """Return `csr`."""
        return self.csr

    def toarray(self) -> Array:
        """Return the rows with all their zeros, for a few."""
        rows: Array = self.csr.toarray()
        return rows

    def __array__(self, *args: Any, **kwargs: Any) -> Array:
        raise ArgumentError(
            f"a sparse matrix must not become an array, got one of shape {self.shape} where an "
            "array is needed: pass X.toarray() to the model if it is small, or let the first "
            "layer be one that takes sparse rows, such as SparseLinear"
        )

    @cached_property
    def _compact(self) -> _Compact:
        """The rows without the columns that are 0 in all of them: in a batch, those are most."""
        from scipy.sparse import csr_array

        data, indices, indptr = self.arrays
        m, n = self.shape
        is_used = np.zeros(n, bool)
        is_used[indices] = True
        columns = np.flatnonzero(is_used)
        number_of = np.empty(n, indices.dtype)
        number_of[columns] = np.arange(len(columns))
        return _Compact(
            columns, csr_array((data, number_of[indices], indptr), shape=(m, len(columns)))
        )

    def __matmul__(self, b: Array) -> Array:
        product: Array
        if b.flags.c_contiguous:
            product = self.csr @ b
        else:  # only the rows of b that meet a number: SciPy would copy all of weight.T
            columns, compact = self._compact
            product = compact @ np.ascontiguousarray(b[columns])
        return product

    def __rmatmul__(self, a: Array) -> Array:
        return self.premultiplied(
            a, np.empty((len(a), self.shape[1]), np.result_type(a.dtype, self.dtype))
        )

    def premultiplied(self, a: Array, out: Array) -> Array:
        """Write the product ``a @ x`` with these rows x into an array.

        Parameters
        ----------
        a : ndarray of shape (k, m)
            The left factor.
        out : ndarray of shape (k, n)
            The output array.

        Returns
        -------
        ndarray
            `out`.
        """
        columns, compact = self._compact
        out.fill(0)
        out.T[columns] = compact.T @ np.ascontiguousarray(a.T)
        return out


class _Compact(NamedTuple):
    columns: Array
    csr: Any
