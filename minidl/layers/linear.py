"""The linear layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array, common_dtype, product, scratch
from ..errors import ArgumentError, ShapeError
from ..initializers import He, Zeros
from ..parameters import Initializes, Parameter
from .layer import Layer, Shape, floats


class Linear(Layer):
    """A linear (fully connected) layer: y = x @ weight.T + bias.

    The way back: d weight = dy.T @ x, d bias = sum of dy over the examples, dx = dy @ weight.

    Parameters
    ----------
    in_features, out_features : int
        Widths, >= 1.
    init : Initializer, default He()
        Draws the weights; the biases start at 0.
    bias : bool, default True
        Whether there is a bias; `.bias` is None otherwise.

    Attributes
    ----------
    weight : Parameter of shape (out_features, in_features)
        The course's W and PyTorch's layout.
    bias : Parameter of shape (out_features,) or None

    Examples
    --------
    >>> layer = Linear(2, 1)
    >>> layer.weight.value = [[2.0, 3.0]]
    >>> layer.forward(np.array([[1.0, 10.0]]))
    array([[32.]])
    >>> layer.backward(np.array([[1.0]]))
    array([[2., 3.]])
    """

    def __init__(self, in_features: int, out_features: int, *, init: Initializes | None = None, bias: bool = True) -> None:
        for name, width in (("in_features", in_features), ("out_features", out_features)):
            if isinstance(width, bool) or not isinstance(width, int | np.integer) or width < 1:
                raise ArgumentError(f"{name} must be a whole number >= 1, got {width!r} in Linear({in_features!r}, {out_features!r})")
        self.in_features = int(in_features)
        self.out_features = int(out_features)
        self.weight = Parameter((self.out_features, self.in_features), init=init or He(), fan_in=self.in_features)
        self.bias = Parameter((self.out_features,), init=Zeros(), fan_in=self.in_features) if bias else None
        self._x: Array | None = None
        self._y: Array | None = None

    def forward(self, x: Array, *, training: bool = False) -> Array:
        """Return x @ weight.T + bias: (m, in_features) -> (m, out_features)."""
        x = floats(x)
        if x.ndim != 2 or x.shape[1] != self.in_features:
            raise ShapeError(f"{self} expects x of shape (m, {self.in_features}), one row per example, got {x.shape}")
        weight = self.weight.value
        self._x = x
        y = self._y = scratch(self._buffers, "y", (len(x), self.out_features), common_dtype(x, weight))
        product(x, weight.T, y)
        if self.bias is not None:
            np.add(y, self.bias.value, out=y)
        return y

    def backward(self, dy: Array) -> Array | None:
        """Fill the gradients of weight and bias; return dy @ weight: (m, out_features) -> (m, in_features)."""
        x, y = self._x, self._y
        if x is None or y is None:
            raise self._forward_first()
        if dy.shape != y.shape:
            raise ShapeError(f"{self}.backward expects dy of shape {y.shape}, that of the last output, got {dy.shape}")
        product(dy.T, x, self.weight.grad)
        if self.bias is not None:
            product(self._ones(len(x), dy.dtype), dy, self.bias.grad)
        if not self.wants_input_gradient:
            return None
        weight = self.weight.value
        return product(dy, weight, scratch(self._buffers, "dx", x.shape, common_dtype(dy, weight)))

    def _ones(self, m: int, dtype: np.dtype[Any]) -> Array:
        """Return m ones: their product with a matrix is its sum over the rows, at the speed of BLAS."""
        ones = self._buffers.get("ones")
        if ones is None or len(ones) < m or ones.dtype != dtype:
            ones = self._buffers["ones"] = np.ones(m, dtype)
        return ones[:m]

    def output_shape(self, shape: Shape | None) -> Shape | None:
        """Return (out_features,)."""
        if shape is not None and shape != (self.in_features,):
            flat = " (put Flatten() before it)" if len(shape) > 1 and np.prod(shape) == self.in_features else ""
            raise ShapeError(f"expects {self.in_features} features, got {shape[0] if len(shape) == 1 else shape}{flat}")
        return (self.out_features,)

    def settings(self) -> dict[str, Any]:
        """Return what makes such a layer again; how its first weights were drawn is not kept."""
        return {"in_features": self.in_features, "out_features": self.out_features, "bias": self.bias is not None}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_features}, {self.out_features}{'' if self.bias is not None else ', bias=False'})"
