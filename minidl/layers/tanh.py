"""Hyperbolic tangent."""

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import scalar_array
from .activation import Activation


class Tanh(Activation):
    """Hyperbolic tangent: y = tanh(x); dx = dy * (1 - y**2)."""

    def apply(self, x: Array, y: Array) -> None:
        """Write y."""
        np.tanh(x, out=y)

    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write dx."""
        np.multiply(y, y, out=dx)
        np.subtract(scalar_array(1, dx.dtype), dx, out=dx)
        np.multiply(dx, dy, out=dx)
