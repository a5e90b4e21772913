"""SciPy's functions and derivatives: jac, hess, hessp and constraints.

`check` takes what `scipy.optimize.minimize`, `root` and `least_squares` take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..gradcheck.functions.check_gradients import check_gradients
from ..gradcheck.report.report import Report
from ..gradcheck.result import Check
from ..utils.typing import Array
from .merge import merge_reports

__all__ = ["check"]

Function = Callable[..., Any]

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
        ``hess(x, *args)`` returns the matrix (n, n); it is checked against `jac`.
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
        A check for "jac", "hess", "hessp" and each "constraints[0].jac".

    Raises
    ------
    ArgumentError
        If there is no derivative to check, as with ``jac="2-point"``.

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
    x = np.atleast_1d(np.asarray(x0, dtype=np.float64)).ravel()
    rng = np.random.default_rng([seed, 1])
    pieces = [*_of_objective(fun, jac, hess, hessp, args, rng, x)]
    for label, constraint in _listed(constraints):
        pieces += _of_constraint(label, constraint, rng, x)
    if not pieces:
        raise ArgumentError(
            f"there is no derivative to check, got jac={jac!r}: pass a function, or jac=True if "
            "fun returns (value, jac)"
        )
    reports = [
        _check_piece(label, function, derivative, x, rng, {"method": method, "seed": seed})
        for label, function, derivative in pieces
    ]
    name = getattr(fun, "__name__", "fun")
    return merge_reports(reports, f"the derivatives of {name}, at {x.size} elements of x")


_Piece = tuple[str, Function, Function]


def _of_objective(
    fun: Function, jac: Any, hess: Any, hessp: Any, args: Any, rng: np.random.Generator, x: Array
) -> Iterator[_Piece]:
    gradient: Function | None = None
    if jac is True:
        gradient = lambda x: fun(x, *args)[1]  # noqa: E731
        yield "jac", lambda x: fun(x, *args)[0], gradient
    elif callable(jac):
        gradient = lambda x: jac(x, *args)  # noqa: E731
        yield "jac", lambda x: fun(x, *args), gradient
    for name, derivative in (("hess", hess), ("hessp", hessp)):
        if callable(derivative) and gradient is None:
            raise ArgumentError(f"{name} is checked against jac: pass jac, too")
    if gradient is None:
        return
    if callable(hess):
        yield "hess", gradient, lambda x: hess(x, *args)
    if callable(hessp):
        p = rng.standard_normal(x.size)
        yield "hessp", lambda x: np.dot(gradient(x), p), lambda x: hessp(x, p, *args)


def _listed(constraints: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(constraints, Mapping) or not isinstance(constraints, list | tuple):
        constraints = [constraints]
    for number, constraint in enumerate(constraints):
        yield f"constraints[{number}]", constraint


def _of_constraint(
    label: str, constraint: Any, rng: np.random.Generator, x: Array
) -> Iterator[_Piece]:
    if isinstance(constraint, Mapping):
        args = tuple(constraint.get("args", ()))
        yield from _renamed(label, constraint["fun"], constraint.get("jac"), args)
        return
    fun, jac = getattr(constraint, "fun", None), getattr(constraint, "jac", None)
    hess = getattr(constraint, "hess", None)
    if fun is None:
        return  # a linear constraint
    yield from _renamed(label, fun, jac, ())
    if callable(hess) and callable(jac):
        v = rng.standard_normal(np.size(fun(x)))
        yield f"{label}.hess", lambda x: _rows_times(jac(x), v), lambda x: hess(x, v)


def _renamed(label: str, fun: Function, jac: Any, args: Any) -> Iterator[_Piece]:
    for name, function, derivative in _of_objective(
        fun, jac, None, None, args, np.random.default_rng(0), np.zeros(0)
    ):
        yield f"{label}.{name}", function, derivative


def _check_piece(
    label: str,
    function: Function,
    derivative: Function,
    x: Array,
    rng: np.random.Generator,
    options: dict[str, Any],
) -> Report:
    outputs = np.atleast_1d(np.asarray(function(x.copy())))
    try:
        matrix = derivative(x.copy())
    except Exception as error:  # of the user: the other derivatives are still checked
        return _failed_report(label, f"it raises {type(error).__name__}: {error}")
    expected = (outputs.size, x.size)
    shape = getattr(matrix, "shape", None) or np.shape(matrix)
    if shape != expected and (outputs.size > 1 or shape not in ((x.size,), ())):
        return _failed_report(label, f"it has shape {shape}, but must have shape {expected}")
    if outputs.size == 1 and np.ndim(matrix) < 2:
        return check_gradients(
            lambda p: function(p[label]),
            lambda p: {label: np.reshape(derivative(p[label]), -1)},
            {label: x},
            **options,
        )
    if outputs.size * x.size <= _MAX_ELEMENTS and not hasattr(matrix, "rmatvec"):
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
        lambda p: {label: _rows_times(derivative(p[label]), weights)},
        {label: x},
        **options,
    )
    report.notes.append(
        f"the {outputs.size:,} rows of {label} were checked together, in one random combination: "
        "an index is that of a column"
    )
    return report


def _failed_report(label: str, diagnosis: str) -> Report:
    check = Check(None, "total", label, 1.0, "fail", diagnosis)
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
        whole = [(i, _dense(matrix)) for i, matrix in _at_rows(self._derivative, rows)]
        if any(matrix.shape != rows.shape for _, matrix in whole):
            return whole[0][1]  # of a wrong shape, which the check reports
        return np.array([matrix[i] for i, matrix in whole])


def _at_rows(function: Function, rows: Array) -> Iterator[tuple[int, Any]]:
    """Yield the number of each row and the function there, called once for equal rows."""
    values: dict[bytes, Any] = {}
    for i, row in enumerate(rows):
        key = row.tobytes()
        if key not in values:
            values[key] = function(row.copy())
        yield i, values[key]


def _dense(matrix: Any) -> Array:
    array: Array = np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)
    return array


def _rows_times(matrix: Any, weights: Array) -> Any:
    if hasattr(matrix, "rmatvec"):
        return matrix.rmatvec(weights)
    if hasattr(matrix, "toarray"):
        return matrix.T @ weights
    return np.asarray(matrix).T @ weights
