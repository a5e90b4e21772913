"""The mean over whole pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..utils.typing import Array
from ..utils.underflow import ignore_underflow
from ..utils.workspace import get_workspace, scalar_array
from .base import Layer, Shape, UnknownRank, as_float_array
from .graph import GraphBuilder

_ONNX_TYPES = {"float32": 1, "float64": 11}  # TensorProto.FLOAT and .DOUBLE


@ignore_underflow("forward", "backward")
class GlobalAvgPool2D(Layer):
    """The mean over all pixels of each channel: (m, h, w, c) -> (m, c).

    dx = dy / (h * w) at each pixel. Pictures of any size become rows of c features, so that a model
    that ends in this layer and `Linear` takes any size [1]_.

    Raises
    ------
    ShapeError
        From `forward` and `backward`, if an array has the wrong shape.

    See Also
    --------
    Flatten : Makes pictures rows, too, one feature per pixel and channel.
    AvgPool2D : The mean over windows.

    References
    ----------
    .. [1] M. Lin, Q. Chen, S. Yan, "Network in network", 2014, https://arxiv.org/abs/1312.4400,
       section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import GlobalAvgPool2D
    >>> layer = GlobalAvgPool2D()
    >>> layer.forward(np.arange(8.0).reshape(1, 2, 2, 2))
    array([[3., 4.]])
    >>> layer.backward(np.array([[4.0, 8.0]]))[0, :, :, 1]
    array([[2., 2.],
           [2., 2.]])
    """

    inference_arrays = 1
    _input_shape: Shape
    _y: Array | None = None

    def forward(self, x: Array, *, training: bool = False) -> Array:
        x = as_float_array(x)
        if x.ndim != 4:
            raise ShapeError(f"{self} expects pictures of shape (m, h, w, c), got {x.shape}")
        m, h, w, c = self._input_shape = x.shape
        y = self._y = get_workspace(self.workspace, "y", (m, c), x.dtype)
        shares = self._shares(h * w, x.dtype)
        np.matmul(shares, x.reshape(m, h * w, c), out=y)  # a mean at the speed of BLAS
        return y

    def _shares(self, n_pixels: int, dtype: np.dtype[Any]) -> Array:
        shares = get_workspace(self.workspace, "shares", (n_pixels,), dtype)
        shares[...] = 1 / n_pixels
        return shares

    def backward(self, dy: Array) -> Array:
        y = self._y
        if y is None or dy.shape != y.shape:
            raise self._shape_error(dy, y)
        _, h, w, _ = self._input_shape
        dx = get_workspace(self.workspace, "dx", self._input_shape, dy.dtype)
        share = scalar_array(1 / (h * w), dy.dtype)
        np.multiply(dy[:, np.newaxis, np.newaxis], share, out=dx)
        return dx

    def output_shape(self, shape: Shape | None) -> Shape | None:
        if shape is None:
            return None
        if len(shape) != 3 and not isinstance(shape, UnknownRank):
            raise ShapeError(f"expects pictures (h, w, c), got {shape}")
        return (shape[-1],)

    def formula(self) -> tuple[str, str]:
        return "y = mean of x over the pixels", "dx = dy / (h * w) at each pixel"

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        # ReduceMean takes its axes in another form from opset 18 on; the sum has one form.
        names = ("shape", "first", "last", "axes", "size", "pixels", "count", "sum")
        shape, first, last, axes, size, pixels, count, total = (f"{y}.{name}" for name in names)
        for name, values in ((first, [1]), (last, [3]), (axes, [1, 2])):
            graph.constant(name, np.array(values, np.int64))
        graph.node("Shape", [x], [shape])
        graph.node("Slice", [shape, first, last], [size])
        graph.node("ReduceProd", [size], [pixels], keepdims=0)
        graph.node("Cast", [pixels], [count], to=_ONNX_TYPES[graph.dtype.name])
        graph.node("ReduceSum", [x, axes], [total], keepdims=0)
        graph.node("Div", [total, count], [y])
