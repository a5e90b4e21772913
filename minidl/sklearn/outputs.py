"""The outputs of a network in the precision of the examples, as in scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..batching.arguments import MEMORY_LIMIT
from ..model.prediction import predict
from ..objective import Objective
from ..utils.typing import Array
from ..utils.underflow import repeat_without_underflow

_SINGLE, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


def outputs_of(objective: Objective, rows: Any, n_layers: int | None = None) -> Array:
    """Return what a network, or some of its layers, gives for validated rows.

    A network of float32 computes in float64 where the rows have it: so do the networks of
    scikit-learn, and one row then gives the same numbers, to 1e-15, alone as among others.

    Parameters
    ----------
    objective : Objective
        The network.
    rows : ndarray or sparse matrix of shape (m, ...)
        The examples.
    n_layers : int, optional
        How many layers the rows pass through; by default all.

    Returns
    -------
    ndarray of shape (m, ...)
        A fresh array, of float32 if that can hold the weights and the rows, else of float64.
    """
    is_single = np.result_type(objective.dtype, rows.dtype) == _SINGLE
    dtype = _SINGLE if is_single else _DOUBLE
    arguments = objective, rows, MEMORY_LIMIT, None, n_layers, dtype
    try:
        return predict(*arguments)
    except FloatingPointError:
        return repeat_without_underflow(predict, *arguments)
