"""Batch normalization."""

from typing import Any

import numpy as np

from ..buffers import Buffer
from ..errors import ShapeError
from ..initializers import Ones, Zeros
from ..parameters import Parameter
from ..utils.foreign_words import explain_arguments
from ..utils.linalg import common_dtype
from ..utils.typing import Array
from ..utils.underflow import ignore_underflow
from ..utils.validation import check_number, greater_than, in_range, integer_at_least
from ..utils.workspace import get_workspace
from .base import Layer, Shape, as_float_array
from .batch_sums import whole_sums
from .feature_rows import FeatureRows
from .graph import GraphBuilder
from .kept_shape import features_last


@ignore_underflow("forward", "backward")
@explain_arguments("__init__")
class BatchNorm(Layer):
    """Batch normalization: y = weight * (x - mean) / sqrt(var + epsilon) + bias.

    x has shape (m, ..., features), and so has y. While training, mean and var are those of each
    feature over the mini-batch and all positions, n values in all, and the running ones follow:
    ``running = (1 - momentum) * running + momentum * batch`` [1]_. At inference the running mean
    and variance take their place. In a frozen layer (``layer.trainable = False``) they do so while
    training, too, and stay as they are, as in Keras; PyTorch still follows the batches.

    With z = (x - mean) / sqrt(var + epsilon) the gradients are, as sums over the n values,
    d weight = sum of dy * z, d bias = sum of dy, and while training
    dx = weight / sqrt(var + epsilon) * (dy - d bias / n - z * d weight / n): a mean and a variance
    held fixed would forget the last two terms. At inference they are constants, and
    dx = weight / sqrt(var + epsilon) * dy.

    Parameters
    ----------
    features : int
        The length of the last axis, >= 1.
    momentum : float, default 0.1
        The weight of the newest mini-batch in the running mean and variance, in [0, 1], as in
        PyTorch. Keras calls 1 - momentum so.
    epsilon : float, default 1e-5
        Is added to the variance, > 0.

    Attributes
    ----------
    weight : Parameter of shape (features,)
        The scale of each feature, at first 1.
    bias : Parameter of shape (features,)
        The shift of each feature, at first 0.
    running_mean : Buffer of shape (features,)
        At first 0.
    running_var : Buffer of shape (features,)
        At first 1. It follows the unbiased variance, with n - 1 in its denominator; var has n.

    Raises
    ------
    ArgumentError
        If `features` is not an integer >= 1, `momentum` is not in [0, 1], or `epsilon` not > 0.
    ShapeError
        From `forward` and `backward`, if an array has the wrong shape, or if there is one value of
        each feature alone while training: it is its own mean.

    See Also
    --------
    LayerNorm : Normalizes each example by itself.

    References
    ----------
    .. [1] S. Ioffe, C. Szegedy, "Batch normalization: accelerating deep network training by
       reducing internal covariate shift", 2015, https://arxiv.org/abs/1502.03167, algorithm 1 and
       section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import BatchNorm
    >>> layer = BatchNorm(2)
    >>> x = np.array([[1.0, 10.0], [3.0, 30.0]])
    >>> layer.forward(x, training=True).round(3)
    array([[-1., -1.],
           [ 1.,  1.]])
    >>> layer.running_mean.value
    array([0.2, 2. ], dtype=float32)
    >>> layer.backward(np.array([[1.0, 0.0], [0.0, 0.0]])).round(6)
    array([[ 5.e-06,  0.e+00],
           [-5.e-06,  0.e+00]])
    """

    couples_examples = True
    sums_whole_batches = True
    rounds_inside = True
    inference_arrays = 2
    torch_only = ("num_batches_tracked",)
    _centered: Array | None = None
    _inverse_deviation: Array
    _is_batch: bool

    def __init__(self, features: int, *, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        self.features = check_number(features, "features", integer_at_least(1), self)
        self.momentum = check_number(
            momentum, "momentum", in_range(0, 1), self, "it is the weight of the newest batch"
        )
        self.epsilon = check_number(epsilon, "epsilon", greater_than(0), self)
        shape = (self.features,)
        self.weight = Parameter(shape, init=Ones())
        self.bias = Parameter(shape, init=Zeros())
        self.running_mean = Buffer(shape, init=Zeros())
        self.running_var = Buffer(shape, init=Ones())

    def forward(self, x: Array, *, training: bool = False) -> Array:
        training = training and not self.is_frozen
        x = as_float_array(x)
        if x.ndim < 2 or x.shape[-1] != self.features:
            raise ShapeError(f"{self} expects x of shape (m, ..., {self.features}), got {x.shape}")
        rows = FeatureRows(x.shape, self.workspace)
        dtype = common_dtype(x, self.weight.value)
        centered = get_workspace(self.workspace, "centered", x.shape, dtype)
        y = get_workspace(self.workspace, "y", x.shape, dtype)
        mean, variance = self.running_mean.value, self.running_var.value
        n_rows = rows.n_rows
        if training:
            n_rows, mean = self._batch_mean(x, rows)
        np.subtract(rows.long(x), rows.repeated(mean), out=rows.long(centered))
        if training:
            np.multiply(centered, centered, out=y)
            variance = whole_sums(rows.n_rows, rows.sums(y))[1] / n_rows
            self._follow(mean, variance * (n_rows / (n_rows - 1)))
        self._centered, self._is_batch = centered, training
        self._inverse_deviation = 1 / np.sqrt(variance + self.epsilon)
        scale = rows.repeated(self.weight.value * self._inverse_deviation)
        np.multiply(rows.long(centered), scale, out=rows.long(y))
        np.add(rows.long(y), rows.repeated(self.bias.value), out=rows.long(y))
        return y

    def _batch_mean(self, x: Array, rows: FeatureRows) -> tuple[int, Array]:
        """Return the number of rows of the batch, and the mean of each feature over them."""
        n_rows, sums = whole_sums(rows.n_rows, rows.sums(x))
        if n_rows < 2:
            raise ShapeError(
                f"{self} needs two values of each feature or more while training, got x of shape "
                f"{x.shape}: choose a batch_size that leaves no single example"
            )
        return n_rows, sums / n_rows

    def _follow(self, mean: Array, unbiased_variance: Array) -> None:
        """Move the running mean and variance towards those of the mini-batch."""
        self.running_mean.value += self.momentum * (mean - self.running_mean.value)
        self.running_var.value += self.momentum * (unbiased_variance - self.running_var.value)

    def backward(self, dy: Array) -> Array:
        centered = self._centered
        if centered is None or dy.shape != centered.shape:
            raise self._shape_error(dy, centered)
        rows, inverse = FeatureRows(dy.shape, self.workspace), self._inverse_deviation
        dx = get_workspace(self.workspace, "dx", dy.shape, common_dtype(dy, centered))
        np.multiply(dy, centered, out=dx)
        self.weight.grad[...] = rows.sums(dx) * inverse
        self.bias.grad[...] = rows.sums(dy)
        scale = self.weight.value * inverse
        if not self._is_batch:
            np.multiply(rows.long(dy), rows.repeated(scale), out=rows.long(dx))
            return dx
        # dx = scale * (dy - z * mean of dy * z - mean of dy), with z = centered * inverse
        n_rows, d_weight, d_bias = whole_sums(rows.n_rows, self.weight.grad, self.bias.grad)
        slope = rows.repeated(inverse * d_weight / n_rows)
        np.multiply(rows.long(centered), slope, out=rows.long(dx))
        np.subtract(dy, dx, out=dx)
        np.subtract(rows.long(dx), rows.repeated(d_bias / n_rows), out=rows.long(dx))
        np.multiply(rows.long(dx), rows.repeated(scale), out=rows.long(dx))
        return dx

    def output_shape(self, shape: Shape | None) -> Shape | None:
        return features_last(shape, self.features)

    def multiply_adds(self, shape: Shape) -> int:
        return 0  # no products of matrices

    def formula(self) -> tuple[str, str]:
        return (
            "z = (x - mean) / sqrt(var + epsilon), y = weight * z + bias",
            "d weight = sum of dy * z, d bias = sum of dy, dx = weight / sqrt(var + epsilon) * dy "
            "(while training, * (dy - mean of dy - z * mean of dy * z))",
        )

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        # ONNX's own node wants the features in axis 1.
        names = ("centered", "shifted", "deviation", "z", "scaled")
        centered, shifted, deviation, z, scaled = (f"{y}.{name}" for name in names)
        epsilon = graph.constant(f"{y}.epsilon", np.array(self.epsilon, graph.dtype))
        graph.node("Sub", [x, graph.parameter("running_mean")], [centered])
        graph.node("Add", [graph.parameter("running_var"), epsilon], [shifted])
        graph.node("Sqrt", [shifted], [deviation])
        graph.node("Div", [centered, deviation], [z])
        graph.node("Mul", [z, graph.parameter("weight")], [scaled])
        graph.node("Add", [scaled, graph.parameter("bias")], [y])

    def settings(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON-compatible values.

        Returns
        -------
        dict of str to object
            `features`, `momentum` and `epsilon`.
        """
        return {
            "features": self.features,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
        }

    def __repr__(self) -> str:
        momentum = "" if self.momentum == 0.1 else f", momentum={self.momentum:g}"
        epsilon = "" if self.epsilon == 1e-5 else f", epsilon={self.epsilon:g}"
        return f"{type(self).__name__}({self.features}{momentum}{epsilon})"
