"""Random splits of the examples into a training and a validation set."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, ShapeError
from ..utils.masked import check_not_masked
from ..utils.random import as_rng
from ..utils.sparse_rows import ExamplesLike, is_sparse
from ..utils.typing import Array, Seed

XY: TypeAlias = tuple[Array, Array]


def train_validation_split(
    X: ExamplesLike,
    Y: npt.ArrayLike,
    *,
    validation_fraction: float = 0.2,
    seed: Seed = 0,
    stratify: bool = True,
) -> tuple[XY, XY]:
    """Split the examples at random into a training and a validation set.

    Parameters
    ----------
    X : array_like or sparse matrix of shape (m, ...)
        The inputs, one row per example.
    Y : array_like of shape (m, ...)
        The targets, one row per example.
    validation_fraction : float, default 0.2
        Fraction of the examples to hold out, between 0 and 1:
        `round(validation_fraction * m)` examples.
    seed : int, numpy.random.Generator or numpy.random.RandomState, default 0
        Seed or random generator of the shuffle.
    stratify : bool, default True
        Whether each class keeps its proportion in both sets, to within one example. Examples
        with equal rows of `Y` are one class.

    Returns
    -------
    (X_train, Y_train) : tuple of ndarray
        Copies of the training examples, shuffled.
    (X_val, Y_val) : tuple of ndarray
        Copies of the validation examples, shuffled.

    Raises
    ------
    ShapeError
        If X and Y have different numbers of rows.
    ArgumentError
        If `validation_fraction` leaves one of the sets empty, or `seed` has the wrong type.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.data import train_validation_split
    >>> X, Y = np.arange(20).reshape(10, 2), np.repeat([[0], [1]], 5, axis=0)
    >>> (X_train, Y_train), (X_val, Y_val) = train_validation_split(X, Y)
    >>> len(X_train), len(X_val), Y_val.sum()
    (8, 2, np.int64(1))
    """
    check_not_masked(X, "X")
    check_not_masked(Y, "Y")
    rows: Any = X.tocsr() if is_sparse(X) else np.asarray(X)
    Y = np.asarray(Y)
    if rows.ndim == 0 or Y.ndim == 0 or rows.shape[0] != len(Y):
        raise ShapeError(
            f"X and Y must have the same number of rows, got shapes {rows.shape} and {Y.shape} "
            "in train_validation_split: pass one row of Y per row of X"
        )
    train_rows, validation_rows = split_rows(
        Y, validation_fraction=validation_fraction, seed=seed, stratify=stratify
    )
    return (rows[train_rows], Y[train_rows]), (rows[validation_rows], Y[validation_rows])


def split_rows(
    Y: Array, *, validation_fraction: float, seed: Seed, stratify: bool
) -> tuple[Array, Array]:
    """Return the row numbers of the training set and of the validation set."""
    m = len(Y)
    n_validation = round(validation_fraction * m) if 0 < validation_fraction < 1 else 0
    if not 0 < n_validation < m:
        raise ArgumentError(
            "validation_fraction must lie between 0 and 1 and leave both sets with examples, "
            f"got {validation_fraction!r} of {m} examples: pass e.g. validation_fraction=0.2"
        )
    rng = as_rng(seed)
    order = rng.permutation(m)
    if not stratify:
        return order[n_validation:], order[:n_validation]
    rows_by_class = order[np.argsort(_class_of_row(Y)[order], kind="stable")]
    # Evenly spaced positions among the rows sorted by class take from each class in proportion.
    positions = (np.arange(n_validation) * m + int(rng.random() * m)) // n_validation
    in_validation = np.zeros(m, dtype=bool)
    in_validation[rows_by_class[positions]] = True
    return order[~in_validation[order]], order[in_validation[order]]


def _class_of_row(Y: Array) -> Array:
    """Return what orders the rows by their classes, the same for equal rows."""
    columns = Y.reshape(len(Y), -1)
    if columns.shape[1] == 1:
        return columns[:, 0]  # as it is: `np.unique` takes many times the memory of small numbers
    _, class_of_row = np.unique(columns, axis=0, return_inverse=True)
    return class_of_row.reshape(len(Y))
