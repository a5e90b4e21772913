"""The shape of one example of a model's output, also where no layer tells it."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from ..batching.out_of_core import Rows, first_rows
from ..layers.base import Shape, UnknownRank
from ..objective import Objective
from .isolated_access import IsolatedAccess

_N_ROWS = 2
"""Rows that are passed through the model: two, since code may treat one row as a special case."""


def measure_output_shape(objective: Objective, x: Rows, known_shape: Shape | None) -> Shape | None:
    """Return the shape of one example of the output, from a pass of two rows if need be.

    The pass is made where only the last axis is known, and where the loss takes class numbers and
    must know the number of classes.

    Parameters
    ----------
    objective : Objective
        The model.
    x : ndarray, SparseRows or ArraySource of shape (m, ...)
        The examples.
    known_shape : tuple of int or None
        What the `output_shape` of the layers tell. It is returned if it is complete, or if the
        pass fails: then the next pass raises the error where the caller expects it.

    Returns
    -------
    tuple of int or None
        The shape, None if it is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(4, 3)], loss=MeanSquaredError())
    >>> x, shape_of_some_rank = np.zeros((5, 7, 4), np.float32), UnknownRank((3,))
    >>> measure_output_shape(model.objective_function, x, shape_of_some_rank)
    (7, 3)
    """
    takes_class_numbers = objective.loss.takes_class_numbers
    is_needed = takes_class_numbers if known_shape is None else isinstance(known_shape, UnknownRank)
    if not is_needed:
        return known_shape
    n_rows = min(_N_ROWS, len(x))
    with suppress(Exception), IsolatedAccess(objective) as isolated, np.errstate(all="ignore"):
        output = isolated.forward(first_rows(x, n_rows, isolated.input_dtype))
        if len(output) == n_rows:
            return tuple(output.shape[1:])
    return known_shape
