"""Examples in another shape."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from ..utils.validation import is_integer
from .base import Layer, Shape, UnknownRank, as_float_array
from .graph import GraphBuilder


@explain_arguments("__init__")
class Reshape(Layer):
    """Give each example another shape: ``(m, ...) -> (m, *shape)``.

    The elements are in C order: the last axis varies fastest. dx is dy in the shape of x.

    Parameters
    ----------
    shape : sequence of int
        The shape of one example, such as (64, 64, 3). One of the numbers may be -1: then it is what
        the number of elements requires.

    Raises
    ------
    ArgumentError
        If `shape` has anything but integers >= 1 and at most one -1.
    ShapeError
        From `forward` and `backward`, if the number of elements does not fit.

    See Also
    --------
    Flatten : To rows.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Reshape
    >>> layer = Reshape((64, -1, 3))
    >>> layer.forward(np.zeros((6, 12288))).shape
    (6, 64, 64, 3)
    >>> layer.backward(np.zeros((6, 64, 64, 3))).shape
    (6, 12288)
    """

    inference_arrays = 0  # a view
    _input_shape: Shape | None = None

    def __init__(self, shape: Sequence[int]) -> None:
        numbers = tuple(shape) if isinstance(shape, tuple | list) else ()
        given = [number for number in numbers if not (is_integer(number, -1) and number == -1)]
        if len(numbers) - len(given) > 1 or not numbers or not all(map(is_integer, given)):
            raise ArgumentError(
                "shape must be integers >= 1, of which one may be -1, such as (64, 64, 3), "
                f"got {shape!r} in Reshape"
            )
        self.shape = tuple(int(number) for number in numbers)

    def forward(self, x: Array, *, training: bool = False) -> Array:
        x = as_float_array(x)
        try:
            shape = self._shape_of_example(x.shape[1:])
        except ShapeError as error:
            raise ShapeError(f"{self} {error}") from None
        self._input_shape = x.shape
        return x.reshape(len(x), *shape)

    def backward(self, dy: Array) -> Array:
        if self._input_shape is None:
            raise self._shape_error(dy, None)
        return dy.reshape(self._input_shape)

    def output_shape(self, shape: Shape | None) -> Shape | None:
        if shape is None or isinstance(shape, UnknownRank):
            return None if -1 in self.shape else self.shape
        return self._shape_of_example(shape)

    def _shape_of_example(self, shape: Shape) -> Shape:
        size, given = math.prod(shape), math.prod(n for n in self.shape if n != -1)
        if size % given if -1 in self.shape else size != given:
            multiple = "a multiple of " if -1 in self.shape else ""
            raise ShapeError(f"expects {multiple}{given} elements, got {size} in {shape}")
        return tuple(size // given if n == -1 else n for n in self.shape)

    def formula(self) -> tuple[str, str]:
        return f"y = x, each example of shape {self.shape}", "dx = dy, in the shape of x"

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        shape = [0, *self.shape]  # 0 keeps the number of examples
        name = graph.constant(f"{y}.shape", np.array(shape, np.int64))
        graph.node("Reshape", [x, name], [y])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.shape})"
