"""Guesses of the whole numeric gradient, to be proved by a few probes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...utils.typing import Array
from .probed_array import ProbedArray


def guesses(array: ProbedArray, direction: Array, others: Sequence[Array] = ()) -> Iterator[Array]:
    """Yield what the numeric gradient is if the analytic one has some common mistake.

    A factor, the sign, a transposition and a reversed order leave every number in the gradient, so
    that all of the numeric gradient follows from one probe or none; where two arrays were
    exchanged, one of the `others` has it.
    """
    analytic = array.analytic
    values = array.values_along(direction)
    if values.numeric != 0 and np.isfinite(values.analytic) and values.analytic != 0:
        yield analytic * (values.numeric / values.analytic)
    if analytic.ndim == 2 and 1 not in analytic.shape:
        if analytic.shape[0] == analytic.shape[1]:
            yield analytic.T
        yield analytic.reshape(analytic.shape[::-1]).T
        yield analytic.ravel(order="F").reshape(analytic.shape)
    yield from (other for other in others if other.shape == analytic.shape)
    for axis in range(analytic.ndim):
        if analytic.shape[axis] > 1:
            yield np.flip(analytic, axis)
