"""A batch of examples."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import ShapeError


class Batch(NamedTuple):
    """Examples, their targets and, optionally, their weights.

    Parameters
    ----------
    x : ndarray or ArraySource of shape (m, ...)
        The examples, one per row.
    y : ndarray or ArraySource of shape (m, ..., k)
        The targets, as `Loss.prepare_targets` returns them.
    sample_weight : ndarray of shape (m,) or (m, ...), optional
        The weight of each example, or of each position, in the data loss; None if all count the
        same.

    Examples
    --------
    >>> import numpy as np
    >>> batch = Batch(np.zeros((5, 2)), np.ones((5, 1)))
    >>> batch.n_examples
    5
    """

    x: Any
    y: Any
    sample_weight: Any = None

    @property
    def n_examples(self) -> int:
        """Number of examples m."""
        return len(self.x)

    def rows(self, rows: Any) -> Batch:
        """Return some rows, by a slice or by their numbers."""
        x, y, sample_weight = self
        return Batch(x[rows], y[rows], None if sample_weight is None else sample_weight[rows])


class BatchPart(Batch):
    """The rows of a batch that this process computes, of several that train together.

    Attributes
    ----------
    n_examples : int
        The number of examples m of the whole batch.
    """

    _n_examples: int

    @classmethod
    def of(cls, batch: Batch, n_examples: int) -> BatchPart:
        """Return some rows of a batch of `n_examples`."""
        part = cls(*batch)
        part._n_examples = n_examples
        return part

    @property
    def n_examples(self) -> int:
        """Number of examples m of the whole batch."""
        return self._n_examples


def check_same_length(x: Any, y: Any) -> None:
    """Raise `ShapeError` unless X and Y have the same number of rows."""
    if len(x) != len(y):
        raise ShapeError(f"X and Y must have the same number of rows, got {len(x)} and {len(y)}")
