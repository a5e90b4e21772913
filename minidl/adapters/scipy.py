"""SciPy's functions and derivatives: jac, hess, hessp and constraints.

`check` takes what `scipy.optimize.minimize`, `root` and `least_squares` take.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError
from ..gradcheck.functions.check_gradients import check_gradients
from ..gradcheck.functions.constants import REPEATS
from ..gradcheck.functions.pytree import ParameterTree
from ..gradcheck.functions.repeatability import compare_calls
from ..gradcheck.report.report import Report
from ..gradcheck.result import Check
from ..utils.typing import Array
from ..utils.validation import as_real_array, to_finite_array
from .merge import merge_reports
from .scipy_calls import (
    Function,
    UserFunction,
    dense,
    rows_of_written_arguments,
    rows_times,
    why_no_matrix,
)

__all__ = ["check"]

_MAX_ELEMENTS = 500
"""A larger matrix of derivatives is checked along one random combination of its rows, as each row
would take a call of the function."""


def check(
    fun: Function,
    x0: Any,
    args: Any = (),
    *,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    constraints: Any = (),
    method: str = "auto",
    seed: int = 0,
) -> Report:
    """Check the derivatives that SciPy's optimizers and solvers are given.

    Put it in the place of ``minimize``, ``root`` or ``least_squares``, with the same arguments.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` returns a number, or an array of residuals.
    x0 : array_like of shape (n,)
        The point at which to check. Take one that is no solution.
    args : tuple, default ()
        Further arguments of `fun`, `jac`, `hess` and `hessp`.
    jac : callable or True
        ``jac(x, *args)`` returns the gradient (n,) of a number, or the matrix (m, n) of residuals,
        also a sparse one or a ``LinearOperator``. True: `fun` returns the pair (value, jac).
    hess : callable, optional
        ``hess(x, *args)`` returns the matrix (n, n), also a sparse one or a ``LinearOperator``; it
        is checked against `jac`.
    hessp : callable, optional
        ``hessp(x, p, *args)`` returns the product of that matrix with p.
    constraints : dict, NonlinearConstraint, or a sequence of them
        Their ``jac`` and ``hess`` are checked where they are functions.
    method : {"auto", "complex", "central"}, default "auto"
        How the numeric derivatives are computed, see `check_gradients`.
    seed : int, default 0
        Seed of the checker, of p, and of the multipliers of constraints.

    Returns
    -------
    Report
        A check for "jac", "hess", "hessp" and each "constraints[0].jac". A derivative that writes
        into its arguments, or is another one when it is called again, breaks a rule.

    Raises
    ------
    ArgumentError
        If there is no derivative to check, as with ``jac="2-point"``, or `fun` or a constraint
        is none.
    DtypeError, NonFiniteError
        If `x0` contains no real, finite numbers.

    See Also
    --------
    minidl.check_gradients : Any cost and its gradients.

    Notes
    -----
    A matrix of up to 500 elements is checked element by element; a larger one along one random
    combination of its rows, which shows that an element is wrong, and in which column.

    References
    ----------
    The calling conventions of `scipy.optimize
    <https://docs.scipy.org/doc/scipy/reference/optimize.html>`_.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.optimize import rosen, rosen_der, rosen_hess
    >>> from minidl.adapters import scipy
    >>> scipy.check(rosen, [1.3, 0.7, 0.8], jac=rosen_der, hess=rosen_hess).ok
    True
    >>> report = scipy.check(rosen, [1.3, 0.7, 0.8], jac=lambda x: 2 * rosen_der(x))
    >>> report.guilty.parameter
    'jac'
    """
    if not isinstance(args, tuple):
        args = (args,)  # as SciPy does
    x = to_finite_array(as_real_array(x0, "x0").ravel(), "x0", np.dtype(np.float64))
    rng = np.random.default_rng([seed, 1])
    pieces = [*_of_objective("", fun, jac, hess, hessp, args, rng, x)]
    for label, constraint in _listed(constraints):
        pieces += _of_constraint(label, constraint, rng, x)
    if not pieces:
        raise ArgumentError(
            f"there is no derivative to check, got jac={jac!r}: pass a function, or jac=True if "
            "fun returns (value, jac)"
        )
    reports = [_check_piece(piece, x, rng, {"method": method, "seed": seed}) for piece in pieces]
    name = getattr(fun, "__name__", "fun")
    report = merge_reports(reports, f"the derivatives of {name}, at {x.size} elements of x")
    derivatives = list(dict.fromkeys(piece.user for piece in pieces))
    report.checks = [*rows_of_written_arguments(derivatives), *report.checks]
    report.notes += [
        f"{each.name} writes into x; it got copies here"
        for each in dict.fromkeys(piece.user_function for piece in pieces)
        if each.moved and each not in derivatives
    ]
    return report


class _Piece(NamedTuple):
    """A function and its derivative, and the functions of the user that they call."""

    label: str
    function: Function
    derivative: Function
    user_function: UserFunction
    user: UserFunction


def _of_objective(
    prefix: str,
    fun: Function,
    jac: Any,
    hess: Any,
    hessp: Any,
    args: tuple[Any, ...],
    rng: np.random.Generator,
    x: Array,
) -> Iterator[_Piece]:
    derivative: Function
    value = UserFunction(f"{prefix}fun", fun, args)
    if jac is True:
        gradient = value
        derivative = lambda x: _pair(value(x))[1]  # noqa: E731
        yield _Piece(f"{prefix}jac", lambda x: _pair(value(x))[0], derivative, value, value)
    elif callable(jac):
        derivative = gradient = UserFunction(f"{prefix}jac", jac, args)
        yield _Piece(f"{prefix}jac", value, gradient, value, gradient)
    for name, second in (("hess", hess), ("hessp", hessp)):
        is_by_scipy = isinstance(second, str) or hasattr(second, "update")  # such as BFGS()
        if not (second is None or callable(second) or is_by_scipy):
            raise ArgumentError(f"{name} must be a function of x, got {second!r}: leave it out")
        if callable(second) and jac is not True and not callable(jac):
            raise ArgumentError(f"{name} is checked against jac: pass jac, too")
    if callable(hess):
        matrix = UserFunction(f"{prefix}hess", hess, args)
        yield _Piece(f"{prefix}hess", derivative, matrix, gradient, matrix)
    if callable(hessp):
        p = rng.standard_normal(x.size)
        product = UserFunction(f"{prefix}hessp", hessp, args, {"p": p})
        along_p = lambda x: np.dot(derivative(x), p)  # noqa: E731
        yield _Piece(f"{prefix}hessp", along_p, product, gradient, product)


def _pair(result: Any) -> Any:
    if isinstance(result, tuple | list) and len(result) == 2:
        return result
    raise ArgumentError(
        f"with jac=True, fun must return (value, jac), got {type(result).__name__}: pass jac=..."
    )


def _listed(constraints: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(constraints, Mapping) or not isinstance(constraints, list | tuple):
        constraints = [constraints]
    for number, constraint in enumerate(constraints):
        yield f"constraints[{number}].", constraint


def _of_constraint(
    prefix: str, constraint: Any, rng: np.random.Generator, x: Array
) -> Iterator[_Piece]:
    fun: Any
    if isinstance(constraint, Mapping):
        args = tuple(constraint.get("args", ()))
        fun, jac, hess = constraint.get("fun"), constraint.get("jac"), None
    else:
        if hasattr(constraint, "A"):
            return  # a linear constraint
        args, fun = (), getattr(constraint, "fun", None)
        jac, hess = getattr(constraint, "jac", None), getattr(constraint, "hess", None)
    yield from _of_objective(prefix, fun, jac, None, None, args, rng, x)
    if callable(hess) and callable(jac):
        v = rng.standard_normal(np.size(fun(x.copy())))
        gradient = UserFunction(f"{prefix}jac", jac)
        matrix = UserFunction(f"{prefix}hess", hess, (), {"v": v})
        along_v = lambda x: rows_times(gradient(x), v)  # noqa: E731
        yield _Piece(f"{prefix}hess", along_v, matrix, gradient, matrix)


def _check_piece(
    piece: _Piece, x: Array, rng: np.random.Generator, options: dict[str, Any]
) -> Report:
    """Check one derivative; one that raises is a failed row, and the others are still checked."""
    try:
        return _check_matrix(piece, x, rng, options)
    except Exception as error:
        of_derivatives = [
            function.error
            for function in (piece.user, piece.user_function)
            if not function.name.endswith("fun")
        ]
        if not any(error is each for each in of_derivatives):
            raise
        return _failed_report("total", piece.label, f"it raises {type(error).__name__}: {error}")


def _check_matrix(
    piece: _Piece, x: Array, rng: np.random.Generator, options: dict[str, Any]
) -> Report:
    label, function, derivative = piece.label, piece.function, piece.derivative
    outputs = np.atleast_1d(np.asarray(function(x)))
    matrix = derivative(x)
    if problem := why_no_matrix(matrix, (outputs.size, x.size)):
        return _failed_report("total", label, problem)
    if outputs.size == 1 and np.ndim(matrix) < 2 and not hasattr(matrix, "matvec"):
        return check_gradients(
            lambda p: function(p[label]),
            lambda p: {label: np.reshape(derivative(p[label]), -1)},
            {label: x},
            **options,
        )
    if outputs.size * x.size <= _MAX_ELEMENTS:
        if violation := _why_not_the_same_twice(piece, x):
            return _failed_report("protocol", "the same twice", violation)
        rows = _Rows(function, derivative)
        parameters = {label: np.tile(x, (outputs.size, 1))}
        return check_gradients(
            lambda p: rows.cost(p[label]),
            lambda p: {label: rows.gradient(p[label])},
            parameters,
            **options,
        )
    weights = rng.standard_normal(outputs.size)
    report = check_gradients(
        lambda p: np.dot(function(p[label]), weights),
        lambda p: {label: rows_times(derivative(p[label]), weights)},
        {label: x},
        **options,
    )
    report.notes.append(
        f"the {outputs.size:,} rows of {label} were checked together, in one random combination: "
        "an index is that of a column"
    )
    return report


def _why_not_the_same_twice(piece: _Piece, x: Array) -> str | None:
    """Return how a matrix that is called again at the same point differs, None if it does not.

    Asked of the matrix alone: `_Rows` calls it so often in between that what piles up looks like
    the noise of its rounding.
    """
    runs = []
    for _ in range(1 + REPEATS):
        piece.function(x)
        runs.append(dense(piece.derivative(x)).ravel())
    if not all(np.isfinite(run).all() for run in runs):
        return None  # of which the check says more
    leaves = ParameterTree({piece.label: runs[0]}).leaves
    precision = float(np.finfo(np.float32).eps)  # another order of summation is no mistake
    return compare_calls(runs, [], leaves, [precision]).violation


def _failed_report(term: str, parameter: str, diagnosis: str) -> Report:
    check = Check(None, term, parameter, 1.0, "fail", diagnosis)
    return Report([check], title="", difference=1.0, method="")


class _Rows:
    """The sum of f_i(x_i) over the outputs of a function, whose gradient is its matrix.

    Each output has its own x, so that the gradient of row i is row i of the matrix.
    """

    def __init__(self, function: Function, derivative: Function) -> None:
        self._function, self._derivative = function, derivative

    def cost(self, rows: Array) -> Any:
        """Return the sum of all outputs, each at its row."""
        return sum(np.ravel(value)[i] for i, value in _at_rows(self._function, rows))

    def gradient(self, rows: Array) -> Any:
        """Return the matrix, each row taken at its row of x."""
        whole = list(_at_rows(lambda x: dense(self._derivative(x)), rows))
        if any(matrix.shape != rows.shape for _, matrix in whole):
            return whole[0][1]  # of a wrong shape, which the check reports
        return np.array([matrix[i] for i, matrix in whole])


def _at_rows(function: Function, rows: Array) -> Iterator[tuple[int, Any]]:
    """Yield the number of each row and the function there, called once for equal rows."""
    values: dict[bytes, Any] = {}
    for i, row in enumerate(rows):
        key = row.tobytes()
        if key not in values:
            values[key] = function(row)
        yield i, values[key]
