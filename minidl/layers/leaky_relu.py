"""Leaky rectified linear unit."""

import numpy as np

from ..initializers import He
from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from ..utils.validation import check_number, in_range
from ..utils.workspace import scalar_array
from .activation import Activation
from .graph import GraphBuilder

FLOAT32 = np.dtype(np.float32)


@explain_arguments("__init__")
class LeakyReLU(Activation):
    """Leaky rectified linear unit: y = max(x, slope * x).

    Applied to each element, for x of any shape. dx = dy where x > 0, else slope * dy; at x = 0 the
    derivative is taken as the slope.

    Parameters
    ----------
    slope : float, default 0.01
        The slope for negative inputs, in [0, 1).

    Raises
    ------
    ArgumentError
        If the slope is not a number in [0, 1).

    See Also
    --------
    ReLU : With 0 for negative inputs.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import LeakyReLU
    >>> layer = LeakyReLU(0.1)
    >>> layer.forward(np.array([[-1.0, 2.0]]))
    array([[-0.1,  2. ]])
    >>> layer.backward(np.array([[5.0, 5.0]]))
    array([[0.5, 5. ]])
    """

    inference_arrays = 1
    option_name = "leaky-relu"
    default_init = He

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = check_number(slope, "slope", in_range(0, 1, closed="left"), self)

    def activate(self, x: Array, out: Array) -> None:
        np.multiply(x, scalar_array(self.slope, x.dtype), out=out)
        np.maximum(x, out, out=out)

    def activation_gradient(self, y: Array, dy: Array, out: Array) -> None:
        self._write_positive_mask(y, out)
        np.maximum(out, scalar_array(self.slope, out.dtype), out=out)
        np.multiply(out, dy, out=out)

    def formula(self) -> tuple[str, str]:
        slope = f"{self.slope:g}"
        return f"y = x where x > 0, else {slope} x", f"dx = dy where x > 0, else {slope} dy"

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        if graph.dtype == FLOAT32:
            graph.node("LeakyRelu", [x], [y], alpha=self.slope)
            return
        # ONNX stores alpha in float32, which would not be exact here.
        slope = graph.constant(f"{y}.slope", np.array(self.slope, graph.dtype))
        scaled = f"{y}.scaled"
        graph.node("Mul", [x, slope], [scaled])
        graph.node("Max", [x, scaled], [y])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.slope})"
