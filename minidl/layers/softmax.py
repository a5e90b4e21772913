"""Softmax."""

import numpy as np

from ..utils.typing import Array
from .activation import Activation
from .graph import GraphBuilder


class Softmax(Activation):
    """Softmax over the last axis: y = exp(x) / sum(exp(x)).

    x may have any shape with at least one axis; the elements of y along the last axis sum to 1.
    The largest element is subtracted first, so that nothing overflows. dx = y * (dy - sum(dy * y)).
    Where it is the last layer under a `CategoricalCrossEntropy`, a model computes both together
    from x.

    See Also
    --------
    Sigmoid : Independent probabilities, one per output.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Softmax
    >>> layer = Softmax()
    >>> layer.forward(np.log([[1.0, 3.0]]))
    array([[0.25, 0.75]])
    >>> layer.backward(np.array([[1.0, 0.0]]))
    array([[ 0.1875, -0.1875]])
    """

    inference_arrays = 1
    option_name = None  # for the last layer, not for the hidden ones

    def activate(self, x: Array, out: Array) -> None:
        np.subtract(x, np.maximum.reduce(x, axis=-1, keepdims=True), out=out)
        np.exp(out, out=out)
        np.divide(out, np.add.reduce(out, axis=-1, keepdims=True), out=out)

    def activation_gradient(self, y: Array, dy: Array, out: Array) -> None:
        np.multiply(dy, y, out=out)
        np.subtract(dy, np.add.reduce(out, axis=-1, keepdims=True), out=out)
        np.multiply(out, y, out=out)

    def formula(self) -> tuple[str, str]:
        return (
            "y = exp(x) / sum of exp(x) over the row",
            "dx = y * (dy - sum of dy * y over the row)",
        )

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        graph.node("Softmax", [x], [y], axis=-1)
