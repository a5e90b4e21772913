"""The fully connected layer."""

import math
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..initializers import He, Zeros
from ..parameters import InitFunction, Parameter
from ..utils.foreign_words import explain_arguments
from ..utils.linalg import common_dtype, matmul_into
from ..utils.sparse_rows import SparseRows
from ..utils.typing import Array
from ..utils.validation import check_number, integer_at_least
from ..utils.workspace import get_workspace
from .base import Layer, Shape, UnknownRank, as_float_array
from .graph import GraphBuilder


@explain_arguments("__init__")
class Linear(Layer):
    """Fully connected layer: y = x @ weight.T + bias.

    x has shape (m, in_features) and y (m, out_features). dx = dy @ weight; the parameters'
    gradients are d weight = dy.T @ x and d bias = the sum of dy over the examples. In sequences and
    images (m, ..., in_features) the layer acts on the last axis, at each position alike: y has
    shape (m, ..., out_features), and the gradients are sums over all positions. As the first layer
    of a model it also takes the rows of a sparse matrix, of which only the elements are multiplied.

    Parameters
    ----------
    in_features : int
        The number of inputs per example, >= 1.
    out_features : int
        The number of outputs per example, >= 1.
    init : Initializer or callable, default He()
        Draws the initial weights. The initial biases are 0.
    bias : bool, default True
        Whether a bias is added.

    Attributes
    ----------
    weight : Parameter of shape (out_features, in_features)
        The weights.
    bias : Parameter of shape (out_features,), or None
        The biases, None with ``bias=False``.

    Raises
    ------
    ArgumentError
        If a width is not an integer >= 1.
    ShapeError
        From `forward` and `backward`, if an array has the wrong shape.

    See Also
    --------
    Flatten : Makes images rows for this layer.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Linear
    >>> layer = Linear(2, 1)
    >>> layer.weight.value = [[3.0, -1.0]]
    >>> layer.bias.value = [0.5]
    >>> layer.forward(np.array([[1.0, 2.0], [0.0, 1.0]]))
    array([[ 1.5],
           [-0.5]])
    >>> layer.backward(np.array([[1.0], [1.0]]))
    array([[ 3., -1.],
           [ 3., -1.]])
    >>> layer.weight.grad
    array([[1., 3.]], dtype=float32)
    """

    inference_arrays = 1
    takes_sparse = True
    _x: Array | SparseRows
    _y: Array | None = None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        init: InitFunction | None = None,
        bias: bool = True,
    ) -> None:
        self.in_features = check_number(in_features, "in_features", integer_at_least(1), self)
        self.out_features = check_number(out_features, "out_features", integer_at_least(1), self)
        fan_in = self.in_features
        self.weight = Parameter(
            self._weight_shape(), init=init or He(), fan_in=fan_in, fan_out=self.out_features
        )
        self.bias = Parameter((self.out_features,), init=Zeros(), fan_in=fan_in) if bias else None

    def _weight_shape(self) -> tuple[int, int]:
        return self.out_features, self.in_features

    @property
    def matrix(self) -> Array:
        """The weights as a matrix of shape (out_features, in_features): a view."""
        return self.weight.value

    @property
    def _matrix_grad(self) -> Array:
        return self.weight.grad

    def forward(self, x: Array | SparseRows, *, training: bool = False) -> Array:
        x = x if isinstance(x, SparseRows) else as_float_array(x)
        if x.ndim != 2:
            return self._forward_positions(x)
        if x.shape[1] != self.in_features:
            raise self._input_error(x)
        weight = self.matrix
        y_shape = (len(x), self.out_features)
        y = get_workspace(self.workspace, "y", y_shape, common_dtype(x, weight))
        self._x = x
        matmul_into(x, weight.T, y)
        if self.bias is not None:
            np.add(y, self.bias.value, out=y)
        self._y = y
        return y

    def _forward_positions(self, x: Any) -> Array:
        if x.ndim < 2 or x.shape[-1] != self.in_features:
            raise self._input_error(x)
        rows = Linear.forward(self, x.reshape(-1, self.in_features))
        self._y = rows.reshape(*x.shape[:-1], self.out_features)
        return self._y

    def _input_error(self, x: Array | SparseRows) -> ShapeError:
        return ShapeError(
            f"{self} expects x of shape (m, {self.in_features}), one row per example, "
            f"or (m, ..., {self.in_features}), got {x.shape}"
        )

    def backward(self, dy: Array) -> Array:
        Linear.backward_parameters(self, dy)  # not that of a derived class, which may call this
        weight = self.matrix
        dx = get_workspace(self.workspace, "dx", self._x.shape, common_dtype(dy, weight))
        if dy.ndim == 2:
            return matmul_into(dy, weight, dx)
        matmul_into(dy.reshape(-1, self.out_features), weight, dx)
        return dx.reshape(*dy.shape[:-1], self.in_features)

    def backward_parameters(self, dy: Array) -> None:
        y = self._y
        if y is None or dy.shape != y.shape:
            raise self._shape_error(dy, y)
        if dy.ndim > 2:
            dy = dy.reshape(-1, self.out_features)
        matmul_into(dy.T, self._x, self._matrix_grad)
        if self.bias is not None:
            matmul_into(self._ones(len(dy), dy.dtype), dy, self.bias.grad)

    def _ones(self, m: int, dtype: np.dtype[Any]) -> Array:
        """Return m ones: a product with them is a sum at the speed of BLAS."""
        ones = self.workspace.get("ones")
        if ones is None or len(ones) < m or ones.dtype != dtype:
            ones = self.workspace["ones"] = np.ones(m, dtype)
        return ones[:m]

    def output_shape(self, shape: Shape | None) -> Shape | None:
        if shape is None:
            return UnknownRank((self.out_features,))
        if not shape or shape[-1] != self.in_features:
            actual = shape[0] if len(shape) == 1 else shape
            would_fit = len(shape) > 1 and np.prod(shape) == self.in_features
            cure = " (put Flatten() before it)" if would_fit else ""
            raise ShapeError(f"expects {self.in_features} features, got {actual}{cure}")
        if type(shape) is tuple:
            return (*shape[:-1], self.out_features)
        return UnknownRank((self.out_features,))

    def multiply_adds(self, shape: Shape) -> int:
        return math.prod(shape) * self.out_features

    def formula(self) -> tuple[str, str]:
        if self.bias is None:
            return "y = x @ weight.T", "d weight = dy.T @ x, dx = dy @ weight"
        return (
            "y = x @ weight.T + bias",
            "d weight = dy.T @ x, d bias = sum of dy over the examples, dx = dy @ weight",
        )

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        names = ["weight"] if self.bias is None else ["weight", "bias"]
        if graph.rank(x) == 2:
            graph.node("Gemm", [x, *map(graph.parameter, names)], [y], transB=1)
            return
        # Gemm takes matrices only.
        transposed, product = f"{y}.transposed", y if self.bias is None else f"{y}.product"
        graph.node("Transpose", [graph.parameter("weight")], [transposed], perm=[1, 0])
        graph.node("MatMul", [x, transposed], [product])
        if self.bias is not None:
            graph.node("Add", [product, graph.parameter("bias")], [y])

    def settings(self) -> dict[str, Any]:
        """Return the constructor arguments as JSON-compatible values.

        Returns
        -------
        dict of str to object
            `in_features`, `out_features` and `bias`. The initializer is left out: a saved model
            has its weights.
        """
        return {
            "in_features": self.in_features,
            "out_features": self.out_features,
            "bias": self.bias is not None,
        }

    def __repr__(self) -> str:
        bias = "" if self.bias else ", bias=False"
        return f"{type(self).__name__}({self.in_features}, {self.out_features}{bias})"
