"""Flatten."""

from __future__ import annotations

import math

from ..arrays import Array
from .layer import Layer, Shape, floats


class Flatten(Layer):
    """Make each example one row: (m, a, b, ...) -> (m, a * b * ...), in C order; the way back restores the shape.

    Examples
    --------
    >>> import numpy as np
    >>> Flatten().forward(np.zeros((10, 64, 64, 3))).shape
    (10, 12288)
    """

    _shape: Shape | None = None

    def forward(self, x: Array, *, training: bool = False) -> Array:
        """Return `x` as (m, n)."""
        x = floats(x)
        self._shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy: Array) -> Array:
        """Return `dy` in the shape of the last input."""
        if self._shape is None:
            raise self._forward_first()
        return dy.reshape(self._shape)

    def output_shape(self, shape: Shape | None) -> Shape | None:
        """Return (a * b * ...,)."""
        return None if shape is None else (math.prod(shape),)
