"""Arrays (..., features) as long rows, over which ufuncs and sums of features run faster.

NumPy calls a ufunc's inner loop once per row: with 16 features that takes ten times as long as with
512. So several rows that follow each other in memory are taken as one, and what belongs to the
features is repeated to its length.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..utils.linalg import matmul_into
from ..utils.typing import Array
from ..utils.workspace import Workspace

LENGTH = 512
"""About how many elements a long row has."""


@functools.lru_cache(1024)
def rows_per_long_row(n_rows: int, features: int) -> int:
    """Return how many rows become one: a divisor of `n_rows`."""
    most = max(1, LENGTH // features)
    return next(count for count in range(min(most, max(1, n_rows)), 0, -1) if n_rows % count == 0)


class FeatureRows:
    """The long rows of arrays of one shape (..., features).

    Parameters
    ----------
    shape : tuple of int
        The shape of the arrays.
    workspace : dict of str to ndarray
        Work arrays of the layer, in which the ones are kept that sums are made with.

    Attributes
    ----------
    n_rows : int
        The number of rows of `features` elements.

    Examples
    --------
    >>> import numpy as np
    >>> rows = FeatureRows((2, 3, 4), {})
    >>> x = np.arange(24.0).reshape(2, 3, 4)
    >>> rows.long(x).shape, rows.repeated(np.zeros(4)).shape, rows.sums(x)
    ((1, 24), (24,), array([60., 66., 72., 78.]))
    """

    def __init__(self, shape: tuple[int, ...], workspace: Workspace) -> None:
        self.features = shape[-1]
        self.n_rows = int(np.prod(shape[:-1]))
        self._count = rows_per_long_row(self.n_rows, self.features)
        self._workspace = workspace

    def long(self, array: Array) -> Array:
        """Return a view of an array (..., features), of a copy if it is not contiguous."""
        return array.reshape(-1, self._count * self.features)

    def repeated(self, values: Array) -> Array:
        """Return what belongs to the features as a long row."""
        return values if self._count == 1 else np.tile(values, self._count)

    def sums(self, array: Array) -> Array:
        """Return the sum of each feature over all rows, an array (features,)."""
        rows = self.long(array)
        sums = np.empty(rows.shape[1], array.dtype)
        matmul_into(self._ones(len(rows), array.dtype), rows, sums)  # a sum at the speed of BLAS
        total: Array = sums.reshape(self._count, self.features).sum(axis=0)
        return total

    def _ones(self, length: int, dtype: np.dtype[Any]) -> Array:
        ones = self._workspace.get("ones")
        if ones is None or len(ones) < length or ones.dtype != dtype:
            ones = self._workspace["ones"] = np.ones(length, dtype)
        return ones[:length]
