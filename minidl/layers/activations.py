"""Activations: ReLU, LeakyReLU, Sigmoid, Tanh act on each element, Softmax on each row.

Each remembers its output y and writes its derivative in terms of it. All are complex-safe: comparisons follow the real part, so a
derivative can be taken by the complex step.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import ClassVar

import numpy as np

from ..arrays import Array, constant, scratch
from ..errors import ArgumentError
from .layer import Layer, Shape, floats

_FLAGS = np.dtype(bool)


class Activation(Layer):
    """Base of the activations: keeps the shape; define `apply` and `derive` on arrays that are given."""

    _y: Array | None = None

    @abstractmethod
    def apply(self, x: Array, y: Array) -> None:
        """Write the output for `x` into `y`."""

    @abstractmethod
    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write the gradient with respect to the input into `dx`, from the output `y` and its gradient `dy`."""

    def forward(self, x: Array, *, training: bool = False) -> Array:
        """Return the activation of `x`, of the same shape."""
        x = floats(x)
        y = self._y = scratch(self._buffers, "y", x.shape, x.dtype)
        self.apply(x, y)
        return y

    def backward(self, dy: Array) -> Array:
        """Return the gradient with respect to the last input."""
        y = self._y
        if y is None:
            raise self._forward_first()
        if dy.shape != y.shape:
            raise self._unlike(dy, y)
        dx = scratch(self._buffers, "dx", y.shape, y.dtype)
        self.derive(y, dy, dx)
        return dx

    def output_shape(self, shape: Shape | None) -> Shape | None:
        """Return the same shape."""
        return shape

    def _step(self, y: Array, dx: Array) -> None:
        """Write 1 where y > 0, else 0, into `dx`: by way of flags, since to compare into floats takes NumPy twice as long."""
        positive = scratch(self._buffers, "positive", y.shape, _FLAGS)
        np.greater(y, constant(0, y.dtype), out=positive)
        dx[...] = positive


class ReLU(Activation):
    """Rectified linear unit: y = max(x, 0); dx = dy where x > 0, else 0 (at the kink x = 0 too).

    Examples
    --------
    >>> ReLU().forward(np.array([[-1.0, 2.0]]))
    array([[0., 2.]])
    """

    def apply(self, x: Array, y: Array) -> None:
        """Write max(x, 0) into `y`."""
        np.maximum(x, constant(0, x.dtype), out=y)

    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write dy where y > 0, else 0."""
        self._step(y, dx)
        np.multiply(dx, dy, out=dx)


class LeakyReLU(Activation):
    """Leaky rectified linear unit: y = x where x > 0, else slope * x; dx = dy, or slope * dy (at x = 0 too).

    Parameters
    ----------
    slope : float, default 0.01
        In [0, 1).
    """

    def __init__(self, slope: float = 0.01) -> None:
        if not (math.isfinite(slope) and 0 <= slope < 1):
            raise ArgumentError(f"slope must be in [0, 1), got {slope} in LeakyReLU")
        self.slope = float(slope)

    def apply(self, x: Array, y: Array) -> None:
        """Write max(x, slope * x) into `y`: the same, as slope < 1."""
        np.multiply(x, constant(self.slope, x.dtype), out=y)
        np.maximum(x, y, out=y)

    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write dy where y > 0, else slope * dy."""
        self._step(y, dx)
        np.maximum(dx, constant(self.slope, dx.dtype), out=dx)
        np.multiply(dx, dy, out=dx)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.slope})"


class Sigmoid(Activation):
    """Sigmoid: y = 1 / (1 + exp(-x)); dx = dy * y * (1 - y).

    As the last layer under `BinaryCrossEntropy` the loss is computed from its input, exactly and without overflow.

    Examples
    --------
    >>> Sigmoid().forward(np.array([[0.0, 1000.0]]))
    array([[0.5, 1. ]])
    """

    # The smallest inputs whose exp(-x) is finite; below them y is 0 to within the smallest normal number.
    _LOWEST: ClassVar[dict[str, float]] = {"f": -88.0, "d": -709.0, "D": -709.0}  # by dtype.char

    def apply(self, x: Array, y: Array) -> None:
        """Write 1 / (1 + exp(-x)) into `y`."""
        np.maximum(x, constant(self._LOWEST[x.dtype.char], x.dtype), out=y)
        np.negative(y, out=y)
        np.exp(y, out=y)
        np.add(y, constant(1, y.dtype), out=y)
        np.reciprocal(y, out=y)

    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write dy * y * (1 - y)."""
        np.subtract(constant(1, y.dtype), y, out=dx)
        np.multiply(dx, y, out=dx)
        np.multiply(dx, dy, out=dx)


class Tanh(Activation):
    """Hyperbolic tangent: y = tanh(x); dx = dy * (1 - y**2)."""

    def apply(self, x: Array, y: Array) -> None:
        """Write tanh(x) into `y`."""
        np.tanh(x, out=y)

    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write dy * (1 - y**2)."""
        np.multiply(y, y, out=dx)
        np.subtract(constant(1, dx.dtype), dx, out=dx)
        np.multiply(dx, dy, out=dx)


class Softmax(Activation):
    """Softmax of each row: y = exp(x) / sum(exp(x)); dx = y * (dy - sum(dy * y)).

    Each row is shifted by its largest element first: no overflow. As the last layer under `CategoricalCrossEntropy` the loss is
    computed from its input.
    """

    def apply(self, x: Array, y: Array) -> None:
        """Write exp(x) / sum(exp(x)) into `y`, over the last axis."""
        np.subtract(x, np.maximum.reduce(x, axis=-1, keepdims=True), out=y)
        np.exp(y, out=y)
        np.divide(y, np.add.reduce(y, axis=-1, keepdims=True), out=y)

    def derive(self, y: Array, dy: Array, dx: Array) -> None:
        """Write y * (dy - sum(dy * y))."""
        np.multiply(dy, y, out=dx)
        np.subtract(dy, np.add.reduce(dx, axis=-1, keepdims=True), out=dx)
        np.multiply(dx, y, out=dx)
