"""The fully connected layer."""

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..initializers import He, Zeros
from ..parameters import Initializes, Parameter
from ..utils.linalg import common_dtype, matmul_into
from ..utils.typing import Array
from ..utils.validation import check_number, integer_at_least
from ..utils.workspace import get_workspace
from .base import Layer, Shape, as_float_array


class Linear(Layer):
    """Fully connected: y = x @ weight.T + bias; dx = dy @ weight, d weight = dy.T @ x, d bias = sum of dy over the examples.

    Parameters
    ----------
    in_features, out_features : int
        >= 1.
    init : Initializer, default He()
        Of the weights; the biases start at 0.
    bias : bool, default True

    Attributes
    ----------
    weight : Parameter of shape (out_features, in_features)
    bias : Parameter of shape (out_features,), or None

    Raises
    ------
    ArgumentError, ShapeError
        For widths that are none; from `forward` and `backward`, for arrays of another width.
    """

    _x: Array
    _y: Array | None = None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        init: Initializes | None = None,
        bias: bool = True,
    ) -> None:
        self.in_features = check_number(in_features, "in_features", integer_at_least(1), self)
        self.out_features = check_number(out_features, "out_features", integer_at_least(1), self)
        self.weight = Parameter(
            (self.out_features, self.in_features), init=init or He(), fan_in=self.in_features
        )
        self.bias = (
            Parameter((self.out_features,), init=Zeros(), fan_in=self.in_features) if bias else None
        )

    def forward(self, x: Array, *, training: bool = False) -> Array:
        """Return y (m, out_features)."""
        x = as_float_array(x)
        if x.ndim != 2 or x.shape[1] != self.in_features:
            raise ShapeError(
                f"{self} expects x of shape (m, {self.in_features}), one row per example, got {x.shape}"
            )
        weight = self.weight.value
        self._x = x
        y = self._y = get_workspace(
            self._workspace, "y", (len(x), self.out_features), common_dtype(x, weight)
        )
        matmul_into(x, weight.T, y)
        if self.bias is not None:
            np.add(y, self.bias.value, out=y)
        return y

    def backward(self, dy: Array) -> Array | None:
        """Fill both gradients, and return dx."""
        self.backward_parameters(dy)
        x = self._x
        weight = self.weight.value
        return matmul_into(
            dy, weight, get_workspace(self._workspace, "dx", x.shape, common_dtype(dy, weight))
        )

    def backward_parameters(self, dy: Array) -> None:
        """Fill both gradients without computing dx."""
        y = self._y
        if y is None or dy.shape != y.shape:
            raise self._refusal(dy, y)
        x = self._x
        matmul_into(dy.T, x, self.weight.grad)
        if self.bias is not None:
            matmul_into(self._ones(len(x), dy.dtype), dy, self.bias.grad)

    def _ones(self, m: int, dtype: np.dtype[Any]) -> Array:
        """Return m ones: a product with them is a sum at the speed of BLAS."""
        ones = self._workspace.get("ones")
        if ones is None or len(ones) < m or ones.dtype != dtype:
            ones = self._workspace["ones"] = np.ones(m, dtype)
        return ones[:m]

    def output_shape(self, shape: Shape | None) -> Shape | None:
        """Return (out_features,)."""
        if shape is not None and shape != (self.in_features,):
            flat = (
                " (put Flatten() before it)"
                if len(shape) > 1 and np.prod(shape) == self.in_features
                else ""
            )
            raise ShapeError(
                f"expects {self.in_features} features, got {shape[0] if len(shape) == 1 else shape}{flat}"
            )
        return (self.out_features,)

    def settings(self) -> dict[str, Any]:
        """Return what makes such a layer again."""
        return {
            "in_features": self.in_features,
            "out_features": self.out_features,
            "bias": self.bias is not None,
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_features}, {self.out_features}{'' if self.bias else ', bias=False'})"
