"""Sigmoid."""

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import scalar_array
from .activation import Activation
from .graph import GraphBuilder

# The smallest x whose exp(-x) is finite, by `dtype.char`; in extended precision as in float64.
MIN_EXP_ARGUMENT = {"f": -88.0, **dict.fromkeys("dDgG", -709.0)}


class Sigmoid(Activation):
    """Logistic sigmoid: y = 1 / (1 + exp(-x)).

    Applied to each element, for x of any shape. dx = dy * y * (1 - y). Where it is the last layer
    under a `BinaryCrossEntropy`, a model computes both together from x, without overflow.

    See Also
    --------
    Softmax : Probabilities of several classes that exclude each other.
    Tanh : A sigmoid that is scaled to (-1, 1).

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Sigmoid
    >>> layer = Sigmoid()
    >>> layer.forward(np.array([[0.0, 2.0]])).round(3)
    array([[0.5  , 0.881]])
    >>> layer.backward(np.array([[1.0, 1.0]])).round(3)
    array([[0.25 , 0.105]])
    """

    inference_arrays = 1
    option_name = "sigmoid"
    estimator_name = "logistic"

    def activate(self, x: Array, out: Array) -> None:
        np.maximum(x, scalar_array(MIN_EXP_ARGUMENT[x.dtype.char], x.dtype), out=out)
        np.negative(out, out=out)
        np.exp(out, out=out)
        np.add(out, scalar_array(1, out.dtype), out=out)
        np.reciprocal(out, out=out)

    def activation_gradient(self, y: Array, dy: Array, out: Array) -> None:
        np.subtract(scalar_array(1, y.dtype), y, out=out)
        np.multiply(out, y, out=out)
        np.multiply(out, dy, out=out)

    def formula(self) -> tuple[str, str]:
        return "y = 1 / (1 + exp(-x))", "dx = dy * y * (1 - y)"

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        graph.node("Sigmoid", [x], [y])
