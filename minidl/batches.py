"""Mini-batches: one pass over the examples in parts of equal size, each example once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from .arrays import Array, Seed
from .errors import ArgumentError, ShapeError
from .randomness import stream

Order = Callable[[int], npt.ArrayLike]


class MiniBatches:
    """Deal the rows of `X` and `Y` in batches; each iteration is one epoch.

    Every row comes exactly once in an epoch; the last batch is smaller where `batch_size` does not divide m. Shuffling permutes
    the examples anew each epoch.

    Parameters
    ----------
    X, Y : numpy.ndarray of shapes (m, ...)
        X of shape (m, ...) and Y of shape (m, k).
    batch_size : int or None
        None: the whole set is the one batch, as it is.
    shuffle : bool or callable
        A callable takes the number of the epoch, from 1, and returns the order of the rows, a permutation of range(m).
    seed : int, numpy.random.Generator or RandomState
        Where the permutations come from.

    Raises
    ------
    ArgumentError, ShapeError
        For a batch size below 1, no examples, or X and Y of different length.

    Notes
    -----
    The arrays that an iteration yields are written over by the next one.

    Examples
    --------
    >>> X, Y = np.arange(10.0).reshape(5, 2), np.arange(5.0).reshape(5, 1)
    >>> [len(x) for x, y in MiniBatches(X, Y, batch_size=2)]
    [2, 2, 1]
    """

    def __init__(self, X: Array, Y: Array, *, batch_size: int | None = 64, shuffle: bool | Order = True, seed: Seed = 0) -> None:
        check_batch_size(batch_size)
        if not (isinstance(shuffle, bool) or callable(shuffle)):
            raise ArgumentError(
                f"shuffle must be True, False or a function from the epoch's number to the order of the rows, got {shuffle!r}"
            )
        if len(X) != len(Y):
            raise ShapeError(f"X and Y must have the same number of rows, got {len(X)} and {len(Y)}")
        if len(X) == 0:
            raise ShapeError("X and Y must hold at least one example, got none")
        self.x, self.y = X, Y
        self.size = len(X) if batch_size is None else min(batch_size, len(X))
        self.shuffle = shuffle
        self.order: Array = np.arange(len(X))
        self.epoch = 0
        self._rng = stream(seed)
        self._x = np.empty((self.size, *X.shape[1:]), X.dtype)
        self._y = np.empty((self.size, *Y.shape[1:]), Y.dtype)

    def __len__(self) -> int:
        return math.ceil(len(self.x) / self.size)

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        self.epoch += 1
        m = len(self.x)
        if self.size == m and not callable(self.shuffle):  # the order within the one batch does not matter: nothing is copied
            yield self.x, self.y
            return
        self._deal()
        for start in range(0, m, self.size):
            rows = self.order[start : start + self.size]
            # mode="clip" lets take write straight into the buffer; the rows are known to be valid.
            x = self.x.take(rows, axis=0, out=self._x[: len(rows)], mode="clip")
            y = self.y.take(rows, axis=0, out=self._y[: len(rows)], mode="clip")
            yield x, y

    def _deal(self) -> None:
        m = len(self.x)
        if callable(self.shuffle):
            order = np.asarray(self.shuffle(self.epoch))
            if order.shape != (m,) or order.dtype.kind not in "iu" or not np.array_equal(np.sort(order), np.arange(m)):
                raise ArgumentError(f"shuffle({self.epoch}) must return a permutation of range({m}): every row once, got {order!r}")
            self.order = order
        elif self.shuffle:
            self._rng.shuffle(self.order)


def check_batch_size(batch_size: int | None) -> None:
    """Raise `ArgumentError` unless `batch_size` is None or a whole number >= 1."""
    if batch_size is not None and (isinstance(batch_size, bool) or not isinstance(batch_size, int | np.integer) or batch_size < 1):
        raise ArgumentError(f"batch_size must be a whole number >= 1, or None for the whole set, got {batch_size!r}")
