"""The functions of a user of SciPy: called with copies, their results kept as copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..gradcheck.functions.pytree import map_leaves
from ..gradcheck.result import Check
from ..utils.typing import Array

Function = Callable[..., Any]


class UserFunction:
    """A function of x, and perhaps of a second vector, which may do anything with its arguments.

    A function that fills one buffer and returns it at each call is right: its results are copied.

    Parameters
    ----------
    name : str
        What SciPy calls it, such as "jac".
    function : callable
        ``function(x, *vectors, *args)``.
    args : tuple
        Further arguments, passed as they are.
    vectors : dict of str to ndarray
        What it takes between x and `args`, such as ``{"p": p}``.

    Attributes
    ----------
    moved : set of str
        The names of the arguments into which a call has written.
    error : Exception or None
        What a call has raised.
    """

    def __init__(
        self,
        name: str,
        function: Function,
        args: tuple[Any, ...] = (),
        vectors: dict[str, Array] | None = None,
    ) -> None:
        if not callable(function):
            raise ArgumentError(
                f"{name} must be a function of x, got {function!r}: pass one as SciPy takes it"
            )
        self.name, self._function, self._args = name, function, args
        self._vectors = vectors or {}
        self.moved: set[str] = set()
        self.error: Exception | None = None

    def __call__(self, x: Array) -> Any:
        """Return a copy of what the function returns at a copy of x."""
        vectors = {"x": x} | self._vectors
        given = [vector.copy() for vector in vectors.values()]
        try:
            result = map_leaves(_copied, self._function(*given, *self._args))
        except Exception as error:
            self.error = error
            raise
        for (name, vector), after in zip(vectors.items(), given, strict=True):
            if not np.array_equal(vector, after, equal_nan=True):
                self.moved.add(name)
        return result


def _copied(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) or hasattr(leaf, "toarray") else leaf


def rows_of_written_arguments(functions: Sequence[UserFunction]) -> list[Check]:
    """Return a failed row if a function has written into its arguments.

    Parameters
    ----------
    functions : sequence of UserFunction
        The derivatives, after their calls.

    Returns
    -------
    list of Check
        One row or none.
    """
    sentences = [
        f"{function.name} writes into {' and '.join(sorted(function.moved))}"
        for function in functions
        if function.moved
    ]
    if not sentences:
        return []
    row = Check(None, "protocol", "argument untouched", 1.0, "fail")
    row.diagnosis, row.method = f"{', '.join(sentences)}: work on a copy", "no derivative needed"
    return [row]


def dense(matrix: Any) -> Array:
    """Return a matrix of SciPy or a ``LinearOperator`` as an array."""
    if hasattr(matrix, "matvec"):
        return np.array([matrix.matvec(unit) for unit in np.eye(matrix.shape[1])]).T
    array: Array = np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)
    return array


def why_no_matrix(matrix: Any, expected: tuple[int, int]) -> str:
    """Return what prevents a derivative from being compared, "" if nothing does.

    Parameters
    ----------
    matrix : object
        What a user's function has returned.
    expected : tuple of int
        The shape of the matrix; that of one row may be a vector or, for one element, a number.
    """
    array = matrix
    if not (hasattr(matrix, "matvec") or hasattr(matrix, "toarray")):
        try:
            array = np.asarray(matrix)
        except Exception as error:
            return f"it is no array: {error}"
    rows, columns = expected
    if array.shape != expected and (rows > 1 or array.shape not in ((columns,), ())):
        return f"it has shape {array.shape}, but must have shape {expected}"
    if array.dtype.kind not in "biuf" and not np.can_cast(array.dtype, np.float64):
        return f"it must contain real numbers, got dtype {array.dtype}"
    return ""


def rows_times(matrix: Any, weights: Array) -> Any:
    """Return the sum of the rows of a matrix or a ``LinearOperator``, times `weights`.

    An operator that knows no transposed product, as SciPy allows for a ``hess``, is applied to one
    unit vector after the other.
    """
    if not hasattr(matrix, "matvec"):
        return (matrix if hasattr(matrix, "toarray") else np.asarray(matrix)).T @ weights
    try:
        return matrix.T @ weights
    except NotImplementedError:
        columns = range(matrix.shape[1])
        return np.array([weights @ matrix.matvec(_unit(n, len(columns))) for n in columns])


def _unit(place: int, size: int) -> Array:
    unit = np.zeros(size)
    unit[place] = 1.0
    return unit
