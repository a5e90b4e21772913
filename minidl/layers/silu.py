"""Sigmoid linear unit."""

import numpy as np

from ..initializers import He
from ..utils.sigmoid import sigmoid_into
from ..utils.typing import Array
from ..utils.workspace import get_workspace, scalar_array
from .activation import Activation
from .graph import GraphBuilder


class SiLU(Activation):
    """Sigmoid linear unit: y = x s, s = 1 / (1 + exp(-x)).

    Applied to each element, for x of any shape. dx = dy (s + y (1 - s)) [1]_. It is also called
    Swish [2]_.

    See Also
    --------
    GELU : With the distribution function of N(0, 1) in place of the sigmoid.

    References
    ----------
    .. [1] S. Elfwing, E. Uchibe, K. Doya, "Sigmoid-weighted linear units for neural network
       function approximation in reinforcement learning", 2017, https://arxiv.org/abs/1702.03118,
       section 2.
    .. [2] P. Ramachandran, B. Zoph, Q. V. Le, "Searching for activation functions", 2017,
       https://arxiv.org/abs/1710.05941.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import SiLU
    >>> layer = SiLU()
    >>> layer.forward(np.array([[-1.0, 2.0]])).round(3)
    array([[-0.269,  1.762]])
    >>> layer.backward(np.array([[5.0, 5.0]])).round(3)
    array([[0.362, 5.454]])
    """

    inference_arrays = 2
    option_name = "silu"
    default_init = He

    _sigmoid: Array

    def activate(self, x: Array, out: Array) -> None:
        sigmoid = self._sigmoid = get_workspace(self.workspace, "sigmoid", x.shape, x.dtype)
        sigmoid_into(x, sigmoid, out)
        np.multiply(x, sigmoid, out=out)

    def activation_gradient(self, y: Array, dy: Array, out: Array) -> None:
        np.subtract(scalar_array(1, out.dtype), self._sigmoid, out=out)
        np.multiply(out, y, out=out)
        np.add(out, self._sigmoid, out=out)
        np.multiply(out, dy, out=out)

    def formula(self) -> tuple[str, str]:
        return "y = x s, s = 1 / (1 + exp(-x))", "dx = dy * (s + y (1 - s))"

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        graph.node("Sigmoid", [x], [f"{y}.sigmoid"])
        graph.node("Mul", [x, f"{y}.sigmoid"], [y])
