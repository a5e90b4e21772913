"""Rectified linear unit."""

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import scalar_array
from .activation import Activation


class ReLU(Activation):
    """Rectified linear unit: y = max(x, 0); dx = dy where x > 0, else 0."""

    def apply(self, x: Array, y: Array) -> None:
        """Write y."""
        np.maximum(x, scalar_array(0, x.dtype), out=y)

    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write dx."""
        self._step(y, dx)
        np.multiply(dx, dy, out=dx)
