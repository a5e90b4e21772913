"""The base class of the activations."""

from abc import abstractmethod

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import get_workspace, scalar_array
from .base import Layer, Shape, as_float_array

BOOL = np.dtype(bool)


class Activation(Layer):
    """Base of the activations: define `apply` and `derive`."""

    _y: Array | None = None

    @abstractmethod
    def apply(self, x: Array, y: Array) -> None:
        """Write the output into `y`, of the same shape."""

    @abstractmethod
    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write the gradient into `dx`."""

    def forward(self, x: Array, *, training: bool = False) -> Array:
        """Return y."""
        x = as_float_array(x)
        y = self._y = get_workspace(self._workspace, "y", x.shape, x.dtype)
        self.apply(x, y)
        return y

    def backward(self, dy: Array) -> Array:
        """Return dx."""
        y = self._y
        if y is None or dy.shape != y.shape:
            raise self._refusal(dy, y)
        dx = get_workspace(self._workspace, "dx", y.shape, y.dtype)
        self.derive(y, dy, dx)
        return dx

    def output_shape(self, shape: Shape | None) -> Shape | None:
        """Return the same shape."""
        return shape

    def _step(self, y: Array, dx: Array) -> None:
        """Write 1 where y > 0, else 0; to compare into floats takes NumPy twice as long."""
        positive = get_workspace(self._workspace, "positive", y.shape, BOOL)
        np.greater(y, scalar_array(0, y.dtype), out=positive)
        dx[...] = positive
