"""The gradient of a cost by its recorded operations."""

from __future__ import annotations

import numpy as np

from ...utils.typing import Array
from .cost_function import CostFunction


def recorded_gradient(cost: CostFunction, name: str) -> Array | None:
    """Return the gradient of one array, backpropagated through the operations of the cost.

    It needs no differences of the cost, which hide what is slight, and no complex numbers, of which
    an absolute value loses the derivative.

    Parameters
    ----------
    cost : CostFunction
        The cost.
    name : str
        The name of the array.

    Returns
    -------
    ndarray of shape (n,) or None
        None if some operation cannot be recorded.
    """
    try:
        with np.errstate(all="ignore"):
            gradient: Array = cost.record().gradients()[name]
    except Exception:  # of any kind: the code has never met such arrays
        return None
    return gradient.ravel()
