"""Sinusoidal positional encoding."""

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from ..utils.validation import check_flag, check_number, integer_at_least
from ..utils.workspace import get_workspace
from .base import Layer, Shape, as_float_array
from .graph import GraphBuilder, Nodes
from .kept_shape import sequences_only
from .padding import find_padding_of, without_padding
from .sequences_onnx import write_masked, write_padding, write_positions

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
    skip_padding : bool, default False
        Whether sequences may end early: positions whose features are all exactly 0, up to the end
        of the sequence, are padding, and y and dx there are 0, so that the next layer finds them as
        padding, too.

    Raises
    ------
    ArgumentError
        If `features` is not an integer >= 1, or `skip_padding` no bool.
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
    _padding: Array | None = None  # (m, t, 1): whether a position is padding; None: not asked

    def __init__(self, features: int, *, skip_padding: bool = False) -> None:
        self.features = check_number(features, "features", integer_at_least(1), self)
        self.skip_padding = check_flag(skip_padding, "skip_padding", self)

    def forward(self, x: Array, *, training: bool = False) -> Array:
        x = as_float_array(x)
        if x.ndim != 3 or x.shape[-1] != self.features:
            raise ShapeError(f"{self} expects x of shape (m, t, {self.features}), got {x.shape}")
        self._padding = find_padding_of(x, self.workspace) if self.skip_padding else None
        y = self._y = get_workspace(self.workspace, "y", x.shape, x.dtype)
        np.add(x, self._encoding(x.shape[1], x.real.dtype), out=y)
        if self._padding is not None:
            np.copyto(y, 0, where=self._padding)
        return y

    def _encoding(self, t: int, dtype: np.dtype[Any]) -> Array:
        """Return p, computed once for the longest sequence so far."""
        encoding = self.workspace.get("encoding")
        if encoding is None or len(encoding) < t or encoding.dtype != dtype:
            encoding = self.workspace["encoding"] = encode_positions(t, self.features).astype(dtype)
        return encoding[:t]

    def backward(self, dy: Array) -> Array:
        if self._y is None or dy.shape != self._y.shape:
            raise self._shape_error(dy, self._y)
        return without_padding(dy, self._padding, self.workspace)

    def output_shape(self, shape: Shape | None) -> Shape | None:
        return sequences_only(shape, self.features)

    def formula(self) -> tuple[str, str]:
        zero = ", 0 at padding" if self.skip_padding else ""
        return f"y = x + p, sines and cosines of the position{zero}", f"dx = dy{zero}"

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        write_encoding(graph, x, y, self.features, skip_padding=self.skip_padding)

    def settings(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON-compatible values.

        Returns
        -------
        dict of str to object
            `features` and `skip_padding`.
        """
        return {"features": self.features, "skip_padding": self.skip_padding}

    def __repr__(self) -> str:
        padding = ", skip_padding=True" if self.skip_padding else ""
        return f"{type(self).__name__}({self.features}{padding})"


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


def write_encoding(
    graph: GraphBuilder, x: str, y: str, features: int, *, skip_padding: bool = False
) -> None:
    """Append the nodes of `PositionalEncoding` to an ONNX graph: sin(angle + pi / 2) is cos(angle).

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    x, y : str
        The names of the input (m, t, features) and of the output.
    features : int
        The length of the last axis.
    skip_padding : bool, default False
        Whether padding stays 0.
    """
    nodes = Nodes(graph, y)
    is_odd = np.arange(features) % 2 == 1
    frequencies = graph.constant(f"{y}.frequencies", _frequencies(features))
    phases = graph.constant(f"{y}.phases", np.where(is_odd, np.pi / 2, 0.0))
    positions = write_positions(nodes, x)
    column = nodes.add("Reshape", [positions, nodes.integers("column", [-1, 1])], "integers")
    # In float64 (11), or angles of late positions would lose their digits.
    floats = nodes.add("Cast", [column], "floats", to=11)
    angles = nodes.add("Mul", [floats, frequencies], "angles")
    waves = nodes.add("Sin", [nodes.add("Add", [angles, phases], "shifted")], "waves")
    to = 1 if graph.dtype == np.float32 else 11
    encoding = nodes.add("Cast", [waves], "encoding", to=to)
    if not skip_padding:
        graph.node("Add", [x, encoding], [y])
        return
    padding = write_padding(nodes, x, positions)
    write_masked(nodes, padding, nodes.add("Add", [x, encoding], "encoded"))
