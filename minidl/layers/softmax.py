"""Softmax."""

import numpy as np

from ..utils.typing import Array
from .activation import Activation


class Softmax(Activation):
    """Softmax of each row, shifted by its largest element: y = exp(x) / sum(exp(x)); dx = y * (dy - sum(dy * y))."""

    def apply(self, x: Array, y: Array) -> None:
        """Write y."""
        np.subtract(x, np.maximum.reduce(x, axis=-1, keepdims=True), out=y)
        np.exp(y, out=y)
        np.divide(y, np.add.reduce(y, axis=-1, keepdims=True), out=y)

    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write dx."""
        np.multiply(dy, y, out=dx)
        np.subtract(dy, np.add.reduce(dx, axis=-1, keepdims=True), out=dx)
        np.multiply(dx, y, out=dx)
