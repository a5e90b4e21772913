"""Sets rows aside for validation."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..arrays import Array, Seed
from ..errors import ArgumentError, ShapeError
from ..randomness import stream

Rows: TypeAlias = tuple[Array, Array]


def train_validation_split(
    X: npt.ArrayLike, Y: npt.ArrayLike, *, share: float = 0.2, seed: Seed = 0, stratify: bool = True
) -> tuple[Rows, Rows]:
    """Deal the rows of X and Y into a training and a validation part, each row into exactly one.

    Parameters
    ----------
    X : array_like of shape (m, ...)
    Y : array_like of shape (m, ...)
        Class numbers, 0/1, or one-hot rows.
    share : float
        Share of the rows for validation, 0 < share < 1; `round(share * m)` rows.
    seed : int, Generator or RandomState
        Decides which rows go where, and their order.
    stratify : bool
        Give every class its share of the validation rows, to within one row. A class is a set of equal rows of Y.

    Returns
    -------
    (X_train, Y_train), (X_val, Y_val)
        New arrays with the dtypes of X and Y.

    Raises
    ------
    ShapeError
        If X and Y are single numbers or differ in their number of rows.
    ArgumentError
        If `share` is not between 0 and 1, or leaves a part without rows.

    Examples
    --------
    >>> X, Y = np.arange(20).reshape(10, 2), np.repeat([[0], [1]], 5, axis=0)
    >>> (X_train, Y_train), (X_val, Y_val) = train_validation_split(X, Y)
    >>> len(X_train), len(X_val), sorted(Y_val.ravel().tolist())
    (8, 2, [0, 1])
    """
    X, Y = np.asarray(X), np.asarray(Y)
    if X.ndim == 0 or Y.ndim == 0 or len(X) != len(Y):
        raise ShapeError(f"X and Y must have the same number of rows, got shapes {X.shape} and {Y.shape}: give one row of Y per row of X")
    held_out = split_rows(Y, share=share, seed=seed, stratify=stratify)
    return (X[held_out[0]], Y[held_out[0]]), (X[held_out[1]], Y[held_out[1]])


def split_rows(Y: Array, *, share: float, seed: Seed, stratify: bool) -> tuple[Array, Array]:
    """Return the row numbers of the training and of the validation part; see `train_validation_split`."""
    m = len(Y)
    if not 0 < share < 1:
        raise ArgumentError(f"share must lie between 0 and 1, got {share!r}: pass the part of the rows to hold out, e.g. share=0.2")
    count = round(share * m)
    if not 0 < count < m:
        raise ArgumentError(
            f"share must leave rows in both parts, got {share!r}, which holds out {count} of {m} rows: choose another share"
        )
    random = stream(seed)
    order = random.permutation(m)
    if not stratify:
        return order[count:], order[:count]
    _, classes = np.unique(Y.reshape(m, -1), axis=0, return_inverse=True)
    by_class = order[np.argsort(classes.reshape(m)[order], kind="stable")]
    # Evenly spaced places in the rows sorted by class: each class is hit in proportion to its length.
    places = (np.arange(count) * m + int(random.random() * m)) // count
    chosen = np.zeros(m, dtype=bool)
    chosen[by_class[places]] = True
    return order[~chosen[order]], order[chosen[order]]
