"""assert_gradients: a model in a test suite."""

from __future__ import annotations

import numpy.typing as npt

from ..gradcheck import GradientChecker, Report
from ..model.sequential import Sequential
from ..utils.underflow import without_underflow


@without_underflow
def assert_gradients(
    model: Sequential, X: npt.ArrayLike, Y: npt.ArrayLike, *, allow_unresolved: bool = False
) -> Report:
    """Check all gradients of a model and raise an error unless all are right.

    Parameters
    ----------
    model : Sequential
        The model; it is restored bit for bit.
    X : array_like of shape (m, ...)
        A few examples, as for `Sequential.fit`: 2 to 10 are enough.
    Y : array_like of shape (m,) or (m, outputs)
        Their targets, as for `Sequential.fit`.
    allow_unresolved : bool, default False
        Whether to accept gradients that could be shown neither right nor wrong.

    Returns
    -------
    Report
        The report of `GradientChecker`.

    Raises
    ------
    GradientError
        If a gradient is wrong or, unless that is allowed, unresolved. It is an `AssertionError`,
        and its message is the report.
    ArgumentError
        If `model` is no Sequential.
    ShapeError, DtypeError
        If `X` or `Y` do not fit the model.
    NonFiniteError
        If the objective of these examples is not finite.

    See Also
    --------
    GradientChecker : The same check with more options; returns failures instead of raising.

    Examples
    --------
    >>> from minidl import Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(2, 1)], loss=MeanSquaredError())
    >>> assert_gradients(model, [[1, 2], [3, 5]], [1, 2]).ok
    True
    """
    return GradientChecker(model).check(X, Y).raise_if_failed(allow_unresolved=allow_unresolved)
