"""Activations and their derivatives in terms of the output; complex-safe."""

from abc import abstractmethod

import numpy as np

from ..arrays import Array, constant, scratch
from ..errors import number
from .layer import Layer, Shape, floats

_FLAGS = np.dtype(bool)
_LOWEST = {"f": -88.0, "d": -709.0, "D": -709.0}  # the least x of finite exp(-x), by dtype.char


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
        x = floats(x)
        y = self._y = scratch(self._buffers, "y", x.shape, x.dtype)
        self.apply(x, y)
        return y

    def backward(self, dy: Array) -> Array:
        """Return dx."""
        y = self._y
        if y is None or dy.shape != y.shape:
            raise self._refusal(dy, y)
        dx = scratch(self._buffers, "dx", y.shape, y.dtype)
        self.derive(y, dy, dx)
        return dx

    def output_shape(self, shape: Shape | None) -> Shape | None:
        """Return the same shape."""
        return shape

    def _step(self, y: Array, dx: Array) -> None:
        """Write 1 where y > 0, else 0; to compare into floats takes NumPy twice as long."""
        positive = scratch(self._buffers, "positive", y.shape, _FLAGS)
        np.greater(y, constant(0, y.dtype), out=positive)
        dx[...] = positive


class ReLU(Activation):
    """Rectified linear unit: y = max(x, 0); dx = dy where x > 0, else 0."""

    def apply(self, x: Array, y: Array) -> None:
        """Write y."""
        np.maximum(x, constant(0, x.dtype), out=y)

    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write dx."""
        self._step(y, dx)
        np.multiply(dx, dy, out=dx)


class LeakyReLU(Activation):
    """Leaky rectified linear unit: y = max(x, slope * x); dx = dy where x > 0, else slope * dy.

    Parameters
    ----------
    slope : float, default 0.01
        In [0, 1).
    """

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = number(slope, "slope", "in [0, 1)", self)

    def apply(self, x: Array, y: Array) -> None:
        """Write y."""
        np.multiply(x, constant(self.slope, x.dtype), out=y)
        np.maximum(x, y, out=y)

    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write dx."""
        self._step(y, dx)
        np.maximum(dx, constant(self.slope, dx.dtype), out=dx)
        np.multiply(dx, dy, out=dx)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.slope})"


class Sigmoid(Activation):
    """Sigmoid: y = 1 / (1 + exp(-x)); dx = dy * y * (1 - y)."""

    def apply(self, x: Array, y: Array) -> None:
        """Write y."""
        np.maximum(x, constant(_LOWEST[x.dtype.char], x.dtype), out=y)
        np.negative(y, out=y)
        np.exp(y, out=y)
        np.add(y, constant(1, y.dtype), out=y)
        np.reciprocal(y, out=y)

    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write dx."""
        np.subtract(constant(1, y.dtype), y, out=dx)
        np.multiply(dx, y, out=dx)
        np.multiply(dx, dy, out=dx)


class Tanh(Activation):
    """Hyperbolic tangent: y = tanh(x); dx = dy * (1 - y**2)."""

    def apply(self, x: Array, y: Array) -> None:
        """Write y."""
        np.tanh(x, out=y)

    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write dx."""
        np.multiply(y, y, out=dx)
        np.subtract(constant(1, dx.dtype), dx, out=dx)
        np.multiply(dx, dy, out=dx)


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
