"""Leaky rectified linear unit."""

import numpy as np

from ..utils.typing import Array
from ..utils.validation import check_number, in_range
from ..utils.workspace import scalar_array
from .activation import Activation


class LeakyReLU(Activation):
    """Leaky rectified linear unit: y = max(x, slope * x); dx = dy where x > 0, else slope * dy.

    Parameters
    ----------
    slope : float, default 0.01
        In [0, 1).
    """

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = check_number(slope, "slope", in_range(0, 1, closed="left"), self)

    def apply(self, x: Array, y: Array) -> None:
        """Write y."""
        np.multiply(x, scalar_array(self.slope, x.dtype), out=y)
        np.maximum(x, y, out=y)

    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write dx."""
        self._step(y, dx)
        np.maximum(dx, scalar_array(self.slope, dx.dtype), out=dx)
        np.multiply(dx, dy, out=dx)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.slope})"
