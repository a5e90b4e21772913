"""Larger pictures by repeated pixels."""

from __future__ import annotations

import numpy as np

from ..errors import ShapeError
from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from ..utils.underflow import ignore_underflow
from ..utils.workspace import get_workspace
from .base import Layer, Shape, UnknownRank, as_float_array
from .graph import GraphBuilder
from .windows import Pair, as_pair, axes_text


@explain_arguments("__init__")
@ignore_underflow("forward", "backward")
class Upsample2D(Layer):
    """Repeat each pixel: (m, h, w, c) -> (m, h * factor, w * factor, c).

    y[:, i, j] = x[:, i // factor, j // factor], the nearest pixel. dx is the sum of dy over the
    repetitions of a pixel.

    Parameters
    ----------
    factor : int or tuple of two int
        How many times rows and columns are repeated, >= 1.

    Raises
    ------
    ArgumentError
        If `factor` is invalid.
    ShapeError
        From `forward` and `backward`, if an array has the wrong shape.

    See Also
    --------
    MaxPool2D : Makes pictures smaller.

    References
    ----------
    A. Odena, V. Dumoulin, C. Olah, "Deconvolution and checkerboard artifacts", Distill, 2016,
    https://doi.org/10.23915/distill.00003, on repeated pixels before a convolution.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Upsample2D
    >>> layer = Upsample2D(2)
    >>> layer.forward(np.array([[1.0, 2.0]]).reshape(1, 1, 2, 1))[0, :, :, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]])
    >>> layer.backward(np.ones((1, 2, 4, 1)))[0, :, :, 0]
    array([[4., 4.]])
    """

    inference_arrays = 1
    _input_shape: Shape
    _y: Array | None = None

    def __init__(self, factor: int | Pair) -> None:
        self.factor = as_pair(factor, "factor", 1, self)

    def forward(self, x: Array, *, training: bool = False) -> Array:
        x = as_float_array(x)
        if x.ndim != 4:
            raise ShapeError(f"{self} expects pictures of shape (m, h, w, c), got {x.shape}")
        (m, h, w, c), (rows, columns) = x.shape, self.factor
        y = get_workspace(self.workspace, "y", (m, h * rows, w * columns, c), x.dtype)
        y.reshape(m, h, rows, w, columns, c)[...] = x[:, :, np.newaxis, :, np.newaxis]
        self._input_shape, self._y = x.shape, y
        return y

    def backward(self, dy: Array) -> Array:
        y = self._y
        if y is None or dy.shape != y.shape:
            raise self._shape_error(dy, y)
        rows, columns = self.factor
        dx = get_workspace(self.workspace, "dx", self._input_shape, dy.dtype)
        dx[...] = 0
        for i, j in np.ndindex(rows, columns):
            np.add(dx, dy[:, i::rows, j::columns], out=dx)
        return dx

    def output_shape(self, shape: Shape | None) -> Shape | None:
        if shape is None or isinstance(shape, UnknownRank):
            return shape
        if len(shape) != 3:
            raise ShapeError(f"expects pictures (h, w, c), got {shape}")
        return (shape[0] * self.factor[0], shape[1] * self.factor[1], shape[2])

    def formula(self) -> tuple[str, str]:
        return "y = x, each pixel repeated", "dx = sum of dy over the repetitions of a pixel"

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        # Resize has channels first, and no float64 in onnxruntime.
        (rows, columns), names = self.factor, ("shape", "size", "apart", "repeated")
        shape, size, apart, repeated = (f"{y}.{name}" for name in names)

        def integers(name: str, values: list[int]) -> str:
            return graph.constant(f"{y}.{name}", np.array(values, np.int64))

        graph.node("Unsqueeze", [x, integers("axes", [2, 4])], [apart])
        repeats = integers("repeats", [1, 1, rows, 1, columns, 1])
        graph.node("Tile", [apart, repeats], [repeated])
        graph.node("Shape", [x], [shape])
        graph.node("Mul", [shape, integers("factors", [1, rows, columns, 1])], [size])
        graph.node("Reshape", [repeated, size], [y])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({axes_text(self.factor)})"
