"""Sinusoidal positional encoding."""

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from ..utils.validation import check_number, integer_at_least
from ..utils.workspace import get_workspace
from .base import Layer, Shape, as_float_array
from .graph import GraphBuilder
from .kept_shape import sequences_only

LONGEST_PERIOD = 10_000
"""The period of the slowest features, divided by 2 pi (Vaswani et al.)."""


@explain_arguments("__init__")
class PositionalEncoding(Layer):
    """Add to each position of a sequence what tells it from the others.

    x has shape (m, t, features), and y = x + p with p[i, 2 j] = sin(i / 10000^(2 j / features)) and
    p[i, 2 j + 1] = cos(i / 10000^(2 j / features)) for position i [1]_. dx = dy.

    Parameters
    ----------
    features : int
        The length of the last axis of x, >= 1.

    Raises
    ------
    ArgumentError
        If `features` is not an integer >= 1.
    ShapeError
        From `forward` and `backward`, if an array has the wrong shape.

    See Also
    --------
    SelfAttention : Gives the same for positions in any order without it.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention is all you need", 2017, https://arxiv.org/abs/1706.03762,
       section 3.5.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import PositionalEncoding
    >>> PositionalEncoding(2).forward(np.zeros((1, 3, 2))).round(3)
    array([[[ 0.   ,  1.   ],
            [ 0.841,  0.54 ],
            [ 0.909, -0.416]]])
    """

    inference_arrays = 1
    _y: Array | None = None

    def __init__(self, features: int) -> None:
        self.features = check_number(features, "features", integer_at_least(1), self)

    def forward(self, x: Array, *, training: bool = False) -> Array:
        x = as_float_array(x)
        if x.ndim != 3 or x.shape[-1] != self.features:
            raise ShapeError(f"{self} expects x of shape (m, t, {self.features}), got {x.shape}")
        self._y = get_workspace(self.workspace, "y", x.shape, x.dtype)
        return np.add(x, self._encoding(x.shape[1], x.real.dtype), out=self._y)

    def _encoding(self, t: int, dtype: np.dtype[Any]) -> Array:
        """Return p, computed once for the longest sequence so far."""
        encoding = self.workspace.get("encoding")
        if encoding is None or len(encoding) < t or encoding.dtype != dtype:
            encoding = self.workspace["encoding"] = encode_positions(t, self.features).astype(dtype)
        return encoding[:t]

    def backward(self, dy: Array) -> Array:
        if self._y is None or dy.shape != self._y.shape:
            raise self._shape_error(dy, self._y)
        return dy

    def output_shape(self, shape: Shape | None) -> Shape | None:
        return sequences_only(shape, self.features)

    def formula(self) -> tuple[str, str]:
        return "y = x + p, sines and cosines of the position", "dx = dy"

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        write_encoding(graph, x, y, self.features)

    def settings(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON-compatible values.

        Returns
        -------
        dict of str to object
            `features`.
        """
        return {"features": self.features}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.features})"


def encode_positions(t: int, features: int) -> Array:
    """Return p of shape (t, features) in float64."""
    positions = np.arange(t)[:, np.newaxis]
    angles = positions * _frequencies(features)
    is_odd = np.arange(features) % 2 == 1
    encoding: Array = np.where(is_odd, np.cos(angles), np.sin(angles))
    return encoding


def _frequencies(features: int) -> Array:
    pairs = np.arange(features) // 2
    frequencies: Array = LONGEST_PERIOD ** (-2 * pairs / features)
    return frequencies


def write_encoding(graph: GraphBuilder, x: str, y: str, features: int) -> None:
    """Append the nodes of `PositionalEncoding` to an ONNX graph: sin(angle + pi / 2) is cos(angle).

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    x, y : str
        The names of the input (m, t, features) and of the output.
    features : int
        The length of the last axis.
    """

    def name(part: str) -> str:
        return f"{y}.{part}"

    def integer(part: str, *value: int) -> str:
        return graph.constant(name(part), np.array(value[0] if len(value) == 1 else value, "i8"))

    is_odd = np.arange(features) % 2 == 1
    frequencies = graph.constant(name("frequencies"), _frequencies(features))
    phases = graph.constant(name("phases"), np.where(is_odd, np.pi / 2, 0.0))
    graph.node("Shape", [x], [name("shape")])
    graph.node("Gather", [name("shape"), integer("axis", 1)], [name("t")], axis=0)
    graph.node("Range", [integer("start", 0), name("t"), integer("step", 1)], [name("numbers")])
    graph.node("Reshape", [name("numbers"), integer("column", -1, 1)], [name("integers")])
    # In float64 (11), or angles of late positions would lose their digits.
    graph.node("Cast", [name("integers")], [name("positions")], to=11)
    graph.node("Mul", [name("positions"), frequencies], [name("angles")])
    graph.node("Add", [name("angles"), phases], [name("shifted")])
    graph.node("Sin", [name("shifted")], [name("waves")])
    to = 1 if graph.dtype == np.float32 else 11
    graph.node("Cast", [name("waves")], [name("encoding")], to=to)
    graph.node("Add", [x, name("encoding")], [y])
