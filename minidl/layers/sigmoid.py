"""Sigmoid."""

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import scalar_array
from .activation import Activation

MIN_EXP_ARGUMENT = {
    "f": -88.0,
    "d": -709.0,
    "D": -709.0,
}  # the least x of finite exp(-x), by dtype.char


class Sigmoid(Activation):
    """Sigmoid: y = 1 / (1 + exp(-x)); dx = dy * y * (1 - y)."""

    def apply(self, x: Array, y: Array) -> None:
        """Write y."""
        np.maximum(x, scalar_array(MIN_EXP_ARGUMENT[x.dtype.char], x.dtype), out=y)
        np.negative(y, out=y)
        np.exp(y, out=y)
        np.add(y, scalar_array(1, y.dtype), out=y)
        np.reciprocal(y, out=y)

    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write dx."""
        np.subtract(scalar_array(1, y.dtype), y, out=dx)
        np.multiply(dx, y, out=dx)
        np.multiply(dx, dy, out=dx)
