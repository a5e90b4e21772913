"""Layer normalization."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..initializers import Ones, Zeros
from ..parameters import Parameter
from ..utils.compiling import AUTO_COMPILE_MIN_SIZE, check_fast, should_compile
from ..utils.foreign_words import explain_arguments
from ..utils.linalg import common_dtype
from ..utils.typing import Array
from ..utils.underflow import ignore_underflow
from ..utils.validation import check_flag, check_number, greater_than, integer_at_least
from ..utils.workspace import get_workspace
from .base import Layer, Shape, as_float_array
from .compiled_layer_norm import compiled_layer_norm
from .graph import GraphBuilder, Nodes
from .kept_shape import features_last, sequences_only
from .padding import find_padding_of, without_padding
from .sequences_onnx import write_masked, write_padding, write_positions

BLOCK = 2**17
"""About how many elements are taken at once: what one step writes, the next finds in cache."""


@ignore_underflow("forward", "backward")
@explain_arguments("__init__")
class LayerNorm(Layer):
    """Layer normalization: y = weight * (x - mean) / sqrt(var + epsilon) + bias.

    x has shape (m, ..., features), and so has y. mean and var are those of the features, at each
    position of each example by itself, while training and at inference [1]_.

    With z = (x - mean) / sqrt(var + epsilon) the gradients are d weight = sum of dy * z and
    d bias = sum of dy, over all examples and positions; and with g = dy * weight,
    dx = (g - mean of g - z * mean of g * z) / sqrt(var + epsilon), with means over the features.

    Parameters
    ----------
    features : int
        The length of the last axis, >= 1.
    epsilon : float, default 1e-5
        Is added to the variance, > 0.
    skip_padding : bool, default False
        Whether x holds sequences (m, t, features) that may end early: positions whose features are
        all exactly 0, up to the end of the sequence, are padding, and y and dx there are 0 instead
        of `bias`, so that the next layer finds them as padding, too.
    fast : bool, optional
        Whether loops compiled by numba compute arrays of float32 (extra ``fast``);
        the results agree to rounding. By default they do while training, if numba is installed and
        there are at least 50,000 elements. It is not saved.

    Attributes
    ----------
    weight : Parameter of shape (features,)
        The scale of each feature, at first 1.
    bias : Parameter of shape (features,)
        The shift of each feature, at first 0.

    Raises
    ------
    ArgumentError
        If `features` is not an integer >= 1, `epsilon` not > 0, or `skip_padding` no bool.
    ShapeError
        From `forward` and `backward`, if an array has the wrong shape.
    MissingDependencyError
        From `forward`, if `fast` is True and numba is not installed.

    See Also
    --------
    BatchNorm : Normalizes each feature over the examples.

    References
    ----------
    .. [1] J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization", 2016,
       https://arxiv.org/abs/1607.06450, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import LayerNorm
    >>> layer = LayerNorm(2)
    >>> layer.forward(np.array([[1.0, 3.0], [10.0, 30.0]])).round(3)
    array([[-1.,  1.],
           [-1.,  1.]])
    >>> layer.backward(np.array([[1.0, 0.0], [1.0, 1.0]])).round(6)
    array([[ 5.e-06, -5.e-06],
           [ 0.e+00,  0.e+00]])
    """

    rounds_inside = True
    inference_arrays = 2
    _normalized: Array | None = None
    _inverse_deviation: Array
    _padding: Array | None = None  # (m, t, 1): whether a position is padding; None: not asked
    _is_compiled = False

    def __init__(
        self,
        features: int,
        *,
        epsilon: float = 1e-5,
        skip_padding: bool = False,
        fast: bool | None = None,
    ) -> None:
        self.fast = check_fast(fast, self, None, True, False)
        self.features = check_number(features, "features", integer_at_least(1), self)
        self.epsilon = check_number(epsilon, "epsilon", greater_than(0), self)
        self.skip_padding = check_flag(skip_padding, "skip_padding", self)
        self.weight = Parameter((self.features,), init=Ones())
        self.bias = Parameter((self.features,), init=Zeros())

    def forward(self, x: Array, *, training: bool = False) -> Array:
        x = as_float_array(x)
        has_axes = x.ndim == 3 if self.skip_padding else x.ndim >= 2
        if not has_axes or x.shape[-1] != self.features:
            axes = "t" if self.skip_padding else "..."
            raise ShapeError(
                f"{self} expects x of shape (m, {axes}, {self.features}), got {x.shape}"
            )
        self._padding = find_padding_of(x, self.workspace) if self.skip_padding else None
        dtype = common_dtype(x, self.weight.value)
        z = self._normalized = get_workspace(self.workspace, "normalized", x.shape, dtype)
        y = get_workspace(self.workspace, "y", x.shape, dtype)
        inverses = get_workspace(self.workspace, "inverse deviation", (*x.shape[:-1], 1), dtype)
        self._inverse_deviation = inverses
        pays = training and x.size >= AUTO_COMPILE_MIN_SIZE
        is_float32 = x.dtype == dtype == np.float32
        self._is_compiled = is_float32 and should_compile(self.fast, pays=pays)
        if self._is_compiled:
            affine, outputs = (self.weight.value, self.bias.value), (z, inverses, y)
            compiled_layer_norm().forward(_rows(x), *affine, self.epsilon, *map(_rows, outputs))
        else:
            self._normalize(x, z, y)
        if self._padding is not None:
            np.copyto(y, 0, where=self._padding)
        return y

    def _normalize(self, x: Array, normalized: Array, y: Array) -> None:
        weight, bias = (self._repeated(name, x, y.dtype) for name in ("weight", "bias"))
        ones = np.ones((self.features, 1), y.dtype)
        arrays = (x, normalized, y, self._inverse_deviation)
        for x_rows, z, y_rows, inverse in self._blocks(*arrays):
            # A ufunc takes three times as long if it broadcasts: first, columns are copied to rows.
            # Where memory is not in the cache yet, plain copies meet it fastest.
            y_rows[...] = x_rows
            z[...] = y_rows @ ones / self.features
            np.subtract(y_rows, z, out=z)
            variance = np.matmul(z[:, np.newaxis], z[:, :, np.newaxis])[:, 0] / self.features
            y_rows[...] = inverse[...] = 1 / np.sqrt(variance + self.epsilon)
            np.multiply(z, y_rows, out=z)
            np.multiply(z, weight[: len(z)], out=y_rows)
            np.add(y_rows, bias[: len(z)], out=y_rows)

    def backward(self, dy: Array) -> Array:
        normalized = self._normalized
        if normalized is None or dy.shape != normalized.shape:
            raise self._shape_error(dy, normalized)
        dy = without_padding(dy, self._padding, self.workspace)
        dtype = common_dtype(dy, normalized)
        dx = get_workspace(self.workspace, "dx", dy.shape, dtype)
        if self._is_compiled and dy.dtype == np.float32:
            return self._run_compiled_backward(dy, normalized, dx)
        self.weight.grad[...] = 0
        self.bias.grad[...] = 0
        weight = self._repeated("weight", dy, dtype)
        column = self.weight.value[:, np.newaxis] / self.features
        arrays = (dy, normalized, self._inverse_deviation, dx)
        for dy_rows, z, inverse, dx_rows in self._blocks(*arrays):
            product = get_workspace(self.workspace, "product", z.shape, dtype)
            np.multiply(dy_rows, z, out=product)
            ones = np.ones(len(z), dtype)
            self.weight.grad += ones @ product
            self.bias.grad += ones @ dy_rows
            mean, slope = dy_rows @ column, product @ column  # the means of g, and of g * z
            dx_rows[...] = slope
            np.multiply(z, dx_rows, out=dx_rows)
            np.multiply(dy_rows, weight[: len(z)], out=product)
            np.subtract(product, dx_rows, out=dx_rows)
            product[...] = mean
            np.subtract(dx_rows, product, out=dx_rows)
            product[...] = inverse
            np.multiply(dx_rows, product, out=dx_rows)
        return dx

    def _run_compiled_backward(self, dy: Array, normalized: Array, dx: Array) -> Array:
        z, inverses = map(_rows, (normalized, self._inverse_deviation))
        gradients = (self.weight.grad, self.bias.grad, _rows(dx))
        compiled_layer_norm().backward(_rows(dy), self.weight.value, z, inverses, *gradients)
        return dx

    def _blocks(self, *arrays: Array) -> Iterator[list[Array]]:
        """Yield some rows at a time of arrays (m, ..., k), as views."""
        rows = list(map(_rows, arrays))
        length = self._block_length(arrays[0])
        for start in range(0, len(rows[0]), length):
            yield [each[start : start + length] for each in rows]

    def _block_length(self, array: Array) -> int:
        return max(1, min(BLOCK, array.size) // self.features)

    def _repeated(self, name: str, like: Array, dtype: np.dtype[Any]) -> Array:
        """Return a parameter as each row of a block."""
        shape = (self._block_length(like), self.features)
        rows = get_workspace(self.workspace, f"repeated {name}", shape, dtype)
        rows[...] = getattr(self, name).value
        return rows

    def output_shape(self, shape: Shape | None) -> Shape | None:
        fit = sequences_only if self.skip_padding else features_last
        return fit(shape, self.features)

    def multiply_adds(self, shape: Shape) -> int:
        return 0  # no products of matrices

    def formula(self) -> tuple[str, str]:
        zeros = (", y = 0 at padding", "dy = 0 at padding, ") if self.skip_padding else ("", "")
        return (
            f"z = (x - mean) / sqrt(var + epsilon) of each row, y = weight * z + bias{zeros[0]}",
            f"{zeros[1]}d weight = sum of dy * z, d bias = sum of dy, with g = dy * weight "
            "dx = (g - mean of g - z * mean of g * z) / sqrt(var + epsilon)",
        )

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        # ONNX's own node exists since opset 17 only; a product with a column of 1 / features is a
        # mean in all of them.
        names = ("mean", "centered", "square", "var", "shifted", "deviation", "z", "scaled")
        mean, centered, square, var, shifted, deviation, z, scaled = (f"{y}.{n}" for n in names)
        column = np.full((self.features, 1), 1 / self.features, graph.dtype)
        averaging = graph.constant(f"{y}.averaging", column)
        epsilon = graph.constant(f"{y}.epsilon", np.array(self.epsilon, graph.dtype))
        graph.node("MatMul", [x, averaging], [mean])
        graph.node("Sub", [x, mean], [centered])
        graph.node("Mul", [centered, centered], [square])
        graph.node("MatMul", [square, averaging], [var])
        graph.node("Add", [var, epsilon], [shifted])
        graph.node("Sqrt", [shifted], [deviation])
        graph.node("Div", [centered, deviation], [z])
        graph.node("Mul", [z, graph.parameter("weight")], [scaled])
        shifted_rows = f"{y}.rows" if self.skip_padding else y
        graph.node("Add", [scaled, graph.parameter("bias")], [shifted_rows])
        if self.skip_padding:
            nodes = Nodes(graph, y)
            write_masked(nodes, write_padding(nodes, x, write_positions(nodes, x)), shifted_rows)

    def settings(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON-compatible values.

        Returns
        -------
        dict of str to object
            `features`, `epsilon` and `skip_padding`.
        """
        return {
            "features": self.features,
            "epsilon": self.epsilon,
            "skip_padding": self.skip_padding,
        }

    def __repr__(self) -> str:
        epsilon = "" if self.epsilon == 1e-5 else f", epsilon={self.epsilon:g}"
        padding = ", skip_padding=True" if self.skip_padding else ""
        return f"{type(self).__name__}({self.features}{epsilon}{padding})"


def _rows(array: Array) -> Array:
    return array.reshape(-1, array.shape[-1])
