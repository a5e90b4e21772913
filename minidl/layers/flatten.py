"""Flatten."""

import math

from ..utils.typing import Array
from .base import Layer, Shape, as_float_array


class Flatten(Layer):
    """Make each example a row: (m, a, b, ...) -> (m, a * b * ...), in C order."""

    _shape: Shape | None = None

    def forward(self, x: Array, *, training: bool = False) -> Array:
        """Return the rows."""
        x = as_float_array(x)
        self._shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy: Array) -> Array:
        """Return dx."""
        if self._shape is None:
            raise self._refusal(dy, None)
        return dy.reshape(self._shape)

    def output_shape(self, shape: Shape | None) -> Shape | None:
        """Return (a * b * ...,)."""
        return None if shape is None else (math.prod(shape),)
