"""Hyperbolic tangent."""

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import scalar_array
from .activation import Activation
from .graph import GraphBuilder


class Tanh(Activation):
    """Hyperbolic tangent: y = tanh(x).

    Applied to each element, for x of any shape. dx = dy * (1 - y**2).

    See Also
    --------
    Sigmoid : The same curve, scaled to (0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Tanh
    >>> layer = Tanh()
    >>> layer.forward(np.array([[0.0, 1.0]])).round(3)
    array([[0.   , 0.762]])
    >>> layer.backward(np.array([[1.0, 1.0]])).round(3)
    array([[1.  , 0.42]])
    """

    inference_arrays = 1
    option_name = "tanh"

    def activate(self, x: Array, out: Array) -> None:
        np.tanh(x, out=out)

    def activation_gradient(self, y: Array, dy: Array, out: Array) -> None:
        np.multiply(y, y, out=out)
        np.subtract(scalar_array(1, out.dtype), out, out=out)
        np.multiply(out, dy, out=out)

    def formula(self) -> tuple[str, str]:
        return "y = tanh(x)", "dx = dy * (1 - y**2)"

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        graph.node("Tanh", [x], [y])
