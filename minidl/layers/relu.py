"""Rectified linear unit."""

import numpy as np

from ..initializers import He
from ..utils.typing import Array
from ..utils.workspace import scalar_array
from .activation import Activation
from .graph import GraphBuilder


class ReLU(Activation):
    """Rectified linear unit: y = max(x, 0).

    Applied to each element, for x of any shape. dx = dy where x > 0, else 0; at x = 0 the
    derivative is taken as 0.

    See Also
    --------
    LeakyReLU : With a small slope for negative inputs.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import ReLU
    >>> layer = ReLU()
    >>> layer.forward(np.array([[-1.0, 2.0]]))
    array([[0., 2.]])
    >>> layer.backward(np.array([[5.0, 5.0]]))
    array([[0., 5.]])
    """

    inference_arrays = 1
    option_name = "relu"
    default_init = He

    def activate(self, x: Array, out: Array) -> None:
        np.maximum(x, scalar_array(0, x.dtype), out=out)

    def activation_gradient(self, y: Array, dy: Array, out: Array) -> None:
        self._write_positive_mask(y, out)
        np.multiply(out, dy, out=out)

    def formula(self) -> tuple[str, str]:
        return "y = max(x, 0)", "dx = dy where x > 0, else 0"

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        graph.node("Relu", [x], [y])
