"""Flatten."""

import math

from ..utils.typing import Array
from .base import Layer, Shape, UnknownRank, as_float_array
from .graph import GraphBuilder


class Flatten(Layer):
    """Make each example one row: (m, a, b, ...) -> (m, a * b * ...).

    The elements are in C order: the last axis varies fastest. The output is a view of the input
    where its memory allows it.

    See Also
    --------
    Linear : The layer that usually follows.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Flatten
    >>> layer = Flatten()
    >>> layer.forward(np.zeros((6, 64, 64, 3))).shape
    (6, 12288)
    >>> layer.backward(np.zeros((6, 12288))).shape
    (6, 64, 64, 3)
    """

    inference_arrays = 0  # a view
    _input_shape: Shape | None = None

    def forward(self, x: Array, *, training: bool = False) -> Array:
        x = as_float_array(x)
        self._input_shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy: Array) -> Array:
        if self._input_shape is None:
            raise self._shape_error(dy, None)
        return dy.reshape(self._input_shape)

    def output_shape(self, shape: Shape | None) -> Shape | None:
        if shape is None or isinstance(shape, UnknownRank):
            return None
        return (math.prod(shape),)

    def formula(self) -> tuple[str, str]:
        return "y = x, each example as one row", "dx = dy, in the shape of x"

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        graph.node("Flatten", [x], [y], axis=1)
